"""The ledger's port, attempts: the gate opens once, by compare-and-set, and never for what is void."""

from dataclasses import replace

import pytest

from connector.domain.lifecycle import AttemptState, State
from connector.engine.model import Change, Gate
from connector.engine.ports import AccountBusy, LeaseLost
from tests.ledgers import NOTE, VIDEO, Stage

pytest_plugins = ("tests.databases", "tests.ledgers")

S = AttemptState


def test_a_begun_attempt_is_sending_and_so_is_its_post(stage: Stage) -> None:
    claim = stage.begun("gate-1")
    assert claim.attempt is not None
    assert (claim.attempt.number, claim.attempt.state, claim.attempt.created_at) == (
        1,
        S.SENDING,
        stage.clock.now(),
    )
    assert stage.ledger.attempts(claim.post.id) == [claim.attempt]
    found = stage.ledger.post("w", claim.post.id)
    assert found is not None
    assert found.state is State.SENDING


def test_beginning_again_voids_the_attempt_without_an_answer(stage: Stage) -> None:
    claim = stage.begun("gate-1")
    second = stage.ledger.begin_attempt(claim.lease, "gate-2", "pull", NOTE)
    assert (second.number, second.transfer) == (2, "pull")
    assert stage.attempt_states(claim.post.id) == [S.VOID, S.SENDING]
    assert stage.ledger.attempts(claim.post.id)[0].resolved_at == stage.clock.now()


@pytest.mark.parametrize("live", [S.ACCEPTED, S.UNCERTAIN])
def test_no_attempt_begins_beside_one_that_may_still_publish(stage: Stage, live: AttemptState) -> None:
    claim = stage.begun()
    stage.open_gate(claim)
    if live is S.UNCERTAIN:
        stage.ledger.resolve_attempt(claim.lease, "gate-1", live, Change(), NOTE)
    with pytest.raises(ValueError, match="may still be published"):
        stage.ledger.begin_attempt(claim.lease, "gate-2", "upload", NOTE)
    assert stage.attempt_states(claim.post.id) == [live]


def test_one_account_sends_one_attempt_at_a_time(stage: Stage) -> None:
    first = stage.begun("gate-1")
    second = stage.fetched()
    with pytest.raises(AccountBusy):
        stage.ledger.begin_attempt(second.lease, "gate-2", "upload", NOTE)
    assert stage.ledger.attempts(second.post.id) == []
    stage.open_gate(first)
    assert stage.ledger.begin_attempt(second.lease, "gate-2", "upload", NOTE).number == 1


def test_two_accounts_send_at_the_same_time(stage: Stage) -> None:
    stage.begun("gate-1")
    assert stage.begun("gate-2", account_id="b").attempt


def test_a_post_that_stops_sending_frees_its_account_and_shuts_its_gate(stage: Stage) -> None:
    first = stage.begun("gate-1")
    stage.ledger.release(first.lease, next_at=None, change=Change(state=State.CANCELLED))
    assert stage.attempt_states(first.post.id) == [S.VOID]
    assert stage.begun("gate-2").attempt


def test_an_accepted_attempt_stores_all_that_tiktok_gave(stage: Stage) -> None:
    claim = stage.open_gate(stage.begun())
    assert claim.attempt is not None
    assert (claim.attempt.state, claim.attempt.publish_id) == (S.ACCEPTED, "pub-1")
    assert claim.attempt.upload_url == "https://upload.example/1"
    assert claim.attempt.upload_expires_at == stage.clock.now() + 3_600_000
    assert claim.post.publish_id == "pub-1"
    assert stage.ledger.post("w", "pub-1") == claim.post


@pytest.mark.parametrize("state", [S.VOID, S.REJECTED, S.UNCERTAIN])
def test_a_late_answer_opens_no_gate_that_was_resolved(stage: Stage, state: AttemptState) -> None:
    claim = stage.begun()
    stage.ledger.resolve_attempt(claim.lease, "gate-1", state, Change(), NOTE)
    with pytest.raises(LeaseLost):
        stage.open_gate(claim)
    assert stage.attempt_states(claim.post.id) == [state]
    assert stage.ledger.post("w", "pub-1") is None


def test_a_gate_opens_once(stage: Stage) -> None:
    claim = stage.begun()
    stage.open_gate(claim)
    with pytest.raises(LeaseLost):
        stage.open_gate(claim, publish_id="pub-2")
    assert stage.ledger.attempts(claim.post.id)[0].publish_id == "pub-1"


def test_what_tiktok_accepted_is_never_void(stage: Stage) -> None:
    claim = stage.begun()
    stage.open_gate(claim)
    with pytest.raises(LeaseLost):
        stage.ledger.resolve_attempt(claim.lease, "gate-1", S.VOID, Change(), NOTE)
    assert stage.attempt_states(claim.post.id) == [S.ACCEPTED]


