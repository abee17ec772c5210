"""Walks the boxes of MP4 and MOV files by range reads (pure).

The one way to find a file that was cut: a demuxer reads the index at the start and asks for no more, so it
takes a truncated file for a whole one. Source: ISO/IEC 14496-12.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_BOXES = 100_000
"""Boxes walked through on one level; a fragmented film of ten minutes has some thousands."""

MAX_CHILDREN = 2_000
"""Boxes looked through inside another one."""

MAX_PAYLOAD = 4 * 1024 * 1024
"""Bytes of a box that are read whole: a table of every frame of two hours has less."""

_SPACE, _DELETE = 0x20, 0x7F
_HEADER_SIZE = 8
_LARGE_HEADER_SIZE = 16


class Unreadable(ValueError):
    """The file starts like a video, but what its headers say cannot be understood."""


@dataclass(frozen=True)
class Box:
    """One box: its type, and its payload from byte `start` up to byte `end` (exclusive) of the file."""

    kind: bytes
    start: int
    end: int


def boxes(file: BinaryIO, start: int, end: int, limit: int = MAX_BOXES) -> Iterator[Box]:
    """Yield up to `limit` boxes between two bytes; the last one may claim to end behind `end`."""
    for _ in range(limit):
        if start + _HEADER_SIZE > end:
            return
        box = _box_at(file, start, end)
        if box is None:
            return
        yield box
        start = box.end


def _box_at(file: BinaryIO, start: int, end: int) -> Box | None:
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
    return Box(kind, payload, start + size) if start + size >= payload else None


def children(file: BinaryIO, parent: Box) -> dict[bytes, Box]:
    """Return the first box of each type inside `parent`."""
    found: dict[bytes, Box] = {}
    for box in boxes(file, parent.start, parent.end, MAX_CHILDREN):
        found.setdefault(box.kind, box)
    return found


def payload(file: BinaryIO, box: Box, limit: int = MAX_PAYLOAD) -> bytes:
    """Return what is in a box. Raises Unreadable for more than `limit` bytes."""
    if box.end - box.start > limit:
        raise Unreadable(f"its box {box.kind.decode('latin-1')} is too large")
    file.seek(box.start)
    return file.read(box.end - box.start)


def mp4_length(file: BinaryIO, size: int) -> int:
    """Return the bytes that an MP4 or MOV file of `size` bytes should have by its boxes.

    What is no box, such as padding behind the last one, does not count.
    """
    length = 0
    for box in boxes(file, 0, size):
        if not all(_SPACE <= byte < _DELETE for byte in box.kind):
            break
        length = box.end
    return length
