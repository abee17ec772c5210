"""The ledger's port, fenced writes: what a change alters, and that a stale lease alters nothing."""

import json

import pytest
from sqlalchemy import select

from connector.domain.lifecycle import AttemptState, State
from connector.engine.model import Change, Claim, Entry, Failure
from connector.engine.ports import LeaseLost
from connector.kernel.errors import Problem
from connector.store.tables import events
from tests.ledgers import NOTE, TTL, VIDEO, Stage

pytest_plugins = ("tests.databases", "tests.ledgers")

EVERYTHING = Change(
    state=State.FETCHING,
    media=(VIDEO,),
    publish_id="pub-9",
    tiktok_status="PROCESSING_UPLOAD",
    public_ids=("7312345678901234567",),
    raw_status={"status": "PROCESSING_UPLOAD"},
    failure=Failure(code="internal", message="no", details=({"field": "x", "problem": "y"},)),
    tries=3,
    mode="inbox",
    receipt={"warnings": ["w"]},
)


def _kinds(stage: Stage) -> list[str]:
    query = select(events.c.kind).where(events.c.post_id.is_not(None)).order_by(events.c.id)
    return stage.database.read(lambda conn: list(conn.execute(query).scalars()))


def test_save_stores_every_member_of_a_change(stage: Stage) -> None:
    stage.accept()
    saved = stage.ledger.save(stage.claim().lease, EVERYTHING)
    for name, value in vars(EVERYTHING).items():
        assert getattr(saved, name) == value
    assert stage.ledger.post("w", saved.id) == saved


def test_members_left_out_stay_and_tries_can_be_reset(stage: Stage) -> None:
    stage.accept()
    lease = stage.claim().lease
    stage.ledger.save(lease, EVERYTHING)
    saved = stage.ledger.save(lease, Change(tries=0))
    assert (saved.tries, saved.publish_id, saved.media) == (0, "pub-9", (VIDEO,))


@pytest.mark.parametrize(
    ("change", "bump"),
    [
        (Change(state=State.FETCHING), 1),
        (Change(publish_id="p"), 1),
        (Change(public_ids=("7",)), 1),
        (Change(state=State.QUEUED), 0),
        (Change(tries=2, tiktok_status="X"), 0),
    ],
)
def test_version_counts_what_a_waiting_caller_could_see(stage: Stage, change: Change, bump: int) -> None:
    post = stage.accept()
    saved = stage.ledger.save(stage.claim().lease, change)
    assert saved.version == post.version + bump
    assert stage.ledger.versions([post.id, "nobody"]) == {post.id: saved.version}


def test_settled_at_keeps_the_first_settled_moment(stage: Stage) -> None:
    claim = stage.fetched()
    stage.ledger.begin_attempt(claim.lease, "g", "pull", NOTE)
    settled = stage.ledger.save(claim.lease, Change(state=State.PUBLISHED_PRIVATE))
    assert settled.settled_at == stage.clock.now()
    stage.clock.advance(5)
    assert (
        stage.ledger.save(claim.lease, Change(state=State.PUBLISHED_PUBLIC)).settled_at == settled.settled_at
    )


def test_an_unknown_transition_is_refused_and_writes_nothing(stage: Stage) -> None:
    post = stage.accept()
    with pytest.raises(ValueError, match="cannot become"):
        stage.ledger.save(stage.claim().lease, Change(state=State.PUBLISHED_PUBLIC), NOTE)
    found = stage.ledger.post("w", post.id)
    assert found is not None
    lines = [entry.decision for entry in stage.ledger.timeline(post.id)]
    assert (found.state, lines) == (State.QUEUED, ["queued"])


def test_every_new_state_is_told_once_by_its_own_event(stage: Stage) -> None:
    stage.accept()
    lease = stage.claim().lease
    stage.ledger.save(lease, Change(state=State.FETCHING))
    stage.ledger.save(lease, Change(tries=1))
    stage.ledger.release(lease, next_at=None, change=Change(state=State.FAILED))
    assert _kinds(stage) == ["post_state_changed", "post_state_changed", "post_failed"]


def test_a_released_post_is_due_when_it_was_said(stage: Stage) -> None:
    post = stage.accept()
    stage.ledger.release(stage.claim().lease, next_at=stage.clock.now() + 7, change=Change(tries=2))
    found = stage.ledger.post("w", post.id)
    assert found is not None
    assert (found.next_at, found.tries) == (stage.clock.now() + 7, 2)


