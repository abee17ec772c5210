"""The net under the broker: what the threads of this process work on by themselves."""

import threading

from connector.dispatch.dispatcher import Dispatcher
from connector.dispatch.queues import QUEUES, moving_of
from connector.engine.claim import InHand
from connector.engine.context import Context
from connector.engine.due import DuePosts
from connector.engine.model import Claim, Lease

LOOK_AGAIN_S = 0.1
"""Where something is due that is left to others, it is looked again after so long."""


class Net:
    """`connector.engine.due.Source`: what was sent and not taken, and what is late.

    What is due counts as late after `late_s` seconds; while no broker is reached, at once. Work of queues
    that this process does not listen to is done only where there is none of its own, one post at a time.
    """

    def __init__(
        self,
        context: Context,
        dispatcher: Dispatcher,
        *,
        owner: str,
        lease_s: float,
        late_s: float,
        in_hand: InHand,
        queues: frozenset[str],
    ) -> None:
        self._dispatcher = dispatcher
        self._yields_ms = context.late_ms
        self._late_ms = round(late_s * 1000)
        self._in_hand = in_hand
        self._own = queues
        self._others = frozenset(QUEUES.values()) - queues
        self._due, self._due_to_others = (
            DuePosts(
                context.ledger, owner, lease_s=lease_s, late_ms=self._patience_ms, moving=moving_of(which)
            )
            for which in (self._own, self._others)
        )
        self._for_others: Lease | None = None
        self._lock = threading.Lock()

    def _patience_ms(self) -> int:
        return self._late_ms if self._dispatcher.is_up() else self._yields_ms()

    def claim(self) -> list[Claim]:
        """Return a post that was overlooked, else one that is late; of this process's own queues first."""
        return self._claim(self._own, self._due) or self._claim_for_others()

    def _claim(self, queues: frozenset[str], due: DuePosts) -> list[Claim]:
        overlooked = self._dispatcher.overlooked(queues)
        return due.claim() if overlooked is None else [overlooked]

    def _claim_for_others(self) -> list[Claim]:
        with self._lock:
            if not self._others or self._for_others in self._in_hand.all():
                return []
            claims = self._claim(self._others, self._due_to_others)
            self._for_others = claims[0].lease if claims else None
            self._in_hand.add(claim.lease for claim in claims)
            return claims

    def due_in_s(self) -> float | None:
        """Return when the first of all is due."""
        times = (self._dispatcher.overdue_in_s(), self._due.due_in_s())
        first = min((one for one in times if one is not None), default=None)
        return first if first is None or not self._others else max(LOOK_AGAIN_S, first)
