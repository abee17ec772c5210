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


def test_an_answer_may_be_awaited_longer_than_a_piece_of_data() -> None:
    patience = Patience(HandClock(), Timeout(idle_s=20, total_s=60, first_byte_s=30))
    patience.await_answer()
    assert patience.step() == 30
    patience.answered()
    assert patience.step() == 20


def test_an_answer_that_drips_is_late_all_the_same() -> None:
    clock = HandClock()
    patience = Patience(clock, Timeout(idle_s=20, total_s=60, first_byte_s=30))
    patience.await_answer()
    clock.seconds = 29
    assert patience.step() == 1
    clock.seconds = 30
    with pytest.raises(TimeoutError, match="no answer within 30 s"):
        patience.step()


def test_no_answer_outlasts_the_total_limit() -> None:
    clock = HandClock()
    patience = Patience(clock, Timeout(total_s=60, first_byte_s=90))
    patience.await_answer()
    assert patience.step() == 60
