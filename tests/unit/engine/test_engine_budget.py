"""Budgets: in no minute does an account make more calls than TikTok takes, however they come."""

from collections.abc import Callable

import pytest

from connector.domain.lifecycle import State
from connector.domain.retry import backoff
from connector.engine.budget import BUDGETS, MINUTE_MS, reserve, take
from connector.engine.creator import ask_creator
from connector.engine.model import Account
from connector.kernel.errors import PostrailError
from tests.fakes.scripted import CREATOR, Scene, refusal, status

pytest_plugins = ("tests.engine_scene",)

SMALL = sorted(kind for kind in BUDGETS if kind != "display")


def account(scene: Scene) -> Account:
    """Return the account `a`."""
    found = scene.stage.access.account("a")
    assert found is not None
    return found


def most_in_a_minute(times: list[int]) -> int:
    """Return the largest number of calls in any sliding minute."""
    return max(sum(start <= time < start + MINUTE_MS for time in times) for start in times)


@pytest.mark.parametrize("kind", sorted(BUDGETS))
def test_a_budget_never_lets_more_through_than_tiktok_takes(kind: str) -> None:
    budget = BUDGETS[kind]
    assert budget.burst + MINUTE_MS // budget.gap_ms < budget.limit


@pytest.mark.parametrize("kind", SMALL)
def test_reserved_calls_keep_within_any_minute_and_use_it_well(scene: Scene, kind: str) -> None:
    now = scene.stage.clock.now()
    times = [now + reserve(scene.context, account(scene), kind) for _ in range(40)]
    assert most_in_a_minute(times) <= BUDGETS[kind].limit
    assert times[0] == now
    assert times == sorted(times)


@pytest.mark.parametrize("kind", SMALL)
def test_taken_calls_keep_within_any_minute(scene: Scene, kind: str) -> None:
    times, mine = [], account(scene)
    for step in range(400):
        if take(scene.context, mine, kind) == 0:
            times.append(scene.stage.clock.now())
        scene.stage.clock.advance(97 * (step % 11))
    assert most_in_a_minute(times) <= BUDGETS[kind].limit
    assert len(times) > BUDGETS[kind].burst


def test_a_call_that_is_not_left_is_not_taken_and_says_when_it_will_be(scene: Scene) -> None:
    mine = account(scene)
    while not (wait := take(scene.context, mine, "init_video")):
        pass
    assert take(scene.context, mine, "init_video") == wait
    scene.stage.clock.advance(wait - 1)
    assert take(scene.context, mine, "init_video") == 1
    scene.stage.clock.advance(1)
    assert take(scene.context, mine, "init_video") == 0


@pytest.mark.parametrize("ask", [reserve, take])
def test_each_account_and_each_kind_has_a_budget_of_its_own(
    scene: Scene, ask: Callable[[object, Account, str], int]
) -> None:
    mine, other = account(scene), scene.stage.access.account("b")
    assert other is not None
    while not ask(scene.context, mine, "init_video"):
        pass
    assert ask(scene.context, mine, "init_content") == 0
    assert ask(scene.context, other, "init_video") == 0


def test_asking_about_a_creator_too_often_is_refused_here_with_a_time(scene: Scene) -> None:
    mine = account(scene)
    for _ in range(BUDGETS["creator_info"].burst):
        ask_creator(scene.context, mine)
    with pytest.raises(PostrailError) as refused:
        ask_creator(scene.context, mine)
    assert (refused.value.code, refused.value.retry_at) == (
        "rate_limit_exceeded",
        scene.stage.clock.now() + BUDGETS["creator_info"].gap_ms,
    )


def test_posts_wait_for_the_budget_instead_of_asking_tiktok_in_vain(scene: Scene) -> None:
    mine = account(scene)
    while not take(scene.context, mine, "status"):
        pass
    scene.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    post = scene.accept_video()
    scene.step()
    assert scene.now(post).state.value == "processing"
    assert not [call for call in scene.tiktok.calls if call.startswith("status")]


def test_a_question_about_the_creator_that_fails_waits_by_itself_and_takes_no_slot_of_the_inits(
    scene: Scene,
) -> None:
    lost = refusal("tiktok_unreachable", "unsent", "creator_info/query")
    scene.tiktok.creators = [lost] * 4
    post, waits = scene.accept_video(), []
    for _ in range(4):
        scene.step()
        due = scene.now(post).next_at
        assert due is not None
        waits.append(due - scene.stage.clock.now())
        scene.stage.clock.advance(waits[-1])
    assert waits == [backoff(tries) for tries in (1, 2, 3, 4)]
    # The one slot that the post had reserved is long past.
    assert [reserve(scene.context, account(scene), "init_video") for _ in range(2)] == [0, 0]
    scene.tiktok.creators = [CREATOR]
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    scene.run()
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_posts_that_an_outage_has_kept_share_out_the_slots_anew(scene: Scene) -> None:
    inits: list[int] = []
    scene.tiktok.during_init = lambda: inits.append(scene.stage.clock.now())
    scene.tiktok.creators = [refusal("tiktok_unreachable", "unsent", "creator_info/query")]
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    began = scene.stage.clock.now()
    for number in range(16):
        scene.accept_video(input_hash=f"{number:064x}")
    for _ in range(600):
        if scene.stage.clock.now() - began > 900_000:
            scene.tiktok.creators = [CREATOR]
        scene.run(steps=1, move_ms=400_000)
        if len(inits) == 16:
            break
    within = [sum(first <= other < first + 60_000 for other in inits) for first in inits]
    assert (len(inits), max(within) <= BUDGETS["init_video"].limit) == (16, True)
