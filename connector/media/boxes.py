"""Walks the boxes of MP4 and MOV files and the elements of WebM files (pure, reads headers only).

The one way to find a file that was cut: a demuxer reads the index at the start and asks for no more, so it
takes a truncated file for a whole one. Sources: ISO/IEC 14496-12, RFC 8794 (EBML).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_BOXES = 100_000
"""Boxes walked through on one level; a fragmented film of ten minutes has some thousands."""

_SEGMENT = 0x18538067
_SPACE, _DELETE = 0x20, 0x7F
_HEADER_SIZE = 8
_LARGE_HEADER_SIZE = 16


@dataclass(frozen=True)
class Box:
    """One box: its type, and its payload from byte `start` up to byte `end` (exclusive) of the file."""

    kind: bytes
    start: int
    end: int


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two bytes; the last one may claim to end behind `end`."""
    for _ in range(MAX_BOXES):
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


def webm_length(file: BinaryIO, size: int) -> int:
    """Return the bytes that a WebM file of `size` bytes should have; `size` itself when it does not tell."""
    file.seek(0)
    head = file.read(1024)
    _id, at = _number(head, 0, keep_marker=True)
    length, at = _number(head, at, keep_marker=False)
    if length is None:
        return size
    at += length
    segment, at = _number(head, at, keep_marker=True)
    length, at = _number(head, at, keep_marker=False)
    return at + length if segment == _SEGMENT and length is not None else size


def _number(data: bytes, at: int, *, keep_marker: bool) -> tuple[int | None, int]:
    """Read EBML's number of variable size: (value, where the next one starts); None is `unknown`."""
    first = data[at] if at < len(data) else 0
    width = 9 - first.bit_length()
    value = int.from_bytes(data[at : at + width], "big")
    if first == 0:
        return None, at
    marker = 1 << (7 * width)
    if keep_marker:
        return value, at + width
    value -= marker
    return (None if value == marker - 1 else value), at + width


def is_turned(file: BinaryIO, size: int) -> bool:
    """Tell whether an MP4 or MOV file shows its video turned by 90 or 270 degrees (the track's matrix)."""
    for moov in _children(file, 0, size, b"moov"):
        for track in _children(file, moov.start, moov.end, b"trak"):
            if _is_video(file, track):
                return _turns(file, track)
    return False


def _children(file: BinaryIO, start: int, end: int, kind: bytes) -> Iterator[Box]:
    return (box for box in boxes(file, start, end) if box.kind == kind)


def _is_video(file: BinaryIO, track: Box) -> bool:
    for media in _children(file, track.start, track.end, b"mdia"):
        for handler in _children(file, media.start, media.end, b"hdlr"):
            file.seek(handler.start + 8)
            return file.read(4) == b"vide"
    return False


def _turns(file: BinaryIO, track: Box) -> bool:
    for header in _children(file, track.start, track.end, b"tkhd"):
        file.seek(header.start)
        data = file.read(92)
        matrix = 52 if data[:1] == b"\x01" else 40
        if len(data) >= matrix + 20:
            a, b, _u, c, d = struct.unpack_from(">5i", data, matrix)
            return a == 0 and d == 0 and bool(b) and bool(c)
    return False
