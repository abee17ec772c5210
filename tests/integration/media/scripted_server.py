"""A server on a free loopback port that answers exactly what a test tells it to, byte for byte."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from types import TracebackType
from typing import Self

from connector.domain.net import Origin
from connector.kernel.clock import SystemClock
from connector.net import Egress

Script = Callable[[socket.socket, str], object]
"""Answers one request, given the connection and the request's head."""


class ScriptedServer:
    """Accepts connections and runs `script` for each request; remembers every head it has read.

    `host` is the name that URLs carry. `tls` makes it an https server.
    """

    def __init__(self, script: Script, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._host = host
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self.heads: list[str] = []
        self.connections = 0

    @property
    def origin(self) -> Origin:
        """The origin to trust."""
        return Origin("https" if self._tls else "http", self._host, self._listener.getsockname()[1])

    def url(self, path: str = "/") -> str:
        """Return a URL of this server."""
        return f"{self.origin}{path}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def stop(self) -> None:
        """Accept no further connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                self._start(self._serve, connection)

    def _serve(self, plain: socket.socket) -> None:
        with plain, suppress(OSError):
            if self._tls is None:
                self._answer_all(plain)
                return
            with self._tls.wrap_socket(plain, server_side=True) as secured:
                self._open.append(secured)
                self._answer_all(secured)

    def _answer_all(self, connection: socket.socket) -> None:
        while head := _read_head(connection):
            self.heads.append(head)
            if self._script(connection, head) is False:
                return


def _read_head(connection: socket.socket) -> str:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            return ""
        head += byte
    return head.decode("latin-1")


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    """Spell a whole answer with its Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def says(*answers: bytes) -> Script:
    """Build a script that gives these answers, one for each request, the last one for ever."""
    remaining = list(answers)

    def script(connection: socket.socket, _head: str) -> None:
        connection.sendall(remaining.pop(0) if len(remaining) > 1 else remaining[0])

    return script


def hangs_up_after(data: bytes) -> Script:
    """Build a script that sends `data` and closes the connection."""

    def script(connection: socket.socket, _head: str) -> bool:
        connection.sendall(data)
        return False

    return script


def drips(data: bytes, piece: bytes, every_s: float) -> Script:
    """Build a script that sends `data`, then `piece` again and again until the other side has gone."""

    def script(connection: socket.socket, _head: str) -> bool:
        connection.sendall(data)
        gone = threading.Event()
        while not gone.wait(every_s):
            connection.sendall(piece)
        return False

    return script


def falls_silent(connection: socket.socket, _head: str) -> bool:
    """Answer nothing until the other side has gone."""
    connection.recv(1)
    return False


@contextmanager
def talking(
    script: Script,
    *,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
    trust: ssl.SSLContext | None = None,
) -> Iterator[tuple[ScriptedServer, Egress]]:
    """Yield a server that follows `script`, and an Egress that may reach it and trusts `trust`."""
    with ScriptedServer(script, host=host, tls=tls) as server:
        egress = Egress(trusted=frozenset({server.origin}), clock=SystemClock(), tls=trust)
        with closing(egress):
            yield server, egress
