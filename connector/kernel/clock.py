"""The one reader of the clock, and the spelling of times.

Times inside Postrail are whole milliseconds since 1970-01-01 UTC; outside they are ISO 8601 with `Z`.
"""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> int:
        """Return the wall clock, UTC milliseconds since the epoch."""

    def ticks(self) -> float:
        """Return seconds on a clock that never goes back; only differences mean something."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        """Return the wall clock, UTC milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def ticks(self) -> float:
        """Return seconds on the monotonic clock."""
        return time.monotonic()


def to_iso(ms: int) -> str:
    """Spell UTC milliseconds as ISO 8601 with milliseconds and `Z`."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_iso_or_none(ms: int | None) -> str | None:
    """Spell UTC milliseconds as ISO 8601, or pass None through."""
    return None if ms is None else to_iso(ms)
