"""Answers that are parts of a file: what a server that knows how may send without a thread of its own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

PIECE = 256 * 1024
"""Bytes read and sent at once, where the server cannot send the file itself."""


@dataclass(frozen=True)
class Part:
    """`size` bytes of a file, from the byte at `first`."""

    first: int
    size: int

    def without(self, sent: int) -> "Part":
        """Return what is left of it once `sent` bytes have gone."""
        return Part(self.first + sent, self.size - sent)

    def __len__(self) -> int:
        return self.size


class Withheld(ConnectionAbortedError):
    """The rest of a body will not be sent: its connection is reset, so that nobody takes a part for all."""


class Hold:
    """A place in a body behind which no byte goes before it is passed.

    `look` tells whether it may be passed now, `wait` returns once it may; both raise Withheld where it never
    will be by this answer. `done` is called once, when it is passed or the body is closed.
    """

    def __init__(self, look: Callable[[], bool], wait: Callable[[], None], done: Callable[[], None]) -> None:
        self.look = look
        self._wait = wait
        self._done: Callable[[], None] | None = done

    def __len__(self) -> int:
        return 0

    def wait(self) -> None:
        """Return once it is passed. Raises Withheld."""
        self._wait()
        self.close()

    def close(self) -> None:
        """Let go of what the wait takes."""
        done, self._done = self._done, None
        if done is not None:
            done()


Piece = bytes | Part | Hold
"""What a body is made of."""


@dataclass(frozen=True)
class FileBody:
    """The body of an answer: bytes as they are and parts of one open file, in this order.

    Any WSGI server can iterate over it; ours hands it to the system instead (`web.sender`).
    """

    file: BinaryIO
    parts: Sequence[Piece]

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes, at most PIECE of the file at a time. Raises Withheld at a hold."""
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
            elif isinstance(part, Hold):
                part.wait()
            else:
                yield from self._pieces(part)

    def _pieces(self, part: Part) -> Iterator[bytes]:
        self.file.seek(part.first)
        left = part.size
        while left > 0 and (piece := self.file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece

    def close(self) -> None:
        """Close the file."""
        self.file.close()
        close_holds(self.parts)


def close_holds(parts: Sequence[Piece]) -> None:
    """Let go of every hold."""
    for part in parts:
        if isinstance(part, Hold):
            part.close()


class Reading(Protocol):
    """A part of a file that is being read from somewhere."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes; nothing at the end. Raises OSError."""

    def close(self) -> None:
        """Let go of it."""


class StreamBody:
    """The body of an answer whose parts come from elsewhere: opened by `begin`, read as they are sent.

    The first part is opened at once, so that what cannot be read is refused and not broken off. `done` is
    called once, when the body is closed.
    """

    def __init__(
        self, begin: Callable[[Part], Reading], parts: Sequence[Piece], done: Callable[[], None]
    ) -> None:
        self._begin = begin
        self._parts = parts
        self._done: Callable[[], None] | None = done
        self._first = next((part for part in parts if isinstance(part, Part)), None)
        self._reading = begin(self._first) if self._first is not None else None

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes, at most PIECE at a time. Raises Withheld at a hold."""
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
                continue
            if isinstance(part, Hold):
                self._end_reading()
                part.wait()
                continue
            if part is not self._first:
                self._end_reading()
                self._reading = self._begin(part)
            while self._reading is not None and (piece := self._reading.read(PIECE)):
                yield piece

    def _end_reading(self) -> None:
        if self._reading is not None:
            self._reading.close()

    def close(self) -> None:
        """Let go of the part that is being read, and of every hold."""
        self._end_reading()
        close_holds(self._parts)
        done, self._done = self._done, None
        if done is not None:
            done()
