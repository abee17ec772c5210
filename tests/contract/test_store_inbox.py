"""The inbox for TikTok's webhooks, and what they do to posts, on each kind of database."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from connector.domain.lifecycle import AttemptState, State
from connector.engine.model import Change, Claim
from connector.engine.ports import AccountBusy, LeaseLost
from connector.engine.ports_hooks import Alarm, Arrival, Letter
from connector.store.inbox import SqlInbox
from connector.store.tables import events
from tests.ledgers import IDS, NOTE, TTL, Stage

pytest_plugins = ("tests.databases", "tests.ledgers")
HOUR = 3_600_000


@pytest.fixture
def inbox(stage: Stage) -> SqlInbox:
    """Give an inbox on the stage's ledger."""
    return SqlInbox(stage.database, ids=IDS)


def arrival(digest: str = "d1", publish_id: str | None = "pub-1") -> Arrival:
    """A webhook that has just come."""
    return Arrival(
        digest=digest,
        client_key="aw",
        event="post.publish.complete",
        open_id="open-a",
        publish_id=publish_id,
        body=b'{"x":"\xf0\x9f\x8c\xbb"}',
    )


def take_one(inbox: SqlInbox, owner: str = "me") -> Letter:
    """Claim the one webhook that is due."""
    (letter,) = inbox.claim(owner, limit=10, ttl_ms=TTL)
    return letter


def processing(stage: Stage) -> Claim:
    """Have a post in hand that TikTok works on, as `pub-1`."""
    claim = stage.open_gate(stage.begun())
    return replace(claim, post=stage.ledger.save(claim.lease, Change(state=State.PROCESSING)))


def due_at(stage: Stage, post_id: str) -> int | None:
    """Return when a post is due."""
    post = stage.ledger.post("w", post_id)
    assert post is not None
    return post.next_at


def test_a_webhook_is_kept_once_with_its_body_as_it_came(inbox: SqlInbox) -> None:
    assert [inbox.keep(arrival()), inbox.keep(arrival()), inbox.keep(arrival("d2"))] == [True, False, True]
    assert inbox.about("pub-1") == [arrival().body, arrival().body]
    assert inbox.about("pub-2") == []


def test_many_that_come_at_once_are_kept_once(inbox: SqlInbox) -> None:
    barrier = threading.Barrier(8)

    def keep(_: int) -> bool:
        barrier.wait()
        return inbox.keep(arrival())

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(keep, range(8))) == [False] * 7 + [True]


def test_two_owners_never_hold_the_same_webhook(stage: Stage, inbox: SqlInbox) -> None:
    for number in range(6):
        inbox.keep(arrival(f"d{number}"))
    first = inbox.claim("one", limit=4, ttl_ms=TTL)
    second = inbox.claim("two", limit=4, ttl_ms=TTL)
    assert (len(first), len(second)) == (4, 2)
    assert not {letter.digest for letter in first} & {letter.digest for letter in second}
    assert inbox.claim("three", limit=4, ttl_ms=TTL) == []
    stage.clock.advance(TTL)
    assert len(inbox.claim("three", limit=10, ttl_ms=TTL)) == 6


def test_what_is_finished_is_never_due_again(stage: Stage, inbox: SqlInbox) -> None:
    inbox.keep(arrival())
    inbox.finish(take_one(inbox), "done")
    stage.clock.advance(HOUR)
    assert (inbox.claim("me", limit=10, ttl_ms=TTL), inbox.next_due()) == ([], None)
    assert not inbox.keep(arrival())


def test_an_owner_that_has_lost_a_webhook_changes_nothing(stage: Stage, inbox: SqlInbox) -> None:
    post = stage.accept()
    inbox.keep(arrival())
    stale = take_one(inbox)
    stage.clock.advance(TTL)
    fresh = take_one(inbox, "other")
    with pytest.raises(LeaseLost):
        inbox.finish(stale, "done", post_id=post.id, entry=NOTE)
    with pytest.raises(LeaseLost):
        inbox.again(stale, next_at=None, outcome="")
    assert NOTE.call not in [entry.call for entry in stage.ledger.timeline(post.id)]
    inbox.finish(fresh, "done")


def test_what_is_given_back_comes_again_with_its_tries(stage: Stage, inbox: SqlInbox) -> None:
    inbox.keep(arrival())
    letter = replace(take_one(inbox), tries=3)
    inbox.again(letter, next_at=stage.clock.now() + 500, outcome="later")
    assert inbox.next_due() == stage.clock.now() + 500
    stage.clock.advance(500)
    assert take_one(inbox).tries == 3


