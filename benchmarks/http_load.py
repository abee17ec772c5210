"""Requests over several connections from one thread, so that the client costs the server little processor."""

import selectors
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from connector.kernel.clock import SystemClock

CLOCK = SystemClock()
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(frozen=True)
class Load:
    """What came of a load: each answer's seconds, and how long all of it took."""

    seconds: list[float]
    took_s: float

    @property
    def rate(self) -> float:
        """Answers in a second."""
        return len(self.seconds) / self.took_s


@dataclass
class _Line:
    """A connection with at most one request under way."""

    connection: socket.socket
    got: bytes = b""
    sent_at: float = field(default=0.0)

    def send(self, request: bytes) -> None:
        self.got, self.sent_at = b"", CLOCK.ticks()
        self.connection.sendall(request)

    def is_answered(self, status: bytes) -> bool:
        """Read what is there; whether the answer is whole. Raises SystemExit for another status."""
        piece = self.connection.recv(65_536)
        if not piece:
            raise SystemExit("the server has closed a connection")
        self.got += piece
        head, found, body = self.got.partition(HEAD_END)
        if not found:
            return False
        if head.split(maxsplit=2)[1] != status:
            raise SystemExit(self.got.decode(errors="replace"))
        at = head.lower().index(LENGTH) + len(LENGTH)
        return len(body) >= int(head[at:].split(maxsplit=1)[0])


def spell(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """Spell a POST of JSON."""
    told = {"Host": "bench", "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def load(url: str, requests: Sequence[bytes], connections: int, status: int) -> Load:
    """Send all over so many keep-alive connections, one at a time on each.

    Raises SystemExit where an answer has another status: what is refused measures nothing.
    """
    where = urlsplit(url)
    waiting, wanted = iter(requests), str(status).encode()
    seconds: list[float] = []
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = socket.create_connection((where.hostname or "", where.port or 80))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ, _Line(connection))
        lines = [key.data for key in selector.get_map().values()]
        began = CLOCK.ticks()
        for line in lines:
            line.send(next(waiting))
        while len(seconds) < len(requests):
            for key, _ in selector.select():
                _go_on(key.data, wanted, waiting, seconds)
        took = CLOCK.ticks() - began
        for line in lines:
            line.connection.close()
    return Load(seconds, took)


def _go_on(line: _Line, status: bytes, waiting: Iterator[bytes], seconds: list[float]) -> None:
    """Take an answer and send the next request."""
    if line.is_answered(status):
        seconds.append(CLOCK.ticks() - line.sent_at)
        if (request := next(waiting, None)) is not None:
            line.send(request)
