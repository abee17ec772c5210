"""Walks the boxes of MP4 and MOV files by range reads (pure).

The one way to find a file that was cut: a demuxer reads the index at the start and asks for no more, so it
takes a truncated file for a whole one. Source: ISO/IEC 14496-12.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_TOP = 200_000
"""Boxes on the top level that are walked through for a file's length."""

MAX_BOXES = 500_000
"""Boxes of one file that are read, on all levels: ten minutes in fragments of a single frame have fewer."""

MAX_BYTES = 16 * 1024 * 1024
"""Bytes of one file's boxes that are read: the tables of every frame of two hours have fewer."""

MAX_PAYLOAD = 4 * 1024 * 1024
"""Bytes of a box that are read whole: a table of every frame of two hours has less."""

_SPACE, _DELETE = 0x20, 0x7F
_HEADER_SIZE = 8
_LARGE_HEADER_SIZE = 16


class Unreadable(ValueError):
    """The file starts like a video, but what its headers say cannot be understood."""


@dataclass(frozen=True)
class Box:
    """One box: its type, and its payload from byte `start` up to byte `end` (exclusive) of the file.

    `is_cut` says that it claims to end behind its parent.
    """

    kind: bytes
    start: int
    end: int
    is_cut: bool = False


class BoxReader:
    """Reads the boxes of one file of `size` bytes, within a budget for the whole file.

    A box ends where its parent ends, whatever it claims: else a few bytes would be walked through again and
    again. Each method raises Unreadable once `max_boxes` headers or `max_bytes` of payloads are exceeded.
    """

    def __init__(
        self, file: BinaryIO, size: int, *, max_boxes: int = MAX_BOXES, max_bytes: int = MAX_BYTES
    ) -> None:
        self._file = file
        self._boxes_left = max_boxes
        self._bytes_left = max_bytes
        self.whole = Box(b"", 0, size)

    def inside(self, parent: Box) -> Iterator[Box]:
        """Yield the boxes inside `parent`; those of the top level are inside `whole`."""
        start = parent.start
        while (box := _box_at(self._file, start, parent.end)) is not None:
            self._boxes_left -= 1
            if self._boxes_left < 0:
                raise Unreadable("it has too many boxes")
            yield Box(box.kind, box.start, min(box.end, parent.end), is_cut=box.end > parent.end)
            start = box.end

    def children(self, parent: Box) -> dict[bytes, Box]:
        """Return the first box of each type inside `parent`."""
        found: dict[bytes, Box] = {}
        for box in self.inside(parent):
            found.setdefault(box.kind, box)
        return found

    def payload(self, box: Box, limit: int = MAX_PAYLOAD) -> bytes:
        """Return what is in a box. Raises Unreadable for more than `limit` bytes or its parent has."""
        length = box.end - box.start
        if box.is_cut or length > limit:
            raise Unreadable(f"its box {box.kind.decode('latin-1')} is too large")
        self._bytes_left -= length
        if self._bytes_left < 0:
            raise Unreadable("its boxes are too large")
        self._file.seek(box.start)
        return self._file.read(length)


def _box_at(file: BinaryIO, start: int, end: int) -> Box | None:
    """Read the header of a box, None where none fits before `end`; the box may claim to end behind it."""
    if start + _HEADER_SIZE > end:
        return None
    file.seek(start)
    head = file.read(_LARGE_HEADER_SIZE)
    if len(head) < _HEADER_SIZE:
        return None
    size, kind = struct.unpack_from(">I4s", head)
    payload = start + _HEADER_SIZE
    if size == 0:
        size = end - start
    elif size == 1 and len(head) == _LARGE_HEADER_SIZE:
        size = struct.unpack_from(">Q", head, 8)[0]
        payload = start + _LARGE_HEADER_SIZE
    return Box(kind, payload, start + size) if payload <= min(start + size, end) else None


def mp4_length(file: BinaryIO, size: int) -> int:
    """Return the bytes that an MP4 or MOV file of `size` bytes should have by its boxes.

    The last box may claim to end behind the file, which was cut then. What is no box, such as padding behind
    the last one, does not count.
    """
    length = 0
    for _ in range(MAX_TOP):
        box = _box_at(file, length, size)
        if box is None or not all(_SPACE <= byte < _DELETE for byte in box.kind):
            break
        length = box.end
    return length
