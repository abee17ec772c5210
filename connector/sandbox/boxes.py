"""A small reader of MP4 and MOV boxes: container, duration, sides, codec and frame rate of the first video.

Written from ISO/IEC 14496-12 alone. Fragmented files are told by their `mvex` box; their samples stand in
`moof` boxes that this reader leaves alone, so their frame rate is unknown.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
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


@dataclass(frozen=True, kw_only=True)
class Track:
    """A video track: sides in pixels, the codec's four characters, frames per second (None: not told)."""

    width: int
    height: int
    codec: bytes
    frame_rate: Fraction | None


@dataclass(frozen=True, kw_only=True)
class Movie:
    """What the boxes say; `duration` is in seconds, `brand` the major brand (`qt  ` when there is none)."""

    brand: bytes
    duration: Fraction
    track: Track


def read_movie(file: BinaryIO, size: int) -> Movie:
    """Read the movie in `file`, which holds `size` bytes. Raises BadBoxes."""
    top = list(walk(file, 0, size))
    brand = _brand(file, top)
    moov = _one(top, b"moov")
    inside = list(walk(file, moov.start, moov.end))
    tracks = (_video(file, box) for box in inside if box.kind == b"trak")
    track = next((track for track in tracks if track is not None), None)
    if track is None:
        raise BadBoxes("no video track")
    return Movie(brand=brand, duration=_movie_duration(file, inside), track=track)


def walk(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two offsets. Raises BadBoxes when one does not fit."""
    at = start
    while at + 8 <= end:
        size, kind = struct.unpack(">I4s", _bytes(file, at, 8))
        header = 8
        if size == 1:
            size = struct.unpack(">Q", _bytes(file, at + 8, 8))[0]
            header = 16
        elif size == 0:
            size = end - at
        if size < header or at + size > end:
            raise BadBoxes(f"box {kind!r} at byte {at} does not fit")
        yield Box(kind=kind, start=at + header, end=at + size)
        at += size


def _brand(file: BinaryIO, top: list[Box]) -> bytes:
    if not top or top[0].kind not in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        raise BadBoxes("does not begin as an MP4 or MOV")
    if top[0].kind != b"ftyp":
        return b"qt  "
    return _bytes(file, top[0].start, 4)


def _one(boxes: list[Box], kind: bytes) -> Box:
    for box in boxes:
        if box.kind == kind:
            return box
    raise BadBoxes(f"no {kind.decode('ascii')} box")


def _down(file: BinaryIO, box: Box, *kinds: bytes) -> Box:
    for kind in kinds:
        box = _one(list(walk(file, box.start, box.end)), kind)
    return box


def _movie_duration(file: BinaryIO, inside: list[Box]) -> Fraction:
    units, timescale = _times(file, _one(inside, b"mvhd"))
    for box in inside:
        if box.kind == b"mvex":
            units = _fragment_duration(file, box) or units
    return Fraction(units, timescale)


def _fragment_duration(file: BinaryIO, mvex: Box) -> int:
    for box in walk(file, mvex.start, mvex.end):
        if box.kind == b"mehd":
            payload = _payload(file, box)
            return _number(payload, 4, ">Q" if payload[:1] == b"\x01" else ">I")
    return 0


def _times(file: BinaryIO, header: Box) -> tuple[int, int]:
    """Return (duration in units, units per second) of an mvhd or mdhd box."""
    payload = _payload(file, header)
    long = payload[:1] == b"\x01"
    timescale = _number(payload, 20 if long else 12, ">I")
    if timescale == 0:
        raise BadBoxes("a time scale of zero")
    return _number(payload, 24 if long else 16, ">Q" if long else ">I"), timescale


def _video(file: BinaryIO, trak: Box) -> Track | None:
    """Return what a `trak` says when it is a video track."""
    mdia = _down(file, trak, b"mdia")
    if _payload(file, _down(file, mdia, b"hdlr"))[8:12] != b"vide":
        return None
    _, timescale = _times(file, _down(file, mdia, b"mdhd"))
    table = _down(file, mdia, b"minf", b"stbl")
    codec, width, height = _sample_entry(_payload(file, _down(file, table, b"stsd")))
    rate = _frame_rate(_payload(file, _down(file, table, b"stts")), timescale)
    return Track(width=width, height=height, codec=codec, frame_rate=rate)


def _sample_entry(stsd: bytes) -> tuple[bytes, int, int]:
    """Return codec, width and height of the first visual sample entry, past version and count."""
    entry = stsd[8:]
    if len(entry) < 36:  # noqa: PLR2004 - up to and with the height of a visual sample entry
        raise BadBoxes("no sample entry")
    width, height = struct.unpack(">HH", entry[32:36])
    return entry[4:8], width, height


def _frame_rate(stts: bytes, timescale: int) -> Fraction | None:
    """Return the mean frames per second of a time-to-sample table; None when it is empty."""
    runs = [
        struct.unpack_from(">II", stts, at)
        for at in range(8, min(len(stts) - 7, 8 + 8 * _number(stts, 4, ">I")), 8)
    ]
    frames = sum(count for count, _ in runs)
    units = sum(count * delta for count, delta in runs)
    return Fraction(frames * timescale, units) if units else None


def _payload(file: BinaryIO, box: Box) -> bytes:
    if box.end - box.start > MAX_HEADER:
        raise BadBoxes(f"box {box.kind!r} is too large")
    return _bytes(file, box.start, box.end - box.start)


def _bytes(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(start)
    data = file.read(count)
    if len(data) != count:
        raise BadBoxes("the file ends early")
    return data


def _number(payload: bytes, at: int, form: Literal[">I", ">Q"]) -> int:
    try:
        number: int = struct.unpack_from(form, payload, at)[0]
    except struct.error as error:
        raise BadBoxes("a box is too short") from error
    return number
