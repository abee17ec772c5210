"""The sandbox as a child process with a life of its own: killing the server does not kill the witness.

Whether the sandbox of a folder runs is told by the lock that it holds there, which the kernel gives back when
it dies; neither a noted process id nor a port that answers proves it.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from connector.kernel.clock import Clock
from connector.net import Broken, Egress, Timeout, Unsent
from connector.settings import SettingsError

START_S = 20.0
IDLE_EXIT_S = 900.0
"""A sandbox that nobody has asked anything for this long ends by itself."""

ENSURE_EVERY_S = 30.0
"""How often a server looks whether its sandbox is still there, which also keeps it from being idle."""

LOOK_EVERY_S = 0.05
_QUICK = Timeout(connect_s=1, idle_s=2, total_s=3)


class SandboxChild:
    """The sandbox of `home`, for a server; `egress_to` gives a way to one URL."""

    def __init__(
        self, home: Path, clock: Clock, egress_to: Callable[[str], Egress], *, pause: Callable[[float], None]
    ) -> None:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._home = home
        self._clock = clock
        self._egress_to = egress_to
        self._pause = pause
        self._process: subprocess.Popen[bytes] | None = None
        self._url: str | None = None

    def ensure(self) -> str:
        """Return the URL of the running sandbox, started here where none runs.

        It keeps the port that it had before; only where another program has taken that one, and nobody has
        been told of it yet, it moves to a free one. Raises SettingsError when it does not start.
        """
        if self._process is not None:
            self._process.poll()
        noted = self._noted()
        if noted is not None and self._is_running() and self._answers(noted[1]):
            self._url = noted[1]
            return noted[1]
        ports = [noted[1].rpartition(":")[2]] if noted is not None else ["0"]
        if self._url is None and ports != ["0"]:
            ports.append("0")
        for port in ports:
            started = self._start(port)
            if started is not None:
                self._url = started
                return started
        raise SettingsError(f"the sandbox did not start; see {self._home / 'sandbox.log'}")

    def stop(self) -> None:
        """Ask it to end; its world stays on disk."""
        noted = self._noted()
        if noted is not None and self._is_running():
            try:
                os.kill(noted[0], signal.SIGTERM)
            except ProcessLookupError:
                return

    def _start(self, port: str) -> str | None:
        """Start it on a port and return its URL, None when it does not come up."""
        command = [sys.executable, "-m", "connector", "sandbox", "--home", str(self._home), "--port", port]
        with (self._home / "sandbox.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own module
                [*command, "--idle-exit", str(IDLE_EXIT_S)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._process = process
        deadline = self._clock.ticks() + START_S
        while self._clock.ticks() < deadline and process.poll() is None:
            noted = self._noted()
            if noted is not None and noted[0] == process.pid and self._answers(noted[1]):
                return noted[1]
            self._pause(LOOK_EVERY_S)
        process.kill()
        process.wait()
        return None

    def _noted(self) -> tuple[int, str] | None:
        """Return the process id and the URL that the last sandbox of this folder has noted."""
        try:
            noted = json.loads((self._home / "sandbox.json").read_text())
            return int(noted["pid"]), str(noted["url"])
        except (OSError, ValueError, KeyError):
            return None

    def _is_running(self) -> bool:
        """Whether some process holds the lock of this folder."""
        with (self._home / "sandbox.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _answers(self, url: str) -> bool:
        try:
            reply = self._egress_to(url).send("GET", f"{url}/_sandbox/health", timeout=_QUICK)
        except (Unsent, Broken):
            return False
        return reply.status == HTTPStatus.OK
