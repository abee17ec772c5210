"""Postrail's own programs as child processes, started and ended like a user would.

Each child gets an environment without POSTRAIL_* of the caller's (a demo must never reach a real TikTok app)
and a folder of its own as working directory (no stray `.env`).
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from connector.kernel.clock import Clock

START_S = 30.0
STOP_S = 40.0
LOOK_EVERY_S = 0.05


class NotStarted(Exception):
    """A child process ended or stayed silent instead of serving; the message ends with its last words."""


@dataclass
class Program:
    """One `python -m connector ...` process that notes `{"pid", "url"}` in a state file once it serves."""

    command: tuple[str, ...]
    folder: Path
    state_file: Path
    environment: Mapping[str, str]
    clock: Clock
    pause: Callable[[float], None]
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        """Where the process writes what it has to say."""
        return self.folder / f"{self.command[0]}.log"

    def start(self) -> str:
        """Start the process and return its URL once it serves. Raises NotStarted."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "connector", *self.command],
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = self.clock.ticks() + START_S
        while self.clock.ticks() < deadline and self.process.poll() is None:
            url = self._url()
            if url is not None:
                return url
            self.pause(LOOK_EVERY_S)
        self.kill()
        raise NotStarted(f"`postrail {' '.join(self.command)}` did not start:\n{self.last_words()}")

    def _url(self) -> str | None:
        """Return the URL that this very process has noted."""
        with suppress(OSError, ValueError):
            noted = json.loads(self.state_file.read_text())
            if self.process is not None and noted["pid"] == self.process.pid:
                return str(noted["url"])
        return None

    def last_words(self) -> str:
        """Return the end of the process's log."""
        with suppress(OSError):
            return self.log.read_text(errors="replace")[-2000:]
        return ""

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(STOP_S)

    def stop(self) -> int | None:
        """Ask it to end (SIGTERM) and return its exit status; kills what does not listen."""
        if self.process is None:
            return None
        self.process.terminate()
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.returncode

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def sandbox_program(
    home: Path, environment: Mapping[str, str], clock: Clock, pause: Callable[[float], None]
) -> Program:
    """Return the sandbox on a free loopback port, its world in `home`."""
    return Program(
        command=("sandbox", "--home", str(home), "--port", "0"),
        folder=home,
        state_file=home / "sandbox.json",
        environment=environment,
        clock=clock,
        pause=pause,
    )


def server_program(
    home: Path,
    environment: Mapping[str, str],
    clock: Clock,
    pause: Callable[[float], None],
    *,
    port: int = 0,
) -> Program:
    """Return the server with its workers; `environment` holds its other POSTRAIL_* settings."""
    return Program(
        command=("serve", "--home", str(home), "--port", str(port)),
        folder=home,
        state_file=home / "serve.json",
        environment=environment,
        clock=clock,
        pause=pause,
    )
