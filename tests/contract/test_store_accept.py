"""The ledger's port, accepting: keys bind, repeats are refused."""

import pytest

from connector.domain.lifecycle import State
from connector.engine.model import Change
from connector.engine.ports_sweeping import START
from connector.kernel.errors import PostrailError
from connector.store.accepting import KEY_LIFE_MS
from tests.ledgers import Stage, new_post

pytest_plugins = ("tests.databases", "tests.ledgers")


def test_an_accepted_post_is_queued_due_now_and_holds_what_was_given(stage: Stage) -> None:
    new = new_post()
    accepted = stage.ledger.accept(new)
    assert not accepted.replayed
    assert accepted.post.state is State.QUEUED
    assert accepted.post.next_at == stage.clock.now() == accepted.post.created_at
    assert (accepted.post.input, accepted.post.receipt) == (new.input, new.receipt)
    assert stage.ledger.post("w", new.id) == accepted.post


def test_the_same_key_and_input_replays_the_first_post(stage: Stage) -> None:
    first = stage.accept(idempotency_key="k")
    again = stage.ledger.accept(new_post(idempotency_key="k"))
    assert again.replayed
    assert again.post == first


def test_a_replay_gives_the_receipt_as_first_given_and_the_present_state(stage: Stage) -> None:
    first = stage.accept(idempotency_key="k")
    stage.ledger.save(stage.claim().lease, Change(state=State.FETCHING, receipt={"warnings": ["later"]}))
    again = stage.ledger.accept(new_post(idempotency_key="k")).post
    assert again.receipt == first.receipt
    assert again.state is State.FETCHING


def test_a_key_bound_to_another_input_is_a_conflict_that_names_the_first(stage: Stage) -> None:
    first = stage.accept(idempotency_key="k")
    with pytest.raises(PostrailError) as refused:
        stage.accept(idempotency_key="k", input_hash="0" * 64)
    assert refused.value.code == "idempotency_conflict"
    assert refused.value.extra == {"post_id": first.id}


def test_a_key_is_scoped_to_its_operation(stage: Stage) -> None:
    stage.accept(idempotency_key="k")
    assert not stage.ledger.accept(new_post(idempotency_key="k", operation="post_photos")).replayed


def test_a_key_is_free_after_its_time_whether_swept_or_not(stage: Stage) -> None:
    first = stage.accept(idempotency_key="k")
    stage.clock.advance(KEY_LIFE_MS)
    second = stage.accept(idempotency_key="k")
    assert second.id != first.id
    assert stage.ledger.accept(new_post(idempotency_key="k")).post.id == second.id


def test_sweep_deletes_only_the_keys_past_their_time(stage: Stage) -> None:
    stage.accept(idempotency_key="old")
    stage.clock.advance(KEY_LIFE_MS - 1)
    stage.accept(idempotency_key="young")
    assert stage.ledger.sweep_keys(START).gone == 0
    stage.clock.advance(1)
    assert stage.ledger.sweep_keys(START).gone == 1
    assert stage.ledger.accept(new_post(idempotency_key="young")).replayed


def test_the_same_input_within_the_window_is_refused_and_names_the_first(stage: Stage) -> None:
    first = stage.accept(repeat_window_ms=1000)
    with pytest.raises(PostrailError) as refused:
        stage.accept(repeat_window_ms=1000)
    assert refused.value.code == "duplicate_request"
    assert refused.value.extra == {"post_id": first.id}


def test_the_same_input_passes_after_the_window(stage: Stage) -> None:
    stage.accept(repeat_window_ms=1000)
    stage.clock.advance(1000)
    assert stage.accept(repeat_window_ms=1000).state is State.QUEUED


@pytest.mark.parametrize("given", [{"repeat_window_ms": 0}, {"account_id": "b"}, {"input_hash": "0" * 64}])
def test_what_differs_or_may_repeat_is_accepted(stage: Stage, given: dict[str, object]) -> None:
    stage.accept(repeat_window_ms=1000)
    assert stage.accept(**{"repeat_window_ms": 1000, **given}).state is State.QUEUED


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_a_post_that_came_to_nothing_may_be_repeated(stage: Stage, state: State) -> None:
    stage.accept(repeat_window_ms=1000)
    stage.ledger.save(stage.claim().lease, Change(state=state))
    assert stage.accept(repeat_window_ms=1000).state is State.QUEUED


def test_a_refused_post_leaves_no_row(stage: Stage) -> None:
    stage.accept(repeat_window_ms=1000)
    refused = new_post(repeat_window_ms=1000)
    with pytest.raises(PostrailError):
        stage.ledger.accept(refused)
    assert stage.ledger.post("w", refused.id) is None


def test_two_keys_are_two_posts_even_when_the_input_is_the_same(stage: Stage) -> None:
    first = stage.accept(idempotency_key="k1", repeat_window_ms=600_000)
    second = stage.accept(idempotency_key="k2", repeat_window_ms=600_000)
    assert first.id != second.id


def test_a_post_remembers_its_dialect_beside_its_input(stage: Stage) -> None:
    new = new_post(dialect="pm3k", idempotency_key="k")
    stage.ledger.accept(new)
    found = stage.ledger.post("w", new.id)
    assert found is not None
    assert (found.dialect, found.input) == ("pm3k", new.input)
    assert stage.ledger.accept(new_post(idempotency_key="k")).post.dialect == "pm3k"
