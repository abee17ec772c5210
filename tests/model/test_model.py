"""The publish engine's protocol, checked in every order in which it can happen."""

import pytest

from connector.domain.lifecycle import AttemptState, Effect, State
from tests.model.checking import explore
from tests.model.exploring import EVERYDAY, PAGE, row, steps, stuck, whole
from tests.model.product import Try
from tests.model.world import Owner, Rules, Task, World, in_order, wrong

ACCEPTED = Try(AttemptState.ACCEPTED, has_id=True)
TAKEN_OVER = World(
    post=State.SENDING,
    lease=1,
    tries=(ACCEPTED,),
    tasks=(Task("open"),),
    owners=(Owner("stopped", 0, ACCEPTED), Owner(Effect.UPLOAD.value, 0, ACCEPTED)),
    mishaps=0,
)
"""TikTok has refused a chunk to A, which froze before it could say so, and B has claimed its post."""


def twice(world: World) -> str | None:
    """Tell only of what was published twice."""
    found = wrong(world)
    return found if found == "published twice" else None


@pytest.mark.parametrize(("what", "rules", "mishaps"), EVERYDAY)
def test_a_post_is_published_once_at_most_and_never_stuck_in_whatever_order_things_happen(
    what: str, rules: Rules, mishaps: int
) -> None:
    space = whole(rules, mishaps)
    assert space.wrong is None, str(space.wrong)
    assert not (ends := [str(story) for story in stuck(space)]), ends[0]
    line = row(what, mishaps, space)
    print(line)  # noqa: T201 - a figure to be read with -s
    assert line in PAGE.read_text(), f"the model has changed: write {line} into docs/reliability.md"


@pytest.mark.parametrize(
    ("state", "mishaps"),
    [(State.PUBLISHED_PUBLIC, 0), (State.FAILED, 1), (State.UNCONFIRMED, 1)],
)
def test_the_model_reaches_every_end(state: State, mishaps: int) -> None:
    space = whole(Rules(pulls=False), mishaps)
    assert any(world.post is state for world in space.came_by)


@pytest.mark.parametrize(
    ("rules", "first"),
    [
        pytest.param(Rules(pulls=True, gate=False), World(mishaps=1), id="without-the-gate"),
        pytest.param(Rules(pulls=False, fence=False), TAKEN_OVER, id="without-the-fence"),
        pytest.param(Rules(pulls=True, compares=False), World(mishaps=1), id="without-the-compare-and-set"),
    ],
)
def test_each_guard_is_needed_without_it_a_post_is_published_twice(rules: Rules, first: World) -> None:
    found = explore(first, steps(rules, same=lambda to: to), twice).wrong
    assert found is not None
    print(found)  # noqa: T201 - the way there, to be read with -s
    assert sum("publishes task" in move for move in found.moves) == 2


def after(world: World, *names: str) -> World:
    """Return the state after these moves, one after the other."""
    for name in names:
        world = next(
            move.to for move in steps(Rules(pulls=False), same=lambda to: to)(world) if move.name == name
        )
    return world


def test_the_state_in_which_the_fence_is_tried_can_be_reached() -> None:
    uploading = World(post=State.SENDING, lease=0, tries=(ACCEPTED,), tasks=(Task("open"),), mishaps=0)
    uploading = uploading._replace(owners=(Owner(Effect.UPLOAD.value, 0, ACCEPTED), Owner()))
    assert in_order(uploading) in whole(Rules(pulls=False), 0).came_by
    refused, claimed = "TikTok refuses chunk 1 of task 1 to A", "B claims the post, since A is frozen: upload"
    assert after(uploading._replace(mishaps=2), refused, claimed) == TAKEN_OVER
