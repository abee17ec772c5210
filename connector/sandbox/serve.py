"""Runs the sandbox as a server of its own: cheroot's threads, a clean stop, and an end when nobody calls."""

import errno
import fcntl
import json
import os
import select
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cheroot import wsgi

from connector.kernel.clock import Clock, SystemClock
from connector.kernel.errors import PostrailError
from connector.kernel.ids import SystemIds
from connector.sandbox.app import create_app
from connector.sandbox.beat import Beat
from connector.sandbox.front import IS_CONNECTED
from connector.sandbox.journal import RESET, TRUNCATED
from connector.sandbox.replies import MISHAP
from connector.sandbox.world import World

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

THREADS = 16
"""Requests served at once; a held upload occupies one."""
TIMEOUT = 30
"""Seconds a client may stay silent within a request."""
CUT = "sandbox.cut"
"""WSGI environ key: a callable that resets this connection."""
IDLE_LOOK = 0.2
"""Seconds between two looks whether anybody still calls."""


class Activity:
    """Knows when the last request came and passes the server's signals on to the application and back."""

    def __init__(self, app: "WSGIApplication", clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._lock = threading.Lock()
        self._running = 0
        self._last = clock.ticks()

    def idle_for(self) -> float:
        """Return the seconds since the last request ended; 0 while one is served."""
        with self._lock:
            return 0.0 if self._running else self._clock.ticks() - self._last

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve one request; a mishap breaks the connection instead, or halfway through the answer."""
        with self._lock:
            self._running += 1
        try:
            answer = self._app(environ, start_response)
        finally:
            with self._lock:
                self._running -= 1
                self._last = self._clock.ticks()
        mishap = environ.get(MISHAP)
        if mishap == TRUNCATED:
            return _broken_off(answer)
        if mishap == RESET:
            environ.get(CUT, _nothing)()
        if mishap is not None:
            raise BrokenPipeError(errno.EPIPE, "the reply is lost on purpose")
        return answer


def _nothing() -> None:
    """Do nothing: a server that cannot reset a connection closes it."""


def _broken_off(answer: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the first half of an answer, then break the connection."""
    whole = b"".join(answer)
    yield whole[: len(whole) // 2]
    raise BrokenPipeError(errno.EPIPE, "the reply is truncated on purpose")


class _Gateway(wsgi.Gateway_10):
    """Lets the application look whether the client is still connected."""

    def get_environ(self) -> "WSGIEnvironment":  # type: ignore[override]  # the wheel says None, it is a dict
        """Return the WSGI environ with a look at the connection added."""
        environ: WSGIEnvironment = super().get_environ()  # type: ignore[no-untyped-call]  # of the wheel
        connection: socket.socket = self.req.conn.socket
        environ[IS_CONNECTED] = lambda: is_connected(connection)
        environ[CUT] = lambda: _reset(connection)
        return environ


def _reset(connection: socket.socket) -> None:
    """Reset a connection now.

    The server would shut it down first, which says goodbye; so another socket takes its descriptor, and the
    last reference to it goes with nothing lingering.
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stand_in, other = socket.socketpair()
    with stand_in, other:
        os.dup2(stand_in.fileno(), connection.fileno())


def is_connected(connection: socket.socket) -> bool:
    """Say whether the other side may still send, without reading from it.

    Only Linux tells a half-closed connection (POLLRDHUP); elsewhere it shows once it is closed.
    """
    poll = select.poll()
    half_closed: int = getattr(select, "POLLRDHUP", 0)
    try:
        poll.register(connection, half_closed | select.POLLHUP | select.POLLERR)
        return not poll.poll(0)
    except (OSError, ValueError):
        return False


def run(
    home: Path, host: str, port: int, *, announce: Callable[[str], None], idle_exit_s: float | None
) -> None:
    """Serve the sandbox kept in `home` until SIGTERM or SIGINT, or `idle_exit_s` seconds without a request.

    Port 0 picks a free one. `announce` gets the base URL once requests are accepted; the same stands in
    `home/sandbox.json` with the process id, and stays there, so that a successor may take the same port.
    Raises PostrailError when another sandbox serves this folder, OSError when the address is taken.
    """
    home.mkdir(parents=True, exist_ok=True)
    clock = SystemClock()
    ids = SystemIds(clock)
    with _only_one(home):
        world = World(home, clock=clock, ids=ids)
        beat = Beat(world)
        try:
            activity = Activity(create_app(world, ids=ids), clock)
            world.open()
            beat.start()
            _serve(home, (host, port), activity, world, announce=announce, idle_exit_s=idle_exit_s)
        finally:
            beat.stop()
            world.close()


def _serve(
    home: Path,
    address: tuple[str, int],
    activity: Activity,
    world: World,
    *,
    announce: Callable[[str], None],
    idle_exit_s: float | None,
) -> None:
    server = wsgi.Server(address, activity, numthreads=THREADS, timeout=TIMEOUT, shutdown_timeout=2)
    server.gateway = _Gateway
    server.keep_alive_conn_limit = 200
    server.request_queue_size = 128
    server.prepare()
    loop = threading.Thread(target=server.serve, name="sandbox server")
    stop = threading.Event()
    loop.start()
    try:
        with _on_signals(stop.set):
            host, port = server.bind_addr[:2]
            url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            _write_whole(home / "sandbox.json", json.dumps({"pid": os.getpid(), "url": url}))
            announce(url)
            _wait_for_end(stop, activity, idle_exit_s)
    finally:
        world.release_all()
        server.stop()
        loop.join()


def _wait_for_end(stop: threading.Event, activity: Activity, idle_exit_s: float | None) -> None:
    while not stop.wait(IDLE_LOOK):
        if idle_exit_s is not None and activity.idle_for() >= idle_exit_s:
            return


@contextmanager
def _on_signals(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` on SIGTERM and SIGINT, where signals can be taken: in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: act()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    with (home / "sandbox.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PostrailError("internal_error", f"Another sandbox already serves {home}.") from error
        yield


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that no reader ever sees half of it."""
    draft = path.with_suffix(".tmp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