def test_the_timeline_keeps_the_order_and_fills_in_the_time(stage: Stage) -> None:
    post = stage.accept()
    full = Entry(call="status", at=5, status=200, code="ok", log_id="L", took_ms=9, decision="d")
    stage.ledger.save(stage.claim().lease, Change(), Entry(call="first"), full)
    stage.ledger.journal(post.id, Entry(call="third"))
    assert stage.ledger.timeline(post.id)[1:] == [
        Entry(call="first", at=stage.clock.now()),
        full,
        Entry(call="third", at=stage.clock.now()),
    ]


def test_a_post_is_given_back_with_what_has_become_of_it_and_its_lines(stage: Stage) -> None:
    post = stage.accept()
    change, lines = Change(state=State.CANCELLED), (Entry(call="first"), Entry(call="second"))
    stage.ledger.release(stage.claim().lease, next_at=None, change=change, entries=lines)
    told = [(entry.call, entry.decision) for entry in stage.ledger.timeline(post.id)[1:]]
    assert told == [("first", ""), ("second", ""), ("state", "cancelled")]


def test_what_nobody_holds_any_more_gets_no_line_when_it_is_given_back(stage: Stage) -> None:
    post = stage.accept()
    claim = stage.claim()
    stage.ledger.release(claim.lease, next_at=None)
    for change in (None, Change(tries=1)):
        with pytest.raises(LeaseLost):
            stage.ledger.release(claim.lease, next_at=None, change=change, entries=(Entry(call="late"),))
    assert [entry.call for entry in stage.ledger.timeline(post.id)] == ["state"]


def _writes(stage: Stage, claim: Claim) -> list[object]:
    """Return every fenced write, ready to be called with the lease of `claim`."""
    lease, ledger = claim.lease, stage.ledger
    return [
        lambda: ledger.save(lease, Change(tries=9), NOTE),
        lambda: ledger.release(lease, next_at=None),
        lambda: ledger.release(lease, next_at=None, change=Change(tries=9)),
        lambda: ledger.begin_attempt(lease, "gate-2", "upload", NOTE),
        lambda: stage.open_gate(claim),
        lambda: ledger.resolve_attempt(lease, "gate-1", AttemptState.VOID, Change(), NOTE),
        lambda: ledger.record_upload(lease, "gate-1", uploaded=1, final_chunk_started=True),
    ]


@pytest.mark.parametrize("index", range(7))
def test_a_stale_lease_writes_nothing(stage: Stage, index: int) -> None:
    stale = stage.begun()
    stage.clock.advance(TTL)
    heir = stage.claim("heir")
    timeline = stage.ledger.timeline(stale.post.id)
    write = _writes(stage, stale)[index]
    assert callable(write)
    with pytest.raises(LeaseLost):
        write()
    assert stage.ledger.post("w", stale.post.id) == heir.post
    assert stage.ledger.attempts(stale.post.id) == [heir.attempt]
    assert stage.ledger.timeline(stale.post.id) == timeline


@pytest.mark.parametrize("index", range(7))
def test_a_lease_that_was_given_back_writes_nothing(stage: Stage, index: int) -> None:
    claim = stage.begun()
    stage.ledger.release(claim.lease, next_at=None)
    write = _writes(stage, claim)[index]
    assert callable(write)
    with pytest.raises(LeaseLost):
        write()


def test_every_state_a_post_takes_stands_in_its_timeline(stage: Stage) -> None:
    claim = stage.fetched()
    stage.ledger.save(claim.lease, Change(state=State.FAILED))
    lines = [entry.decision for entry in stage.ledger.timeline(claim.post.id) if entry.call == "state"]
    assert lines == ["queued", "fetching", "failed"]


def test_what_was_found_wrong_and_what_was_received_keep_the_order_of_their_members(stage: Stage) -> None:
    problem = Problem(field="title", problem="too_long", got="91", expected="90", fix="cut it").as_dict()
    receipt = {"coerced": [{"field": "x", "from": "1", "to": 1, "rule": "r"}], "ignored": [], "warnings": []}
    claim = stage.fetched(receipt=receipt)
    failure = Failure(code="invalid_request", message="no", details=(problem,))
    post = stage.ledger.save(claim.lease, Change(state=State.FAILED, failure=failure))
    found = stage.ledger.post("w", post.id)
    assert found is not None
    assert found.failure is not None
    assert json.dumps(found.failure.details[0]) == json.dumps(problem)
    assert json.dumps(found.receipt) == json.dumps(receipt)
