"""Whether this process reaches TikTok at all: while it does not, others have the first go at what is due."""

from threading import Lock

from connector.kernel.clock import Clock

YIELDS_MS = 2_000
"""How long a post must have been due before a process takes it that does not reach TikTok.

The others look twice a second. Where there are none, it is worked on a little later.
"""

LASTS_S = 60.0
"""Seconds after which such a process tries its luck as everybody does."""


class Reach:
    """What the last calls to TikTok have shown. Threads may share one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._lost_at: float | None = None

    def lost(self) -> None:
        """Note that a call did not leave: no name, no way, nobody there."""
        with self._lock:
            self._lost_at = self._clock.ticks()

    def found(self) -> None:
        """Note that TikTok has answered."""
        with self._lock:
            self._lost_at = None

    def late_ms(self) -> int:
        """Return for how many milliseconds a post must have been due before this process takes it."""
        with self._lock:
            is_lost = self._lost_at is not None and self._clock.ticks() - self._lost_at < LASTS_S
        return YIELDS_MS if is_lost else 0
