"""What a change makes of a post, over the whole table of states."""

from dataclasses import replace
from itertools import product

import pytest

from connector.domain.lifecycle import TABLE, State, may_become
from connector.engine.model import Change, Failure, Post
from connector.store.changes import changed, leaves_sending


def _post(state: State) -> Post:
    return Post(
        id="p",
        workspace_id="w",
        account_id="a",
        operation="post_video",
        kind="video",
        mode="direct",
        transfer="upload",
        state=state,
        input={},
        receipt={},
        created_at=1,
        updated_at=1,
    )


@pytest.mark.parametrize(("now", "then"), list(product(State, State)))
def test_a_post_moves_as_the_lifecycle_says_and_no_other_way(now: State, then: State) -> None:
    if may_become(now, then):
        assert changed(_post(now), Change(state=then), 9).state is then
    else:
        with pytest.raises(ValueError, match=f"{now} cannot become {then}"):
            changed(_post(now), Change(state=then), 9)


@pytest.mark.parametrize("state", State)
def test_settled_at_is_set_in_settled_states_alone(state: State) -> None:
    assert (changed(_post(state), Change(), 9).settled_at == 9) is TABLE[state].settled


@pytest.mark.parametrize("then", sorted(TABLE[State.SENDING].may_follow))
def test_every_way_out_of_sending_leaves_it(then: State) -> None:
    before = _post(State.SENDING)
    assert leaves_sending(before, changed(before, Change(state=then), 9))


def test_a_post_that_stays_sending_does_not_leave_it() -> None:
    before = _post(State.SENDING)
    assert not leaves_sending(before, changed(before, Change(tries=1), 9))


@pytest.mark.parametrize("then", [State.PROCESSING, State.PUBLISHED_PUBLIC, State.HELD])
def test_a_reason_goes_with_the_state_that_it_explains(then: State) -> None:
    doubted = replace(_post(State.UNCONFIRMED), failure=Failure(code="unconfirmed", message="?"))
    assert changed(doubted, Change(), 9).failure == doubted.failure
    moved = changed(doubted, Change(state=then), 9)
    assert (moved.failure is None) is (then is not State.HELD)


def test_every_write_notes_its_time() -> None:
    assert changed(_post(State.QUEUED), Change(), 9).updated_at == 9
