"""How the parts of a Celery worker end."""

from dataclasses import dataclass, field
from typing import Any, cast

from connector.wiring.celery_work import CeleryWork
from tests.databases import HandClock


@dataclass
class Slow:
    """A part that takes `needs_s` seconds to end, and is not given more than that."""

    clock: HandClock
    needs_s: float
    given_s: list[float] = field(default_factory=list)
    was_asked: bool = False

    def ask_to_stop(self) -> None:
        """Note that it was asked to."""
        self.was_asked = True

    def stop(self, *, timeout_s: float) -> bool:
        """Take the time that it needs, or all that it is given."""
        self.given_s.append(timeout_s)
        self.clock.advance(round(min(self.needs_s, timeout_s) * 1000))
        return self.needs_s <= timeout_s

    def close(self) -> None:
        """End at once."""


def test_all_parts_are_asked_first_and_end_by_one_deadline() -> None:
    clock = HandClock()
    parts = [Slow(clock, needs_s) for needs_s in (4.0, 9.0, 1.0)]
    dispatcher, consumer, worker = cast("list[Any]", parts)
    broker = cast("Any", Slow(clock, 0))
    work = CeleryWork(
        dispatcher=dispatcher,
        consumer=consumer,
        worker=worker,
        broker=broker,
        watchdog=broker,
        clock=clock,
    )
    assert not work.stop(timeout_s=10.0)
    assert [part.given_s for part in parts] == [[10.0], [6.0], [0.0]]
    assert all(part.was_asked for part in parts)
