"""The sandbox as a child process with a life of its own: killing the server does not kill the witness."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from connector.kernel.clock import Clock
from connector.net import Broken, Egress, Timeout, Unsent
from connector.settings import SettingsError

START_S = 20.0
IDLE_EXIT_S = 900.0
"""A sandbox that nobody has asked anything for this long ends by itself."""

LOOK_EVERY_S = 0.05
_QUICK = Timeout(connect_s=1, idle_s=2, total_s=3)


@dataclass(frozen=True)
class Child:
    """A running sandbox."""

    pid: int
    url: str

    def stop(self) -> None:
        """Ask it to end; its world stays on disk."""
        try:
            os.kill(self.pid, signal.SIGTERM)
        except ProcessLookupError:
            return


def _noted(home: Path) -> Child | None:
    try:
        noted = json.loads((home / "sandbox.json").read_text())
        return Child(int(noted["pid"]), str(noted["url"]))
    except (OSError, ValueError, KeyError):
        return None


def _answers(egress: Egress, child: Child) -> bool:
    try:
        return egress.send("GET", f"{child.url}/_sandbox/health", timeout=_QUICK).status == HTTPStatus.OK
    except (Unsent, Broken):
        return False


def ensure_sandbox(
    home: Path, clock: Clock, egress_to: Callable[[str], Egress], *, pause: Callable[[float], None]
) -> Child:
    """Return the sandbox of `home`: the one that still runs, or a new one on the port it had before.

    Raises SettingsError when it does not start.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = _noted(home)
    if before is not None and _answers(egress_to(before.url), before):
        return before
    port = before.url.rpartition(":")[2] if before is not None else "0"
    command = [sys.executable, "-m", "connector", "sandbox", "--home", str(home), "--port", port]
    with (home / "sandbox.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [*command, "--idle-exit", str(IDLE_EXIT_S)],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    deadline = clock.ticks() + START_S
    while clock.ticks() < deadline and process.poll() is None:
        now = _noted(home)
        if now is not None and now.pid == process.pid and _answers(egress_to(now.url), now):
            return now
        pause(LOOK_EVERY_S)
    raise SettingsError(f"the sandbox did not start; see {home / 'sandbox.log'}")
