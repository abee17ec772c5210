"""Notices that this process is deaf: messages lie in a queue of its own, and its free threads get none."""

from collections.abc import Callable

from connector.dispatch.crew import Crew
from connector.dispatch.line import Line
from connector.kernel.clock import Clock
from connector.kernel.log import get_log

log = get_log("dispatch")

LOOKS = 5
"""Looks that find messages lying, with nothing heard all the while, after which a new start helps."""

LOOK_LEASES = 0.2
"""Times a lease between two looks: all of them within the time that a message is kept (two leases)."""


class Watchdog:
    """Calls `give_up` once, after `LOOKS` such looks at one queue, at least `every_s` seconds apart.

    A broker gives what lies in a queue to whoever listens and has nothing else in hand. What others hold
    back, or have taken and lost, lies there no more: a new start would change nothing.
    """

    def __init__(
        self, crew: Crew, line: Line, clock: Clock, *, every_s: float, give_up: Callable[[], None]
    ) -> None:
        self._crew = crew
        self._line = line
        self._clock = clock
        self._every_s = every_s
        self._give_up = give_up
        self._looked_at = clock.ticks()
        self._in_vain = dict.fromkeys(sorted(crew.queues), 0)
        self.has_given_up = False

    def look(self) -> None:
        """Look, where it is time. The broker is asked only while a thread here waits. Raises LineLost."""
        since = self._looked_at
        if self.has_given_up or self._clock.ticks() - since < self._every_s:
            return
        self._looked_at = self._clock.ticks()
        for queue in self._in_vain:
            self._look_into(queue, since)

    def _look_into(self, queue: str, since: float) -> None:
        if not self._crew.has_waited_since(queue, since):
            self._in_vain[queue] = 0
        elif self._line.depth(queue):
            self._in_vain[queue] += 1
        if self._in_vain[queue] >= LOOKS and not self.has_given_up:
            self.has_given_up = True
            log.error("deaf", queue=queue, looks=LOOKS)
            self._give_up()
