"""The ledger's port, pauses: what they cover is parked and not sent, and goes on in its order."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import Connection, insert, select

from connector.domain.lifecycle import AttemptState, State
from connector.engine.model import Change, Claim
from connector.engine.model_incident import Deed, Pause, Scope, Slot
from connector.engine.ports import LeaseLost
from connector.engine.ports_incident import Paused
from connector.store import pausing
from connector.store.tables import posts
from tests.contract.test_store_races import at_once
from tests.ledgers import NOTE, TTL, Stage, new_grant

pytest_plugins = ("tests.databases", "tests.ledgers")

DEED = Deed(who="key_1", who_name="n8n", action="pause", workspace_id="w", target="it")
ACCOUNT = Scope(kind="account", target="a", workspace_id="w")
APP = Scope(kind="app", target="app", workspace_id="w")
EVERY_APP = Scope(kind="app", target="app")
WORKSPACE = Scope(kind="workspace", target="w", workspace_id="w")
ROUNDS = 6
CROWD = 8
ALL = Scope(kind="all")
SCOPES = [ACCOUNT, APP, EVERY_APP, WORKSPACE, ALL]


def pause(stage: Stage, scope: Scope = ACCOUNT) -> bool:
    """Pause a scope."""
    return stage.ledger.pause(Pause(scope=scope, since=0, by="n8n", reason="why"), DEED)


def resume(stage: Stage, scope: Scope = ACCOUNT) -> int:
    """Lift a pause and let its posts go on, when they were due; return how many."""
    stage.ledger.end_pause(scope, DEED)
    released = 0
    while found := stage.ledger.parked(2):
        released += stage.ledger.unpark(dict.fromkeys(one.post_id for one in found))
    return released


def claimed(stage: Stage) -> list[str]:
    """Claim all that is due, and return the ids."""
    return [claim.post.id for claim in stage.ledger.claim("me", limit=50, ttl_ms=TTL)]


def name(scope: Scope) -> str:
    """Return what a case is called."""
    return f"{scope.kind} {scope.workspace_id or 'everywhere'}"


@pytest.mark.parametrize("scope", SCOPES, ids=name)
def test_a_post_of_what_is_paused_is_parked_and_no_claim_finds_it(stage: Stage, scope: Scope) -> None:
    post = stage.accept(app_id="app")
    assert pause(stage, scope)
    assert claimed(stage) == []
    assert stage.ledger.next_due() is None
    found = stage.ledger.pause_over(post.id)
    assert found == Pause(scope=scope, since=stage.clock.now(), by="n8n", reason="why")
    assert resume(stage, scope) == 1
    assert claimed(stage) == [post.id]
    assert stage.ledger.pause_over(post.id) is None


@pytest.mark.parametrize(
    "scope",
    [
        Scope(kind="account", target="b", workspace_id="w"),
        Scope(kind="account", target="a", workspace_id="other"),
        Scope(kind="app", target="app2", workspace_id="w"),
        Scope(kind="app", target="app", workspace_id="other"),
        Scope(kind="workspace", target="other", workspace_id="other"),
    ],
    ids=lambda scope: f"{scope.kind} {scope.target} {scope.workspace_id}",
)
def test_a_pause_of_something_else_keeps_nothing(stage: Stage, scope: Scope) -> None:
    post = stage.accept(app_id="app")
    pause(stage, scope)
    assert stage.ledger.pause_over(post.id) is None
    assert claimed(stage) == [post.id]


def test_what_is_due_beside_a_pause_is_claimed_past_it(stage: Stage) -> None:
    for _ in range(3):
        stage.accept()
    stage.clock.advance(1)
    other = stage.accept(account_id="b")
    pause(stage)
    assert claimed(stage) == [other.id]


def test_no_attempt_is_opened_under_a_pause(stage: Stage) -> None:
    claim = stage.fetched()
    pause(stage)
    with pytest.raises(Paused):
        stage.ledger.begin_attempt(claim.lease, "gate-1", "upload", NOTE)
    assert stage.ledger.attempts(claim.post.id) == []
    stage.ledger.park(claim.lease)
    with pytest.raises(LeaseLost):
        stage.ledger.save(claim.lease, Change())
    assert claimed(stage) == []
    assert resume(stage) == 1
    assert claimed(stage) == [claim.post.id]


def test_an_attempt_that_a_pause_has_overtaken_is_not_accepted_and_gets_no_byte(stage: Stage) -> None:
    claim = stage.begun()
    pause(stage)
    with pytest.raises(Paused):
        stage.open_gate(claim)
    stage.ledger.park(claim.lease)
    assert stage.attempt_states(claim.post.id) == [AttemptState.VOID]
    resume(stage)
    again = stage.claim()
    stage.ledger.begin_attempt(again.lease, "gate-2", "upload", NOTE)


def test_an_attempt_that_is_accepted_goes_on_under_a_pause(stage: Stage) -> None:
    claim = stage.open_gate(stage.begun())
    pause(stage)
    assert stage.ledger.pause_over(claim.post.id) is None
    stage.ledger.record_upload(claim.lease, "gate-1", uploaded=7, final_chunk_started=True)
    stage.ledger.release(claim.lease, next_at=stage.clock.now(), change=Change(state=State.PROCESSING))
    assert claimed(stage) == [claim.post.id]


def test_what_waits_for_a_new_attempt_is_parked_and_one_under_way_is_not(stage: Stage) -> None:
    ended = stage.open_gate(stage.begun())
    going = stage.open_gate(stage.begun("gate-2", account_id="b"), "gate-2", "pub-2")
    stage.ledger.resolve_attempt(ended.lease, "gate-1", AttemptState.REJECTED, Change(), NOTE)
    for claim in (ended, going):
        stage.ledger.release(claim.lease, next_at=stage.clock.now())
    pause(stage, WORKSPACE)
    assert claimed(stage) == [going.post.id]


def test_what_a_dead_owner_left_half_opened_is_parked_with_its_gate_shut(stage: Stage) -> None:
    claim = stage.begun()
    pause(stage)
    stage.clock.advance(TTL)
    assert claimed(stage) == []
    assert stage.attempt_states(claim.post.id) == [AttemptState.VOID]
    with pytest.raises(LeaseLost):
        stage.open_gate(claim)


def test_posts_go_on_in_the_order_in_which_they_were_due(stage: Stage) -> None:
    ids = []
    for _ in range(5):
        ids.append(stage.accept().id)
        stage.clock.advance(1)
    pause(stage)
    claimed(stage)
    stage.clock.advance(1000)
    assert resume(stage) == 5
    assert claimed(stage) == ids


def test_a_post_under_two_pauses_goes_on_after_the_second(stage: Stage) -> None:
    post = stage.accept()
    pause(stage)
    stage.clock.advance(1)
    pause(stage, ALL)
    claimed(stage)
    found = stage.ledger.pause_over(post.id)
    assert found is not None
    assert found.scope == ACCOUNT
    assert resume(stage) == 0
    assert claimed(stage) == []
    assert resume(stage, ALL) == 1
    assert claimed(stage) == [post.id]


def test_pausing_twice_keeps_the_first_and_is_written_down_once(stage: Stage) -> None:
    assert pause(stage)
    stage.clock.advance(5)
    assert not pause(stage)
    assert [found.since for found in stage.ledger.pauses("w")] == [stage.clock.now() - 5]
    assert len(stage.ledger.audit("w", limit=9)) == 1
    assert stage.ledger.end_pause(ACCOUNT, DEED)
    assert not stage.ledger.end_pause(ACCOUNT, DEED)
    lines = stage.ledger.audit("w", limit=9)
    assert [(line.before, line.after) for line in lines] == [("paused", "running"), ("running", "paused")]


def test_pausing_anew_while_posts_are_let_go_keeps_the_rest(stage: Stage) -> None:
    for _ in range(3):
        stage.accept()
    pause(stage)
    claimed(stage)
    stage.ledger.end_pause(ACCOUNT, DEED)
    (first,) = stage.ledger.parked(1)
    assert stage.ledger.unpark({first.post_id: None}) == 1
    assert pause(stage)
    assert stage.ledger.parked(9) == []
    assert claimed(stage) == []
    assert resume(stage) == 3


def test_what_a_resume_left_that_was_cut_short_is_found_by_the_next_look(stage: Stage) -> None:
    post = stage.accept()
    pause(stage)
    claimed(stage)
    stage.ledger.end_pause(ACCOUNT, DEED)
    assert [one.post_id for one in stage.ledger.parked(9)] == [post.id]
    assert stage.ledger.unpark({post.id: None}) == 1
    assert stage.ledger.parked(9) == []
    assert claimed(stage) == [post.id]


def test_parked_posts_tell_whether_they_were_to_be_sent(stage: Stage) -> None:
    fresh = stage.accept(account_id="b")
    stage.ledger.release(stage.claim().lease, next_at=stage.clock.now() + 1)
    ready = stage.fetched()
    stage.ledger.release(ready.lease, next_at=stage.clock.now())
    stage.clock.advance(1)
    pause(stage, WORKSPACE)
    claimed(stage)
    stage.ledger.end_pause(WORKSPACE, DEED)
    told = {one.post_id: (one.has_media, one.workspace_id) for one in stage.ledger.parked(9)}
    assert told == {fresh.id: (False, "w"), ready.post.id: (True, "w")}


def test_parking_after_the_pause_is_over_makes_the_post_due(stage: Stage) -> None:
    claim = stage.fetched()
    pause(stage)
    resume(stage)
    stage.ledger.park(claim.lease)
    assert claimed(stage) == [claim.post.id]


def test_more_than_can_be_parked_at_once_are_parked_before_anything_else_is_claimed(stage: Stage) -> None:
    stage.accept()
    stage.clock.advance(1)
    other = stage.accept(account_id="b")
    pause(stage)
    _multiply(stage, pausing.AT_ONCE)
    assert claimed(stage) == []
    assert claimed(stage) == [other.id]
    assert stage.ledger.next_due() == stage.clock.now() + TTL


def _multiply(stage: Stage, many: int) -> None:
    """Have `many` posts of the account `a`, all due, by copies of one of them."""

    def copy(conn: Connection) -> None:
        found = conn.execute(select(posts).where(posts.c.account_id == "a").limit(1)).mappings().one()
        conn.execute(insert(posts), [{**found, "id": f"post_copy_{number}"} for number in range(many)])

    stage.database.write(copy)


def test_a_workspace_is_told_of_its_own_pauses_and_of_those_of_everything(stage: Stage) -> None:
    stage.access.add_workspace("other", "Other")
    theirs = Scope(kind="workspace", target="other", workspace_id="other")
    for scope in (*SCOPES, theirs):
        pause(stage, scope)
        stage.clock.advance(1)
    assert [found.scope for found in stage.ledger.pauses("w")] == SCOPES
    assert [found.scope for found in stage.ledger.pauses("other")] == [EVERY_APP, ALL, theirs]


def test_a_pause_of_one_workspace_keeps_no_post_of_another(stage: Stage) -> None:
    stage.access.add_workspace("other", "Other")
    stage.grants.connect(replace(new_grant("c"), workspace_id="other"))
    pause(stage, WORKSPACE)
    pause(stage, APP)
    post = stage.accept(workspace_id="other", account_id="c", app_id="app")
    assert claimed(stage) == [post.id]


def test_an_attempt_that_was_opened_while_a_pause_came_is_never_accepted(stage: Stage) -> None:
    for turn in range(ROUNDS):
        claim = stage.fetched(input_hash=f"{turn:064x}")
        begin = partial(stage.ledger.begin_attempt, claim.lease, f"gate-{turn}", "upload", NOTE)
        opened = _beside_a_pause(stage, begin)
        assert opened is bool(stage.attempt_states(claim.post.id))
        if opened:
            with pytest.raises(Paused):
                stage.open_gate(claim, f"gate-{turn}", f"pub-{turn}")
        stage.ledger.release(claim.lease, next_at=None, change=Change(state=State.FAILED))
        resume(stage)


def test_an_attempt_is_accepted_before_a_pause_or_not_at_all(stage: Stage) -> None:
    for turn in range(ROUNDS):
        claim = stage.begun(f"gate-{turn}", input_hash=f"{turn:064x}")
        accepted = _beside_a_pause(stage, partial(stage.open_gate, claim, f"gate-{turn}", f"pub-{turn}"))
        wanted = AttemptState.ACCEPTED if accepted else AttemptState.SENDING
        assert stage.attempt_states(claim.post.id) == [wanted]
        stage.ledger.release(claim.lease, next_at=None, change=Change(state=State.FAILED))
        resume(stage)


def _beside_a_pause(stage: Stage, send: Callable[[], object]) -> bool:
    """Pause and make a call at the same instant; say whether the call came first."""

    def try_it() -> bool:
        try:
            send()
        except Paused:
            return False
        return True

    calls: list[Callable[[], bool]] = [partial(pause, stage), try_it]
    paused, sent = at_once(calls)
    assert paused is True
    assert isinstance(sent, bool)
    return sent


def test_a_claim_and_a_pause_at_once_leave_nothing_leased_that_could_be_sent(stage: Stage) -> None:
    for turn in range(ROUNDS):
        post = stage.accept(input_hash=f"{turn:064x}")
        for claim in _claimed_beside_a_pause(stage):
            stage.ledger.save(claim.lease, Change(state=State.FETCHING))
            with pytest.raises(Paused):
                stage.ledger.begin_attempt(claim.lease, f"gate-{turn}", "upload", NOTE)
            stage.ledger.park(claim.lease)
        assert claimed(stage) == []
        assert resume(stage) == 1
        last = stage.claim()
        assert last.post.id == post.id
        stage.ledger.release(last.lease, next_at=None, change=Change(state=State.FAILED))


def _claimed_beside_a_pause(stage: Stage) -> list[Claim]:
    """Pause and claim at the same instant; return what was claimed."""
    claims: list[Claim] = []

    def take() -> bool:
        claims.extend(stage.ledger.claim("me", limit=5, ttl_ms=TTL))
        return True

    calls: list[Callable[[], bool]] = [partial(pause, stage), take]
    assert at_once(calls) == [True, True]
    return claims


def test_processes_that_let_the_same_posts_go_take_one_slot_for_each(stage: Stage) -> None:
    ids = [stage.accept(input_hash=f"{number:064x}").id for number in range(CROWD)]
    slot = Slot(account_id="a", kind="init_video", gap_ms=1_000, burst=2)
    pause(stage)
    assert claimed(stage) == []
    stage.ledger.end_pause(ACCOUNT, DEED)
    calls = [partial(stage.ledger.unpark, dict.fromkeys(ids[turn:], slot)) for turn in (0, 2, 4)]
    freed = [count for count in at_once(calls) if isinstance(count, int)]
    assert (len(freed), sum(freed)) == (3, CROWD)
    assert len(claimed(stage)) == 2
    after = stage.ledger.reserve_slot("a", "init_video", gap_ms=1_000, burst=2)
    assert after == stage.clock.now() + (CROWD - 1) * 1_000