def test_a_rejected_attempt_is_over_and_the_next_may_begin(stage: Stage) -> None:
    claim = stage.begun()
    stage.open_gate(claim)
    after = stage.ledger.resolve_attempt(claim.lease, "gate-1", S.REJECTED, Change(tries=1), NOTE)
    assert (after.attempt, after.post.tries) == (None, 1)
    assert stage.ledger.attempts(claim.post.id)[0].resolved_at == stage.clock.now()
    assert stage.ledger.begin_attempt(claim.lease, "gate-2", "upload", NOTE).number == 2


def test_an_uncertain_attempt_stays_in_hand_until_it_is_rejected(stage: Stage) -> None:
    claim = stage.begun()
    stage.open_gate(claim)
    after = stage.ledger.resolve_attempt(
        claim.lease, "gate-1", S.UNCERTAIN, Change(state=State.UNCONFIRMED), NOTE
    )
    assert after.attempt is not None
    assert (after.attempt.state, after.attempt.resolved_at) == (S.UNCERTAIN, None)
    rejected = stage.ledger.resolve_attempt(
        claim.lease, "gate-1", S.REJECTED, Change(state=State.FAILED), NOTE
    )
    assert rejected.attempt is None


def test_an_attempt_that_is_over_is_not_resolved_again(stage: Stage) -> None:
    claim = stage.begun()
    stage.ledger.resolve_attempt(claim.lease, "gate-1", S.VOID, Change(), NOTE)
    with pytest.raises(LeaseLost):
        stage.ledger.resolve_attempt(claim.lease, "gate-1", S.REJECTED, Change(), NOTE)


def test_a_lease_reaches_only_the_attempts_of_its_own_post(stage: Stage) -> None:
    other = stage.begun("gate-b", account_id="b")
    claim = stage.begun("gate-a")
    with pytest.raises(LeaseLost):
        stage.open_gate(claim, "gate-b")
    with pytest.raises(LeaseLost):
        stage.ledger.resolve_attempt(claim.lease, "gate-b", S.VOID, Change(), NOTE)
    assert stage.attempt_states(other.post.id) == [S.SENDING]


def test_upload_progress_is_kept_and_a_started_last_chunk_is_never_taken_back(stage: Stage) -> None:
    claim = stage.open_gate(stage.begun())
    assert claim.attempt is not None
    part = stage.ledger.record_upload(claim.lease, "gate-1", uploaded=5, final_chunk_started=False)
    assert part == replace(claim.attempt, uploaded=5)
    last = stage.ledger.record_upload(claim.lease, "gate-1", uploaded=5, final_chunk_started=True)
    assert last == replace(part, final_chunk_started=True)
    assert stage.ledger.record_upload(
        claim.lease, "gate-1", uploaded=7, final_chunk_started=False
    ) == replace(last, uploaded=7)


def test_upload_progress_takes_its_lines_with_it_or_leaves_them(stage: Stage) -> None:
    claim = stage.begun()
    with pytest.raises(LeaseLost):
        stage.ledger.record_upload(
            claim.lease, "gate-1", uploaded=5, final_chunk_started=False, entries=[NOTE]
        )
    before = stage.ledger.timeline(claim.post.id)
    stage.open_gate(claim)
    stage.ledger.record_upload(claim.lease, "gate-1", uploaded=5, final_chunk_started=False, entries=[NOTE])
    assert stage.ledger.timeline(claim.post.id)[len(before) :] == [
        replace(NOTE, at=stage.clock.now()),
        replace(NOTE, at=stage.clock.now()),
    ]


def test_no_upload_is_recorded_before_the_gate_is_open(stage: Stage) -> None:
    claim = stage.begun()
    with pytest.raises(LeaseLost):
        stage.ledger.record_upload(claim.lease, "gate-1", uploaded=5, final_chunk_started=False)


def test_the_gate_tells_the_attempt_s_state_and_the_post_s_files(stage: Stage) -> None:
    claim = stage.begun()
    assert stage.ledger.gate("gate-1") == Gate(state=S.SENDING, media=(VIDEO,))
    stage.open_gate(claim)
    assert stage.ledger.gate("gate-1") == Gate(state=S.ACCEPTED, media=(VIDEO,))
    assert stage.ledger.gate("nobody") is None


def test_a_post_is_found_by_a_publish_id_it_had(stage: Stage) -> None:
    claim = stage.open_gate(stage.begun())
    stage.ledger.resolve_attempt(claim.lease, "gate-1", S.REJECTED, Change(), NOTE)
    stage.ledger.begin_attempt(claim.lease, "gate-2", "upload", NOTE)
    stage.open_gate(claim, "gate-2", "pub-2")
    for ref in ("pub-1", "pub-2", claim.post.id):
        found = stage.ledger.post("w", ref)
        assert found is not None
        assert found.id == claim.post.id


def test_a_post_is_not_found_in_another_workspace(stage: Stage) -> None:
    claim = stage.open_gate(stage.begun())
    assert stage.ledger.post("elsewhere", claim.post.id) is None
    assert stage.ledger.post("elsewhere", "pub-1") is None
