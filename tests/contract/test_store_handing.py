"""The ledger's port, leases that change hands: by their token alone, and once."""

from dataclasses import replace

import pytest

from connector.domain.lifecycle import State
from connector.engine.model import Change
from connector.engine.ports import LeaseLost
from tests.ledgers import TTL, Stage

pytest_plugins = ("tests.databases", "tests.ledgers")


def test_whoever_shows_the_token_takes_the_post_over_for_its_time(stage: Stage) -> None:
    claim = stage.begun()
    stage.clock.advance(TTL - 1)
    taken = stage.ledger.hand_over(replace(claim.lease, owner=""), "you", ttl_ms=TTL)
    assert taken is not None
    assert (taken.lease.owner, taken.post.next_at) == ("you", stage.clock.now() + TTL)
    assert taken.lease.token != claim.lease.token
    assert taken.attempt == claim.attempt
    assert stage.ledger.save(taken.lease, Change()).state is State.SENDING


def test_the_old_token_writes_nothing_and_takes_nothing_any_more(stage: Stage) -> None:
    stage.accept()
    claim = stage.claim()
    assert stage.ledger.hand_over(claim.lease, "you", ttl_ms=TTL) is not None
    assert stage.ledger.hand_over(claim.lease, "third", ttl_ms=TTL) is None
    with pytest.raises(LeaseLost):
        stage.ledger.save(claim.lease, Change(state=State.FETCHING))


def test_a_token_is_good_over_its_time_until_somebody_has_taken_the_post(stage: Stage) -> None:
    stage.accept()
    claim = stage.claim()
    stage.clock.advance(5 * TTL)
    assert stage.ledger.still_held([claim.lease]) == {claim.post.id}
    stage.claim("thief")
    assert stage.ledger.still_held([claim.lease]) == frozenset()
    assert stage.ledger.hand_over(claim.lease, "you", ttl_ms=TTL) is None


def test_a_token_is_of_no_use_for_another_post_or_one_given_back(stage: Stage) -> None:
    other = stage.accept()
    stage.ledger.release(stage.claim().lease, next_at=None)
    stage.accept()
    claim = stage.claim()
    assert stage.ledger.hand_over(replace(claim.lease, post_id=other.id), "you", ttl_ms=TTL) is None
    stage.ledger.release(claim.lease, next_at=None)
    assert stage.ledger.hand_over(claim.lease, "you", ttl_ms=TTL) is None


def test_of_many_leases_those_that_stand_are_named(stage: Stage) -> None:
    for _ in range(3):
        stage.accept()
    first, second, third = stage.ledger.claim("me", limit=3, ttl_ms=TTL)
    stage.ledger.release(first.lease, next_at=None)
    stage.ledger.hand_over(second.lease, "you", ttl_ms=TTL)
    leases = [claim.lease for claim in (first, second, third)]
    assert stage.ledger.still_held(leases) == {third.post.id}
    assert stage.ledger.still_held([]) == frozenset()
