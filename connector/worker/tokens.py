"""The thread that renews tokens before they end."""

from connector.engine.tokens import Renewals
from connector.kernel.clock import Clock
from connector.worker.keeper import Keeper

LONGEST_NAP_S = 5.0
"""What another process has connected is found within it."""

SHORTEST_NAP_S = 0.2


class TokenKeeper(Keeper):
    """Renews what is due, at once where there is more."""

    def __init__(self, renewals: Renewals, clock: Clock) -> None:
        self._renewals = renewals
        self._clock = clock
        super().__init__("tokens", self._renew, trouble="renewals_failed", rest_s=LONGEST_NAP_S)

    def _renew(self) -> float:
        taken, nap_s = self._renewals.due(), self._nap()
        return 0.0 if taken else nap_s

    def _nap(self) -> float:
        due = self._renewals.next_due()
        left = LONGEST_NAP_S if due is None else (due - self._clock.now()) / 1000
        return min(LONGEST_NAP_S, max(SHORTEST_NAP_S, left))
