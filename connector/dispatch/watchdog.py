"""Notices that messages get lost on their way: a queue that was deleted, a consumer that hears nothing."""

import threading
from collections.abc import Callable

from connector.kernel.log import get_log

log = get_log("dispatch")

IN_A_ROW = 5
"""Posts in a row that were sent and not taken, though somebody waited here, after which a new start helps."""


class Watchdog:
    """Calls `give_up` once, after `IN_A_ROW` posts in a row that nobody took."""

    def __init__(self, give_up: Callable[[], None]) -> None:
        self._give_up = give_up
        self._lock = threading.Lock()
        self._in_a_row = 0
        self.has_given_up = False

    def taken(self) -> None:
        """Note that somebody has taken what was sent."""
        with self._lock:
            self._in_a_row = 0

    def overlooked(self) -> None:
        """Note that nobody has taken what was sent, though somebody waited for it here."""
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row < IN_A_ROW or self.has_given_up:
                return
            self.has_given_up = True
        log.error("messages_lost", in_a_row=IN_A_ROW)
        self._give_up()
