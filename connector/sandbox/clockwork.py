"""The sandbox's own clock: the machine's, moved by an offset or standing still, as the control API says."""

import json
import threading

from pydantic import BaseModel, ConfigDict

from connector.kernel.clock import Clock
from connector.sandbox.database import Database


class ClockSetting(BaseModel):
    """Milliseconds added to the machine's time; `frozen`: time stands but for changes of the offset."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    offset_ms: int = 0
    frozen: bool = False


class SandboxClock:
    """A `kernel.clock.Clock` whose time rules the sandbox; kept over restarts."""

    def __init__(self, machine: Clock, database: Database) -> None:
        self._machine = machine
        self._database = database
        self._lock = threading.Lock()
        kept = json.loads(database.setting("clock") or "{}")
        self._frozen_at: int | None = kept.pop("frozen_at", None)
        self._setting = ClockSetting(**kept)

    @property
    def setting(self) -> ClockSetting:
        """Return what is set."""
        return self._setting

    def now(self) -> int:
        """Return the sandbox's time, UTC milliseconds since the epoch."""
        with self._lock:
            base = self._machine.now() if self._frozen_at is None else self._frozen_at
            return base + self._setting.offset_ms

    def ticks(self) -> float:
        """Return seconds on the machine's monotonic clock: waits on others are real whatever time it is."""
        return self._machine.ticks()

    def set(self, setting: ClockSetting) -> None:
        """Set the clock; a frozen one stands at the machine's time of the moment it was frozen."""
        with self._lock:
            if not setting.frozen:
                self._frozen_at = None
            elif self._frozen_at is None:
                self._frozen_at = self._machine.now()
            self._setting = setting
            kept = {**setting.model_dump(), "frozen_at": self._frozen_at}
        self._database.keep_setting("clock", json.dumps(kept))

    def advance(self, ms: int) -> None:
        """Move on by so many milliseconds."""
        self.set(self._setting.model_copy(update={"offset_ms": self._setting.offset_ms + ms}))