def test_finishing_tells_the_timeline_wakes_the_post_and_raises_the_alarm(
    stage: Stage, inbox: SqlInbox
) -> None:
    claim = processing(stage)
    stage.ledger.release(claim.lease, next_at=stage.clock.now() + HOUR)
    inbox.keep(arrival())
    alarm = Alarm(kind="post_alarm", post=claim.post, payload={"why": "test"})
    inbox.finish(take_one(inbox), "done", post_id=claim.post.id, entry=NOTE, wake=True, alarm=alarm)
    assert due_at(stage, claim.post.id) == stage.clock.now()
    assert stage.ledger.timeline(claim.post.id)[-1].call == NOTE.call
    kinds = select(events.c.kind).order_by(events.c.id.desc()).limit(1)
    assert stage.database.read(lambda conn: conn.execute(kinds).scalar_one()) == "post_alarm"


def test_the_time_of_the_last_webhook_is_known(stage: Stage, inbox: SqlInbox) -> None:
    assert inbox.last_received() is None
    inbox.keep(arrival())
    stage.clock.advance(5)
    inbox.keep(arrival("d2"))
    assert inbox.last_received() == stage.clock.now()


def wake(inbox: SqlInbox, post_id: str) -> None:
    """Let a webhook tell of a post."""
    inbox.keep(arrival(IDS.token()))
    inbox.finish(take_one(inbox), "told", post_id=post_id, wake=True)


def test_a_wake_never_ends_a_lease_but_the_release_comes_due_at_once(stage: Stage, inbox: SqlInbox) -> None:
    claim = processing(stage)
    before = due_at(stage, claim.post.id)
    wake(inbox, claim.post.id)
    assert due_at(stage, claim.post.id) == before
    stage.ledger.release(claim.lease, next_at=None)
    assert due_at(stage, claim.post.id) == stage.clock.now()


def test_a_wake_before_the_claim_is_not_answered_twice(stage: Stage, inbox: SqlInbox) -> None:
    claim = processing(stage)
    stage.ledger.release(claim.lease, next_at=stage.clock.now() + HOUR)
    wake(inbox, claim.post.id)
    again = stage.claim()
    stage.ledger.release(again.lease, next_at=stage.clock.now() + HOUR)
    assert due_at(stage, claim.post.id) == stage.clock.now() + HOUR


@pytest.mark.parametrize("change", [None, Change(tries=1)])
def test_a_post_that_waits_for_its_slot_is_not_hurried(
    stage: Stage, inbox: SqlInbox, change: Change | None
) -> None:
    claim = stage.begun()
    wake(inbox, claim.post.id)
    later = stage.clock.now() + HOUR
    stage.ledger.release(claim.lease, next_at=later, change=change)
    assert due_at(stage, claim.post.id) == later
    wake(inbox, claim.post.id)
    assert due_at(stage, claim.post.id) == later


def test_a_release_that_ends_a_post_leaves_it_at_rest(stage: Stage, inbox: SqlInbox) -> None:
    claim = processing(stage)
    wake(inbox, claim.post.id)
    stage.ledger.release(claim.lease, next_at=None, change=Change(state=State.PUBLISHED_PUBLIC))
    assert due_at(stage, claim.post.id) is None


def test_a_post_is_taken_out_of_turn_and_keeps_its_schedule(stage: Stage) -> None:
    claim = processing(stage)
    later = stage.clock.now() + HOUR
    stage.ledger.release(claim.lease, next_at=later)
    taken = stage.ledger.take(claim.post.id, "webhooks", ttl_ms=TTL)
    assert taken is not None
    assert (taken.post.next_at, taken.attempt and taken.attempt.id) == (later, "gate-1")
    assert due_at(stage, claim.post.id) == stage.clock.now() + TTL
    assert stage.ledger.take(claim.post.id, "another", ttl_ms=TTL) is None
    stage.ledger.save(taken.lease, Change(state=State.PUBLISHED_PUBLIC))
    stage.ledger.release(taken.lease, next_at=None)


def test_a_post_whose_owner_has_gone_silent_can_be_taken(stage: Stage) -> None:
    claim = processing(stage)
    stage.clock.advance(TTL)
    assert stage.ledger.take(claim.post.id, "webhooks", ttl_ms=TTL) is not None
    with pytest.raises(LeaseLost):
        stage.ledger.save(claim.lease, Change())


