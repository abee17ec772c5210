"""What is done by statements of its own may be done again, where nobody heard that it was done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from connector.engine.model import Change
from connector.engine.ports import LeaseLost
from connector.store.database import Database
from connector.store.ledger import SqlLedger
from tests.ledgers import IDS, NOTE, TTL, Stage, new_post

pytest_plugins = ("tests.databases", "tests.ledgers")

T = TypeVar("T")


@dataclass
class CutOff:
    """A database whose answer to the first run of `each` is lost, so that it is run again."""

    inner: Database

    def each(self, fn: Callable[[Connection], T]) -> T:
        """Run it twice, and tell of the second run alone."""
        self.inner.each(fn)
        return self.inner.each(fn)

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Read."""
        return self.inner.read(fn)

    def write(self, fn: Callable[[Connection], T]) -> T:
        """Write."""
        return self.inner.write(fn)

    def own_time(self) -> int | None:
        """Tell the time."""
        return self.inner.own_time()

    def time(self) -> int:
        """Tell the time."""
        return self.inner.time()

    def now(self, conn: Connection) -> int:
        """Tell the time."""
        return self.inner.now(conn)

    def close(self) -> None:
        """Leave it to its owner."""


@pytest.fixture
def cut(stage: Stage) -> SqlLedger:
    """Give the ledger whose answers are lost."""
    return SqlLedger(CutOff(stage.database), ids=IDS)


def test_a_post_with_a_key_is_stored_once(stage: Stage, cut: SqlLedger) -> None:
    new = new_post(idempotency_key="k")
    assert cut.accept(new).post.id == new.id
    assert [claim.post.id for claim in stage.ledger.claim("me", limit=9, ttl_ms=TTL)] == [new.id]
    assert len(stage.ledger.timeline(new.id)) == 1


def test_a_post_without_a_key_is_stored_by_a_transaction_that_is_run_once(
    stage: Stage, cut: SqlLedger
) -> None:
    new = new_post()
    assert not cut.accept(new).replayed
    assert stage.claim().post.id == new.id


def test_what_was_leased_unheard_is_due_again_when_its_lease_ends(stage: Stage, cut: SqlLedger) -> None:
    posts = {stage.accept().id, stage.accept().id}
    (heard,) = cut.claim("me", limit=1, ttl_ms=TTL)
    assert stage.ledger.claim("you", limit=9, ttl_ms=TTL) == []
    stage.clock.advance(TTL)
    assert {claim.post.id for claim in stage.ledger.claim("you", limit=9, ttl_ms=TTL)} == posts
    assert stage.ledger.renew([heard.lease], ttl_ms=TTL) == {heard.post.id}


def test_what_was_given_back_unheard_is_said_to_be_lost_and_is_given_back(
    stage: Stage, cut: SqlLedger
) -> None:
    stage.accept()
    claim = stage.claim()
    with pytest.raises(LeaseLost):
        cut.release(claim.lease, next_at=stage.clock.now() + 7)
    assert stage.ledger.next_due() == stage.clock.now() + 7


def test_what_is_given_back_with_a_change_is_written_by_a_transaction_that_is_run_once(
    stage: Stage, cut: SqlLedger
) -> None:
    claim = stage.fetched()
    before = stage.ledger.timeline(claim.post.id)
    cut.release(claim.lease, next_at=None, change=Change(tries=1), entries=[NOTE])
    assert len(stage.ledger.timeline(claim.post.id)) == len(before) + 1
