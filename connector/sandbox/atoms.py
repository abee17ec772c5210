"""Boxes of MP4 and MOV files: walked, found, read. Written from ISO/IEC 14496-12, section 4.2, alone."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

MAX_HEADER = 64 * 1024 * 1024
"""Bytes: a box that has to be read whole and is larger than this is refused."""


class BadBoxes(Exception):
    """The bytes are not a readable MP4 or MOV with a video track."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """One box: its four-character kind and where its payload stands, in bytes from the file's start."""

    kind: bytes
    start: int
    end: int


def walk(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two offsets, up to what is none. Raises BadBoxes when one does not fit."""
    at = start
    while at + 8 <= end:
        size, kind = struct.unpack(">I4s", read(file, at, 8))
        header = 8
        if at > start and not (kind.isascii() and kind.decode("ascii").isprintable()):
            return
        if size == 1:
            size = struct.unpack(">Q", read(file, at + 8, 8))[0]
            header = 16
        elif size == 0:
            size = end - at
        if size < header or at + size > end:
            raise BadBoxes(f"box {kind!r} at byte {at} does not fit")
        yield Box(kind=kind, start=at + header, end=at + size)
        at += size


def first(boxes: list[Box], kind: bytes) -> Box:
    """Return the first box of a kind. Raises BadBoxes."""
    for box in boxes:
        if box.kind == kind:
            return box
    raise BadBoxes(f"no {kind.decode('ascii')} box")


def down(file: BinaryIO, box: Box, *kinds: bytes) -> Box:
    """Go down a path of kinds. Raises BadBoxes."""
    for kind in kinds:
        box = first(list(walk(file, box.start, box.end)), kind)
    return box


def payload(file: BinaryIO, box: Box) -> bytes:
    """Return what is in a box. Raises BadBoxes for one that is too large."""
    if box.end - box.start > MAX_HEADER:
        raise BadBoxes(f"box {box.kind!r} is too large")
    return read(file, box.start, box.end - box.start)


def read(file: BinaryIO, start: int, count: int) -> bytes:
    """Return so many bytes from an offset on. Raises BadBoxes."""
    file.seek(start)
    data = file.read(count)
    if len(data) != count:
        raise BadBoxes("the file ends early")
    return data


def number(data: bytes, at: int, form: Literal[">I", ">Q", ">i", ">q"]) -> int:
    """Return one number inside a payload. Raises BadBoxes."""
    try:
        found: int = struct.unpack_from(form, data, at)[0]
    except struct.error as error:
        raise BadBoxes("a box is too short") from error
    return found
