"""Where a process has its time from: the machine, or a pretended time that it shares with the sandbox.

A pretended time is for tests that let days pass in seconds. It is followed, not asked for at each look: a
process is behind by `FOLLOW_EVERY_S` at most.
"""

import json
import threading
from collections.abc import Callable

from connector.domain.net import origin_of
from connector.kernel.clock import Clock, SystemClock
from connector.kernel.log import get_log
from connector.net import Broken, Egress, Unsent
from connector.settings import TIKTOK_API, Settings, SettingsError

log = get_log("clock")

FOLLOW_EVERY_S = 0.1
PATH = "/_sandbox/clock"


class SharedClock:
    """The machine's clock, moved as `ask` (UTC milliseconds) says. Raises as `ask` does when it is built."""

    def __init__(self, machine: Clock, ask: Callable[[], int]) -> None:
        self._machine = machine
        self._ask = ask
        self._ahead = 0
        self.look()

    def now(self) -> int:
        """Return the shared time, UTC milliseconds since the epoch."""
        return self._machine.now() + self._ahead

    def ticks(self) -> float:
        """Return seconds on the machine's monotonic clock: waits on others are real whatever time it is."""
        return self._machine.ticks()

    def look(self) -> None:
        """Read the shared time. Raises as `ask` does."""
        self._ahead = self._ask() - self._machine.now()

    def follow(self, every_s: float = FOLLOW_EVERY_S) -> None:
        """Read it again and again from now on, in a thread of its own, for as long as the process runs."""
        threading.Thread(target=self._follow, args=(every_s,), name="clock", daemon=True).start()

    def _follow(self, every_s: float) -> None:
        pause = threading.Event()
        while True:
            pause.wait(every_s)
            try:
                self.look()
            except SettingsError as error:
                log.warning("clock_not_told", reason=str(error))


def _ask_of(url: str, machine: Clock) -> Callable[[], int]:
    egress = Egress(trusted=frozenset({origin_of(url)}), clock=machine)

    def ask() -> int:
        try:
            return int(json.loads(egress.send("GET", f"{url}{PATH}").body)["now_ms"])
        except (Unsent, Broken, ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"POSTRAIL_CLOCK_URL: no sandbox tells the time at {url}: {error}") from error

    return ask


def open_clock(settings: Settings) -> Clock:
    """Return the clock of this process.

    Raises SettingsError for a pretended time that nobody tells, or beside the real TikTok, where it would end
    tokens that are good.
    """
    machine = SystemClock()
    if settings.clock_url is None:
        return machine
    if not settings.sandbox and settings.tiktok_base_url in {None, TIKTOK_API}:
        raise SettingsError("POSTRAIL_CLOCK_URL: a pretended time is for the sandbox, not for TikTok itself")
    clock = SharedClock(machine, _ask_of(settings.clock_url, machine))
    clock.follow()
    return clock
