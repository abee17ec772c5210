"""Answers that are parts of a file: what a server that knows how may send without a thread of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

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


@dataclass(frozen=True)
class FileBody:
    """The body of an answer: bytes as they are and parts of one open file, in this order.

    Any WSGI server can iterate over it; ours hands it to the system instead (`web.sender`).
    """

    file: BinaryIO
    parts: Sequence[bytes | Part]

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes, at most PIECE of the file at a time."""
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
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
