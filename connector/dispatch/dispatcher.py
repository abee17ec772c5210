"""Leases due posts and tells the broker of them, a few at a time; knows which of them nobody takes."""

import threading
from collections.abc import Collection, Mapping
from contextlib import suppress

from connector.dispatch.crew import POSTS, Crew
from connector.dispatch.line import Line, LineLost
from connector.dispatch.queues import QUEUES, moving_of, queue_of
from connector.dispatch.watchdog import Watchdog
from connector.dispatch.window import Dispatched, Window
from connector.engine.claim import InHand
from connector.engine.context import Context
from connector.engine.model import Claim, Lease
from connector.engine.ports import LeaseLost
from connector.kernel.log import get_log

log = get_log("dispatch")

LONGEST_NAP_S = 0.5
"""The longest look-away from the ledger while all is well."""

LOOK_AGAIN_S = 0.1
"""How soon it is looked at what has been taken of that which is under way."""

BREATH_S = 0.01
"""The shortest time between two looks that find nothing."""

AFTER_TROUBLE_S = 1.0
"""After a message that could not be sent the broker counts as away for so long, whatever it says itself."""

AT_ONCE = 16
"""Posts leased in one transaction."""

MOST_UNREAD = 16
"""Messages in a queue from which nobody takes ours, above which none is added: they would pile up."""

OVERDUE_LEASES = 2
"""Times a lease after which a post under way counts as overlooked."""


class Dispatcher:
    """Sends due posts through `line` from a thread of its own, leased to `owner` until somebody takes them.

    Their leases are kept alive through `in_hand` for as long as this process lives. `crew` are this process's
    own workers, whom `watchdog` watches. While TikTok cannot be reached from here all is left to others.
    """

    def __init__(
        self,
        context: Context,
        line: Line,
        crew: Crew,
        watchdog: Watchdog,
        *,
        owner: str,
        lease_s: float,
        in_hand: InHand,
        window: Window,
    ) -> None:
        self._ledger = context.ledger
        self._clock = context.clock
        self._yields_ms = context.late_ms
        self._line = line
        self._crew = crew
        self._watchdog = watchdog
        self._owner = owner
        self._ttl_ms = round(lease_s * 1000)
        self._overdue_s = OVERDUE_LEASES * lease_s
        self._in_hand = in_hand
        self._window = window
        self._unread: set[str] = set()
        self._again_at = context.clock.ticks()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Say that a post has become due."""
        self._woken.set()

    def ask_to_stop(self) -> None:
        """Send nothing more. What is under way stays so until somebody takes it, or its lease ends."""
        self._stopping.set()
        self._woken.set()

    def stop(self, *, timeout_s: float) -> None:
        """Send nothing more, and wait until nothing is being sent."""
        self.ask_to_stop()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def is_up(self) -> bool:
        """Tell whether posts are being dispatched at all."""
        return not self._yields_ms() and self._line.is_up() and self._clock.ticks() >= self._again_at

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                nap_s = self.look()
            except Exception:
                log.exception("dispatch_failed")
                nap_s = AFTER_TROUBLE_S
            self._woken.wait(nap_s)

    def look(self) -> float:
        """Send what is due and there is room for; return after how many seconds to look again."""
        self._forget_taken()
        if not self.is_up():
            return AFTER_TROUBLE_S
        try:
            self._watchdog.look()
            rooms = {queue: room for queue in QUEUES.values() if (room := self._room(queue))}
        except LineLost as lost:
            log.warning("broker_lost", reason=str(lost), given_back=0)
            self._again_at = self._clock.ticks() + AFTER_TROUBLE_S
            return AFTER_TROUBLE_S
        return self._send_due(rooms) if rooms else LOOK_AGAIN_S

    def _send_due(self, rooms: Mapping[str, int]) -> float:
        limit = min(AT_ONCE, *rooms.values())
        claims = self._ledger.claim(
            self._owner, limit=limit, ttl_ms=self._ttl_ms, moving=moving_of(rooms.keys())
        )
        if claims:
            return 0.0 if self._send_all(claims) else AFTER_TROUBLE_S
        if len(rooms) < len(QUEUES):
            return LOOK_AGAIN_S
        longest = LONGEST_NAP_S if self._window.oldest_s() is None else LOOK_AGAIN_S
        due = self._ledger.next_due()
        return longest if due is None else min(longest, max(BREATH_S, (due - self._ledger.now()) / 1000))

    def _room(self, queue: str) -> int:
        """Return how many may be sent to a queue: none while what was sent there lies about."""
        if queue in self._unread and self._line.depth(queue) >= MOST_UNREAD:
            return 0
        return self._window.room(queue)

    def _forget_taken(self) -> None:
        leases = self._window.leases()
        if not leases:
            return
        held = self._ledger.still_held(leases)
        taken = self._forget([lease for lease in leases if lease.post_id not in held])
        self._unread -= {one.queue for one in taken}

    def _forget(self, leases: list[Lease]) -> list[Dispatched]:
        for lease in leases:
            self._in_hand.remove(lease)
        return self._window.remove(leases)

    def _send_all(self, claims: list[Claim]) -> bool:
        """Send what has been leased; what cannot be sent is given back, for whoever can work on it."""
        self._in_hand.add(claim.lease for claim in claims)
        sent = 0
        try:
            for claim in claims:
                self._send(claim)
                sent += 1
        except LineLost as lost:
            log.warning("broker_lost", reason=str(lost), given_back=len(claims) - sent)
        finally:
            if sent < len(claims):
                self._again_at = self._clock.ticks() + AFTER_TROUBLE_S
                self._give_back([claim.lease for claim in claims[sent:]])
        return sent == len(claims)

    def _send(self, claim: Claim) -> None:
        one = Dispatched(lease=claim.lease, queue=queue_of(claim), at_s=self._clock.ticks())
        self._window.add(one)
        self._line.send(one.queue, POSTS, one.lease.post_id, one.lease.token)

    def _give_back(self, leases: list[Lease]) -> None:
        self._forget(leases)
        for lease in leases:
            # Lost only where the message did arrive and somebody has taken it.
            with suppress(LeaseLost):
                self._ledger.release(lease, next_at=self._ledger.now())

    def overlooked(self, queues: Collection[str]) -> Claim | None:
        """Take back the post in `queues` that nobody has taken for two leases, if there is one."""
        one = self._window.pop_sent_before(self._clock.ticks() - self._overdue_s, queues)
        if one is None:
            return None
        try:
            claim = self._ledger.hand_over(one.lease, self._owner, ttl_ms=self._ttl_ms)
        except Exception:
            self._window.add(one)
            raise
        self._in_hand.remove(one.lease)
        if claim is None:
            return None
        self._unread.add(one.queue)
        # While all are busy here it is likely to be waiting for its turn.
        is_lost = self.is_up() and self._crew.has_waited_since(one.queue, one.at_s)
        tell = log.warning if is_lost else log.info
        tell("dispatched_not_taken", post_id=one.lease.post_id, queue=one.queue)
        return claim

    def overdue_in_s(self) -> float | None:
        """Return after how many seconds the next post counts as overlooked, None while none is under way."""
        oldest = self._window.oldest_s()
        return None if oldest is None else max(0.0, oldest + self._overdue_s - self._clock.ticks())
