"""A thread that does one thing again and again until it is stopped."""

import threading
from collections.abc import Callable

from connector.kernel.log import get_log

log = get_log("worker")


class Keeper:
    """Calls `act` until it is stopped, in a thread called `name`; any number of processes may have one.

    `act` returns after how many seconds it wants to be called again. Where it raises, that is logged as
    `trouble`, and it is called again after `rest_s` seconds.
    """

    def __init__(self, name: str, act: Callable[[], float], *, trouble: str, rest_s: float) -> None:
        self._act = act
        self._trouble = trouble
        self._rest_s = rest_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Take nothing more in hand."""
        self._stopping.set()

    def stop(self, *, timeout_s: float) -> None:
        """Take nothing more in hand, and wait for what is."""
        self.end()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            try:
                nap_s = self._act()
            except Exception:
                log.exception(self._trouble)
                nap_s = self._rest_s
            self._stopping.wait(nap_s)
