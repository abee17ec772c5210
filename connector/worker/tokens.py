"""The thread that renews tokens before they end."""

import threading

from connector.engine.tokens import Renewals
from connector.kernel.clock import Clock
from connector.kernel.log import get_log

log = get_log("worker")

LONGEST_NAP_S = 5.0
"""What another process has connected is found within it."""

SHORTEST_NAP_S = 0.2


class TokenKeeper:
    """Renews what is due, until it is stopped; any number of processes may have one."""

    def __init__(self, renewals: Renewals, clock: Clock) -> None:
        self._renewals = renewals
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="tokens", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, *, timeout_s: float) -> None:
        """Take nothing more in hand, and wait for what is."""
        self._stopping.set()
        self._thread.join(timeout_s)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            try:
                taken, nap = self._renewals.due(), self._nap()
            except Exception:
                log.exception("renewals_failed")
                taken, nap = 0, LONGEST_NAP_S
            if not taken:
                self._stopping.wait(nap)

    def _nap(self) -> float:
        due = self._renewals.next_due()
        left = LONGEST_NAP_S if due is None else (due - self._clock.now()) / 1000
        return min(LONGEST_NAP_S, max(SHORTEST_NAP_S, left))
