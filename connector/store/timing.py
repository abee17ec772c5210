"""A server's time without a question for each look at it."""

from collections.abc import Callable

FRESH_S = 1.0
"""Seconds for which an answer is told from."""


class ToldTime:
    """What a server's clock says: it is asked once a second at most, and told from by our own steady one.

    `ask` asks it (UTC milliseconds), `ticks` is the steady clock (seconds). What is told is never ahead of
    the server: it is behind by what the answer took on its way. Safe to share between threads.
    """

    def __init__(self, ask: Callable[[], int], ticks: Callable[[], float]) -> None:
        self._ask = ask
        self._ticks = ticks
        self._told: tuple[int, float] | None = None

    def now(self) -> int:
        """Return the server's time, UTC milliseconds."""
        told, ticks = self._told, self._ticks()
        if told is None or ticks - told[1] > FRESH_S:
            answer = self._ask()
            self._told = answer, self._ticks()
            return answer
        return told[0] + int((ticks - told[1]) * 1000)
