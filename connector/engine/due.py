"""Where the threads that work on posts get them from."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from connector.engine.model import Claim
from connector.engine.ports import Ledger


class Source(Protocol):
    """Gives posts to work on."""

    def claim(self) -> list[Claim]:
        """Return posts that are leased to this process now; none where there are none."""

    def due_in_s(self) -> float | None:
        """Return after how many seconds there may be one, None where none is known of."""


class DuePosts:
    """The posts of the ledger that have been due for `late_ms`, one at a time, leased to `owner`.

    Any number of threads may share it: one asks the ledger for as many as wait, and each of them takes one.
    With `moving` those alone that move a file next, or those alone that do not.
    """

    def __init__(
        self,
        ledger: Ledger,
        owner: str,
        *,
        lease_s: float,
        late_ms: Callable[[], int] = lambda: 0,
        moving: bool | None = None,
    ) -> None:
        self._ledger = ledger
        self._owner = owner
        self._ttl_ms = round(lease_s * 1000)
        self._late_ms = late_ms
        self._moving = moving
        self._asking = threading.Lock()
        self._wanted = threading.Lock()
        self._claimed: deque[Claim] = deque()
        self.waiting = 0
        """Threads that wait for a post, the one that asks for it not among them."""

    def claim(self) -> list[Claim]:
        """Lease the post that is due the longest."""
        self._wait(1)
        with self._asking:
            self._wait(-1)
            if not self._claimed:
                self._claimed.extend(self._lease(1 + self.waiting))
            return [self._claimed.popleft()] if self._claimed else []

    def _wait(self, more: int) -> None:
        with self._wanted:
            self.waiting += more

    def _lease(self, most: int) -> list[Claim]:
        return self._ledger.claim(
            self._owner, limit=most, ttl_ms=self._ttl_ms, late_ms=self._late_ms(), moving=self._moving
        )

    def due_in_s(self) -> float | None:
        """Look for the earliest of all; 0 where it should have been claimed already."""
        due = self._ledger.next_due()
        return None if due is None else max(0.0, (due + self._late_ms() - self._ledger.now()) / 1000)
