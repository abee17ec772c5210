"""Patience: how long the next step of a request may take."""

import pytest

from connector.net.trip import Patience, Timeout


class HandClock:
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> int:
        """Return the wall clock in milliseconds."""
        return round(self.seconds * 1000)

    def ticks(self) -> float:
        """Return seconds."""
        return self.seconds


def test_a_step_may_take_the_idle_limit_while_there_is_time() -> None:
    assert Patience(HandClock(), Timeout(idle_s=20, total_s=60)).step() == 20


def test_a_step_may_take_no_more_than_what_is_left_in_all() -> None:
    clock = HandClock()
    patience = Patience(clock, Timeout(idle_s=20, total_s=60))
    clock.seconds = 55
    assert patience.step() == 5


def test_patience_ends_with_the_total_limit() -> None:
    clock = HandClock()
    patience = Patience(clock, Timeout(idle_s=20, total_s=60))
    clock.seconds = 60
    with pytest.raises(TimeoutError, match="60 s"):
        patience.step()
