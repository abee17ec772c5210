"""Where worker threads get their posts from: one of them asks for all that wait."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import cast

import pytest

from connector.engine.due import DuePosts
from connector.engine.model import Claim
from connector.engine.ports import Ledger

PATIENCE_S = 10


@dataclass
class Stock:
    """A ledger that has numbers in place of posts; its first answer can be held up."""

    left: list[int]
    asked: list[int] = field(default_factory=list)
    is_asked: threading.Event = field(default_factory=threading.Event)
    may_answer: threading.Event = field(default_factory=threading.Event)

    def claim(self, owner: str, *, limit: int, **terms: object) -> list[int]:
        """Give up to `limit` of them."""
        assert (owner, terms) == ("me", {"ttl_ms": 2_000, "late_ms": 0, "moving": None})
        self.asked.append(limit)
        self.is_asked.set()
        assert self.may_answer.wait(PATIENCE_S)
        given, self.left = self.left[:limit], self.left[limit:]
        return given


def source(stock: Stock) -> DuePosts:
    """Return the posts of a stock."""
    return DuePosts(cast(Ledger, stock), "me", lease_s=2)


def spelt(claims: list[Claim]) -> list[str]:
    """Return the numbers that stand in place of claims."""
    return [str(claim) for claim in claims]


def test_one_who_asks_alone_is_given_one() -> None:
    stock = Stock([1, 2])
    stock.may_answer.set()
    due = source(stock)
    assert [spelt(due.claim()) for _ in range(3)] == [["1"], ["2"], []]
    assert stock.asked == [1, 1, 1]


@pytest.mark.parametrize(("left", "given"), [([1, 2, 3, 4], 4), ([1, 2], 2)])
def test_those_who_wait_while_one_asks_are_given_theirs_by_one_question(left: list[int], given: int) -> None:
    stock = Stock(left)
    due = source(stock)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(due.claim)
        assert stock.is_asked.wait(PATIENCE_S)
        others = [pool.submit(due.claim) for _ in range(3)]
        reached = threading.Event()
        while due.waiting < len(others):
            assert not reached.wait(0.001)
        stock.may_answer.set()
        found: list[Claim] = [claim for one in (first, *others) for claim in one.result(PATIENCE_S)]
    assert sorted(spelt(found)) == [str(number) for number in range(1, given + 1)]
    assert stock.asked[:2] == [1, 3]


def test_a_question_that_fails_harms_who_asked_alone() -> None:
    stock = Stock([1])
    stock.may_answer.set()
    refusing = DuePosts(cast(Ledger, stock), "nobody", lease_s=2)
    with pytest.raises(AssertionError):
        refusing.claim()
    assert refusing.waiting == 0
    assert spelt(source(stock).claim()) == ["1"]