def test_a_publish_id_leads_to_its_attempt_whatever_became_of_it(stage: Stage) -> None:
    claim = processing(stage)
    stage.ledger.resolve_attempt(
        claim.lease, "gate-1", AttemptState.REJECTED, Change(state=State.SENDING), NOTE
    )
    found = stage.ledger.told_of("pub-1")
    assert found is not None
    assert (found[0].id, found[1].state) == (claim.post.id, AttemptState.REJECTED)
    assert stage.ledger.told_of("pub-9") is None


def voided(stage: Stage, gate: str, **changes: str) -> str:
    """Have a post whose only attempt is void; return its id."""
    claim = stage.begun(gate, **changes)
    stage.ledger.resolve_attempt(claim.lease, gate, AttemptState.VOID, Change(), NOTE)
    stage.ledger.release(claim.lease, next_at=None)
    return claim.post.id


def test_an_unknown_publish_id_goes_to_the_newest_void_attempt_of_the_account(stage: Stage) -> None:
    voided(stage, "older")
    stage.clock.advance(1000)
    newest = voided(stage, "newest")
    window = (stage.clock.now() - HOUR, stage.clock.now())
    assert not stage.ledger.adopt({"b"}, "pub-x", window, NOTE)
    assert not stage.ledger.adopt({"a"}, "pub-x", (window[0], window[0] + 1), NOTE)
    assert stage.ledger.adopt({"a", "b"}, "pub-x", window, NOTE)
    found = stage.ledger.told_of("pub-x")
    assert found is not None
    assert (found[0].id, found[1].id) == (newest, "newest")
    assert stage.ledger.timeline(newest)[-1].call == NOTE.call


def test_unknown_publish_ids_go_to_one_void_attempt_each_while_there_are_any(stage: Stage) -> None:
    older = voided(stage, "older")
    stage.clock.advance(1000)
    newest = voided(stage, "newest")
    window = (0, stage.clock.now())
    taken = [
        stage.ledger.adopt({"a"}, publish_id, window, NOTE) for publish_id in ("pub-x", "pub-y", "pub-z")
    ]
    assert taken == [True, True, False]
    found = [stage.ledger.told_of(publish_id) for publish_id in ("pub-x", "pub-y")]
    assert [one and one[0].id for one in found] == [newest, older]
    assert stage.attempt_states(newest) == stage.attempt_states(older) == [AttemptState.VOID]


@pytest.mark.parametrize(
    ("publish_id", "meant"),
    [
        ("v_pub_file~v2-1.76", "file"),
        ("v_inbox_file~v2.76", "file"),
        ("v_pub_url~v2.76", "url"),
        ("p_pub_url~v2.76", "photos"),
        ("p_inbox_url~v2.76", "photos"),
        ("something_new~v9.76", "photos"),
    ],
)
def test_an_unknown_publish_id_goes_to_no_attempt_of_another_sort(
    stage: Stage, publish_id: str, meant: str
) -> None:
    sorts: dict[str, dict[str, str]] = {
        "file": {},
        "url": {"transfer": "pull"},
        "photos": {"kind": "photo", "transfer": "pull"},
    }
    for gate, sort in sorts.items():
        voided(stage, gate, **sort)
        stage.clock.advance(1000)
    assert stage.ledger.adopt({"a"}, publish_id, (0, stage.clock.now()), NOTE)
    found = stage.ledger.told_of(publish_id)
    assert found is not None
    assert found[1].id == meant


def test_a_known_publish_id_is_never_given_to_another_attempt(stage: Stage) -> None:
    voided(stage, "void")
    claim = stage.open_gate(stage.begun())
    assert not stage.ledger.adopt({"a"}, "pub-1", (0, stage.clock.now()), NOTE)
    assert stage.ledger.attempts(claim.post.id)[0].publish_id == "pub-1"


def test_nothing_is_adopted_while_an_answer_may_still_come(stage: Stage) -> None:
    voided(stage, "void")
    stage.begun()
    with pytest.raises(AccountBusy):
        stage.ledger.adopt({"a"}, "pub-x", (0, stage.clock.now()), NOTE)
    assert not stage.ledger.adopt({"b"}, "pub-x", (0, stage.clock.now()), NOTE)
