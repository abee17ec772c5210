"""How fast bytes have been leaving for TikTok of late: measured on real uploads, kept in this process."""

from collections import deque
from threading import Lock

FEWEST_BYTES = 256 * 1024
"""A smaller piece says more about how far TikTok is than about how wide the line is."""

MOST_PIECES = 16
LASTS_S = 6 * 3600.0
"""Seconds after which a measurement no longer counts."""


class Uplink:
    """What the last pieces that were sent to TikTok took. Threads may share one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pieces: deque[tuple[float, int, float]] = deque(maxlen=MOST_PIECES)

    def note(self, size: int, seconds: float, *, at: float) -> None:
        """Note that a piece of `size` bytes took so many seconds to be sent, at `at` on the clock's ticks."""
        if size >= FEWEST_BYTES and seconds > 0:
            with self._lock:
                self._pieces.append((at, size, seconds))

    def rate(self, *, at: float) -> float | None:
        """Return the bytes a second of the last pieces; None where none was sent lately."""
        with self._lock:
            recent = [(size, seconds) for then, size, seconds in self._pieces if at - then <= LASTS_S]
        if not recent:
            return None
        return sum(size for size, _ in recent) / sum(seconds for _, seconds in recent)
