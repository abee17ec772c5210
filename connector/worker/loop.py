"""The work loop: threads that claim due posts, one keeper that renews their leases, one way to stop."""

import threading

from connector.engine.claim import InHand, work_on
from connector.engine.context import Context
from connector.engine.due import DuePosts, Source
from connector.kernel.log import get_log

log = get_log("worker")

LONGEST_NAP_S = 0.5
"""The longest look-away from the ledger: what other processes have made due is found within it."""

AFTER_TROUBLE_S = 1.0
RENEWALS_PER_LEASE = 3


class Worker:
    """`threads` threads that work on due posts as `owner`, each with a lease of `lease_s` seconds.

    `source`, where it is given, is where the posts come from. The leases of `in_hand` are kept alive, whoever
    in this process put them there.
    """

    def __init__(
        self,
        context: Context,
        *,
        owner: str,
        threads: int,
        lease_s: float,
        source: Source | None = None,
        in_hand: InHand | None = None,
    ) -> None:
        self._context = context
        self._lease_s = lease_s
        self._source = source or DuePosts(context.ledger, owner, lease_s=lease_s, late_ms=context.late_ms)
        self._in_hand = in_hand or InHand()
        self._due = threading.Condition()
        self._alarms = 0
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"work-{number}", daemon=True)
            for number in range(threads)
        ]
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        for thread in (*self._threads, self._keeper):
            thread.start()

    def wake(self) -> None:
        """Say that a post has become due, so that it is claimed at once."""
        with self._due:
            self._alarms += 1
            self._due.notify()

    def ask_to_stop(self) -> None:
        """Claim nothing more; the work in hand goes on to its next safe point."""
        self._stopping.set()
        with self._due:
            self._due.notify_all()

    def stop(self, *, timeout_s: float) -> bool:
        """Claim nothing more and wait for the work in hand; False when some of it did not end in time."""
        self.ask_to_stop()
        deadline = self._context.clock.ticks() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._context.clock.ticks()))
        self._ended.set()
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        while not self._stopping.is_set():
            with self._due:
                seen = self._alarms
            try:
                claims = self._source.claim()
            except Exception:
                log.exception("claim_failed")
                self._stopping.wait(AFTER_TROUBLE_S)
                continue
            self._in_hand.add(claim.lease for claim in claims)
            for claim in claims:
                work_on(self._context, claim, self._in_hand)
            if not claims:
                self._nap(seen)

    def _nap(self, seen: int) -> None:
        """Sleep until a wake since `seen`, the next due time, or a while."""
        nap = min(LONGEST_NAP_S, self._seconds_until_due())
        with self._due:
            if self._alarms == seen and not self._stopping.is_set():
                self._due.wait(nap)

    def _seconds_until_due(self) -> float:
        try:
            due = self._source.due_in_s()
        except Exception:
            log.exception("next_due_failed")
            return LONGEST_NAP_S
        return LONGEST_NAP_S if due is None else due

    def _keep(self) -> None:
        """Renew the leases in hand until the last work ends, and nothing else: nothing may hold that up."""
        while not self._ended.wait(self._lease_s / RENEWALS_PER_LEASE):
            try:
                self._context.ledger.renew(self._in_hand.all(), ttl_ms=round(self._lease_s * 1000))
            except Exception:
                log.exception("keep_failed")
