"""The ledger's port, leases: one owner at a time, and only for a time."""

from dataclasses import replace

from connector.domain.lifecycle import AttemptState, State
from connector.engine.model import Change
from tests.ledgers import NOTE, TTL, VIDEO, Stage

pytest_plugins = ("tests.databases", "tests.ledgers")


def test_a_claim_leases_a_due_post_for_its_time(stage: Stage) -> None:
    post = stage.accept()
    claim = stage.claim("me")
    assert claim.post == replace(post, next_at=stage.clock.now() + TTL)
    assert (claim.lease.post_id, claim.lease.owner) == (post.id, "me")
    assert claim.attempt is None
    assert stage.ledger.claim("you", limit=10, ttl_ms=TTL) == []


def test_the_longest_due_come_first_and_no_more_than_asked_for(stage: Stage) -> None:
    ids = []
    for _ in range(3):
        ids.append(stage.accept().id)
        stage.clock.advance(1)
    assert [claim.post.id for claim in stage.ledger.claim("me", limit=2, ttl_ms=TTL)] == ids[:2]
    assert [claim.post.id for claim in stage.ledger.claim("me", limit=2, ttl_ms=TTL)] == ids[2:]


def test_nothing_is_claimed_before_it_is_due(stage: Stage) -> None:
    stage.accept()
    stage.ledger.release(stage.claim().lease, next_at=stage.clock.now() + 50)
    stage.clock.advance(49)
    assert stage.ledger.claim("me", limit=1, ttl_ms=TTL) == []
    stage.clock.advance(1)
    assert stage.claim().post.state is State.QUEUED


def test_an_expired_lease_is_taken_over_under_another_token(stage: Stage) -> None:
    stage.accept()
    first = stage.claim("first")
    stage.clock.advance(TTL)
    second = stage.claim("second")
    assert second.lease.token != first.lease.token
    assert stage.ledger.renew([first.lease], ttl_ms=TTL) == {first.post.id}


def test_an_expired_lease_that_nobody_took_still_writes(stage: Stage) -> None:
    stage.accept()
    claim = stage.claim()
    stage.clock.advance(10 * TTL)
    assert stage.ledger.save(claim.lease, Change(state=State.FETCHING)).state is State.FETCHING


def test_a_renewed_lease_lasts_from_now(stage: Stage) -> None:
    stage.accept()
    claim = stage.claim()
    stage.clock.advance(TTL - 1)
    assert stage.ledger.renew([claim.lease], ttl_ms=TTL) == frozenset()
    stage.clock.advance(TTL - 1)
    assert stage.ledger.claim("you", limit=1, ttl_ms=TTL) == []


def test_renew_names_exactly_the_leases_that_are_lost(stage: Stage) -> None:
    stage.accept()
    stage.accept()
    kept, lost = stage.ledger.claim("me", limit=2, ttl_ms=TTL)
    stage.ledger.release(lost.lease, next_at=None)
    assert stage.ledger.renew([kept.lease, lost.lease], ttl_ms=TTL) == {lost.post.id}
    assert stage.ledger.renew([], ttl_ms=TTL) == frozenset()


def test_next_due_is_the_earliest_of_schedules_and_leases(stage: Stage) -> None:
    assert stage.ledger.next_due() is None
    stage.accept()
    assert stage.ledger.next_due() == stage.clock.now()
    claim = stage.claim()
    assert stage.ledger.next_due() == stage.clock.now() + TTL
    stage.ledger.release(claim.lease, next_at=None)
    assert stage.ledger.next_due() is None


def test_releasing_every_owner_frees_every_lease(stage: Stage) -> None:
    stage.accept()
    stage.accept()
    stage.ledger.claim("one", limit=1, ttl_ms=TTL)
    stage.ledger.claim("two", limit=1, ttl_ms=TTL)
    assert stage.ledger.release_all() == 2
    assert len(stage.ledger.claim("three", limit=5, ttl_ms=TTL)) == 2


def test_a_claim_brings_media_and_the_live_attempt(stage: Stage) -> None:
    begun = stage.begun()
    stage.clock.advance(TTL)
    again = stage.claim()
    assert again.post.media == (VIDEO,)
    assert again.attempt == begun.attempt


def test_a_claim_does_not_bring_an_attempt_that_is_over(stage: Stage) -> None:
    claim = stage.begun()
    stage.ledger.resolve_attempt(claim.lease, "gate-1", AttemptState.VOID, Change(), NOTE)
    stage.clock.advance(TTL)
    assert stage.claim().attempt is None


def test_time_is_the_store_s_own(stage: Stage) -> None:
    assert stage.ledger.now() == stage.clock.now()


def test_only_what_is_late_is_claimed_where_that_is_asked_for(stage: Stage) -> None:
    post = stage.accept()
    stage.clock.advance(4_999)
    assert stage.ledger.claim("net", limit=1, ttl_ms=TTL, late_ms=5_000) == []
    stage.clock.advance(1)
    (claim,) = stage.ledger.claim("net", limit=1, ttl_ms=TTL, late_ms=5_000)
    assert claim.post.id == post.id


def test_what_moves_files_is_claimed_apart_where_that_is_asked_for(stage: Stage) -> None:
    claim = stage.begun()
    stage.ledger.release(claim.lease, next_at=stage.clock.now(), change=Change(state=State.PROCESSING))
    video = stage.accept()
    (moves,) = stage.ledger.claim("media", limit=9, ttl_ms=TTL, moving=True)
    (asks,) = stage.ledger.claim("light", limit=9, ttl_ms=TTL, moving=False)
    assert (moves.post.id, asks.post.id) == (video.id, claim.post.id)
