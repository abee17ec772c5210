"""Runs jobs on media files in children that the kernel ends when they take too much time or memory."""

import atexit
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

from connector.kernel.errors import PostrailError

AT_ONCE = min(8, max(2, os.cpu_count() or 2))
"""Children at one time: as many as there are processors to run them, and memory for them."""

SECONDS = 30.0
"""Processor seconds that a job may take."""

PATIENCE = 4
"""How many times as long it may take by the clock: other work may hold the processors."""

MEMORY = 768 * 1024 * 1024
"""Bytes of address space that a job may take: a picture of 50 megapixels in four colours is 200 MB."""

OUTPUT = 256 * 1024 * 1024
GRACE_S = 5.0
"""Seconds beyond a job's patience after which nobody waits for it: the kernel has ended it by then."""

_SCRIPT = Path(__file__).with_name("helper.py")
_ENVIRONMENT = {"LANG": "C.UTF-8", "VIPS_CONCURRENCY": "1", "VIPS_BLOCK_UNTRUSTED": "1"}
"""All that a helper knows of this process's surroundings: no secret is in it."""


class JobFailed(Exception):
    """The job came to no result: the file cannot be read, or its child was ended."""


class Helpers:
    """A helper process, started when it is first needed, and its children."""

    def __init__(self, *, at_once: int = AT_ONCE) -> None:
        self._turns = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None

    def run(
        self, job: str, *, seconds: float = SECONDS, memory: int = MEMORY, **given: object
    ) -> tuple[dict[str, Any], bytes]:
        """Do a job of `connector.media.jobs` and return what it tells and gives.

        Raises JobFailed, and PostrailError `not_ready` where no helper can be started.
        """
        patience = seconds * PATIENCE
        limits = {"seconds": seconds, "patience": patience, "memory": memory, "output": OUTPUT}
        request = json.dumps({"job": job, "given": given, "limits": limits}).encode()
        with self._turns:
            told, data = self._ask(request, patience + GRACE_S)
        if "error" in told:
            raise JobFailed(told["error"])
        return told, data

    @property
    def pid(self) -> int | None:
        """The id of the helper process, None while there is none."""
        return self._process.pid if self._process is not None else None

    def close(self) -> None:
        """End the helper process."""
        with self._lock:
            self._stop()

    def _ask(self, request: bytes, patience_s: float) -> tuple[dict[str, Any], bytes]:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self._send(request, theirs)
            ours.settimeout(patience_s)
            return _read_answer(ours)

    def _send(self, request: bytes, reply: socket.socket) -> None:
        """Hand a request over, to a new helper where the old one has died."""
        with self._lock:
            for is_last in (False, True):
                if self._process is None or self._process.poll() is not None:
                    self._start()
                try:
                    assert self._requests is not None  # noqa: S101 - `_start` has set it
                    socket.send_fds(self._requests, [request], [reply.fileno()])
                except OSError as error:
                    self._stop()
                    if is_last:
                        raise PostrailError("not_ready", "The media helper does not start.") from error
                else:
                    return

    def _start(self) -> None:
        self._stop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own script by its path
                [sys.executable, "-I", str(_SCRIPT), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._requests = ours

    def _stop(self) -> None:
        if self._requests is not None:
            self._requests.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._requests = self._process = None


def _read_answer(reply: socket.socket) -> tuple[dict[str, Any], bytes]:
    try:
        with reply.makefile("rb") as stream:
            data = stream.read()
    except OSError as error:
        raise JobFailed("it takes too long") from error
    if len(data) < struct.calcsize(">I"):
        raise JobFailed("it takes too much time or memory")
    end = 4 + struct.unpack_from(">I", data)[0]
    told: dict[str, Any] = json.loads(data[4:end])
    return told, data[end:]


@cache
def shared() -> Helpers:
    """Return this process's helpers; they end with it."""
    helpers = Helpers()
    atexit.register(helpers.close)
    return helpers
