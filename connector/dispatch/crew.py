"""What a message makes a worker do: take the post, if the token is good still, and see it through."""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from connector.engine.claim import InHand, work_on
from connector.engine.context import Context
from connector.engine.model import Lease
from connector.engine.steps import later
from connector.kernel.log import get_log

log = get_log("dispatch")

POSTS = "posts"
"""The one table whose rows are dispatched."""

WORKED, LEFT, STALE, UNKNOWN, FAILED = "worked", "left", "stale", "unknown", "failed"
"""What became of a message, as Flower shows it."""


class Crew:
    """The `threads` threads of this process that work on what comes through `queues`."""

    def __init__(
        self,
        context: Context,
        *,
        owner: str,
        threads: int,
        lease_s: float,
        in_hand: InHand,
        queues: frozenset[str],
    ) -> None:
        self._context = context
        self._owner = owner
        self._threads = threads
        self._ttl_ms = round(lease_s * 1000)
        self._in_hand = in_hand
        self.queues = queues
        self._lock = threading.Lock()
        self._busy = 0
        self._full_at = context.clock.ticks()
        self._heard_at = dict.fromkeys(queues, self._full_at)

    def work(self, queue: str, table: str, row_id: str, token: str) -> str:
        """Do what a message that came through `queue` asks for; say what became of it. Never raises.

        A message that comes twice, late, or from an earlier life of the broker takes nothing.
        """
        with self._at_work(queue):
            if table != POSTS:
                log.warning("message_unknown", table=table)
                return UNKNOWN
            try:
                return self._take(Lease(post_id=row_id, token=token, owner=""))
            except Exception:
                # Its dispatcher finds that it was not taken, and works on it itself.
                log.exception("message_failed", post_id=row_id)
                return FAILED

    def _take(self, lease: Lease) -> str:
        claim = self._context.ledger.hand_over(lease, self._owner, ttl_ms=self._ttl_ms)
        if claim is None:
            log.info("message_stale", post_id=lease.post_id)
            return STALE
        yields_ms = self._context.late_ms()
        if yields_ms:
            # Not due at once: it would be sent here again before the queues are left.
            later(self._context, claim, yields_ms)
            log.info("message_left", post_id=lease.post_id)
            return LEFT
        self._in_hand.add([claim.lease])
        work_on(self._context, claim, self._in_hand)
        return WORKED

    @contextmanager
    def _at_work(self, queue: str) -> Iterator[None]:
        self._note(1)
        self._hear(self.queues & {queue})
        try:
            yield
        finally:
            self._note(-1)

    def _note(self, more: int) -> None:
        with self._lock:
            if max(self._busy, self._busy + more) >= self._threads:
                self._full_at = self._context.clock.ticks()
            self._busy += more

    def _hear(self, queues: Collection[str]) -> None:
        with self._lock:
            self._heard_at.update(dict.fromkeys(queues, self._context.clock.ticks()))

    def stir(self) -> None:
        """Note that the broker's queues have only now been reached: nothing could be heard before."""
        self._hear(self.queues)

    def has_waited_since(self, queue: str, at_s: float) -> bool:
        """Tell whether somebody here has waited for a message in `queue` since `at_s`, and none has come."""
        with self._lock:
            is_free = self._busy < self._threads and self._full_at < at_s
            return queue in self.queues and is_free and self._heard_at[queue] < at_s
