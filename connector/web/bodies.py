"""Request bodies in bounded time and memory: chunked coding read piece by piece, slow senders cut off."""

import re
import socket
import threading
from contextlib import suppress
from typing import Protocol

from connector.kernel.clock import Clock

LONGEST_LINE = 4096
"""Bytes of a chunk's head, extensions included."""

PIECE = 64 * 1024
LOOK_EVERY_S = 0.5

MORE_TIME = "postrail.more_time"
"""Where a request's environment has what gives its body as much time again as it had at first."""

_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")


class Readable(Protocol):
    """What bodies are read from: a buffered connection."""

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes; fewer only at the end."""

    def readline(self, size: int, /) -> bytes:
        """Read a line of up to `size` bytes."""


class ChunkedBody:
    """A body in chunked coding (RFC 9112, section 7.1) that holds no more in memory than is asked for.

    What follows the last chunk is not read, so the connection must not be used again.
    """

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._left = 0
        self._begun = False
        self.closed = False

    def read(self, size: int = PIECE) -> bytes:
        """Read up to `size` bytes, fewer only at the end.

        Raises ValueError where the coding is broken and OSError where the body breaks off.
        """
        pieces: list[bytes] = []
        while size > 0 and self._more():
            piece = self._source.read(min(size, self._left))
            if not piece:
                raise ConnectionResetError("the body broke off")
            self._left -= len(piece)
            size -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    def _more(self) -> bool:
        """Go on to the next chunk where the present one is used up; False behind the last."""
        if self._left == 0 and not self.closed:
            if self._begun and self._source.read(2) != b"\r\n":
                raise ValueError("a chunk does not end where it should")
            self._begun = True
            self._left = self._head()
            self.closed = self._left == 0
        return not self.closed

    def _head(self) -> int:
        line = self._source.readline(LONGEST_LINE)
        if not line:
            raise ConnectionResetError("the body broke off")
        size = line.partition(b";")[0].strip()
        if not line.endswith(b"\n") or not _SIZE.fullmatch(size):
            raise ValueError("a chunk's head is no size")
        return int(size, 16)


class Deadlines:
    """Ends the reading side of connections whose body takes longer than `limit_s` seconds in all.

    A sender that drips would otherwise hold its thread for as long as it likes: the server's own time-out
    counts from byte to byte.
    """

    def __init__(self, clock: Clock, limit_s: float) -> None:
        self._clock = clock
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._open: dict[socket.socket, float] = {}
        self._ended = threading.Event()

    def begin(self, connection: socket.socket) -> None:
        """Note that a body is to be read from this connection."""
        with self._lock:
            self._open[connection] = self._clock.ticks() + self._limit_s

    def end(self, connection: socket.socket) -> None:
        """Note that no more of the body is wanted."""
        with self._lock:
            self._open.pop(connection, None)

    def watch(self) -> None:
        """Cut off what is overdue, until `stop`."""
        while not self._ended.wait(LOOK_EVERY_S):
            now = self._clock.ticks()
            with self._lock:
                for connection in [found for found, at in self._open.items() if at < now]:
                    del self._open[connection]
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RD)

    def stop(self) -> None:
        """End the watch."""
        self._ended.set()
