"""One process of the product under attack, and the ways in which it is struck."""

import resource
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from connector.drill.caller import Line, NoAnswer

STOP_S = 30.0
LOOK_S = 0.5
FULL_DISK_BYTES = 4_096
"""No file may grow past this while a disk counts as full."""


@dataclass
class Node:
    """A server or a worker: `python` with `words`. `url` is None for a worker, which serves nobody."""

    name: str
    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    line: Line
    url: str | None = None
    died: int = 0
    """How often it has ended without being struck."""
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _is_restarting: bool = field(default=False, init=False)

    @property
    def log(self) -> Path:
        """Where it writes what it has to say."""
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Start it."""
        self._is_restarting = False
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, *self.words],
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def tend(self) -> None:
        """Start it again if it has ended, as its supervisor would."""
        if self.process is not None and self.process.poll() is not None:
            self.died += not self._is_restarting
            self.start()

    def is_ready(self) -> bool:
        """Say whether it serves; a worker is ready while it runs."""
        if self.process is None or self.process.poll() is not None:
            return False
        if self.url is None:
            return True
        try:
            return self.line.call("GET", f"{self.url}/readyz", timeout_s=LOOK_S).status == 200  # noqa: PLR2004 - an HTTP status
        except NoAnswer:
            return False

    def kill(self) -> None:
        """End it as a power cut would, and start it again at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_S)
        self.start()

    def restart(self) -> None:
        """Ask it to end, as a deployment does; it is started again once it has."""
        self._is_restarting = True
        self.ask_to_stop()

    def freeze(self) -> None:
        """Stop it in mid-stride (SIGSTOP)."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on where it stood (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def fill_disk(self) -> None:
        """Let no file that it writes grow further."""
        self._limit(FULL_DISK_BYTES)

    def clear_disk(self) -> None:
        """Let its files grow again."""
        self._limit(resource.RLIM_INFINITY)

    def ask_to_stop(self) -> None:
        """Ask it to end, frozen or not; a second request ends it at once."""
        self.thaw()
        self._signal(signal.SIGTERM)

    def stop(self) -> int | None:
        """Wait until it has ended, as it was asked to, and return its status; kill what does not listen."""
        if self.process is None:
            return None
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(STOP_S)

    def last_words(self) -> str:
        """Return the end of its log."""
        with suppress(OSError):
            return self.log.read_text(errors="replace")[-2000:]
        return ""

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def _limit(self, soft: int) -> None:
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)[1]
                resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (soft, hard))
