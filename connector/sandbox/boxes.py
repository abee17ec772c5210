"""A small reader of MP4 and MOV: container, duration, sides, codec and frame rate of the first video track.

Written from ISO/IEC 14496-12 alone. What is shown counts: edits are applied, fragments are added up, and the
movie's own clock is believed only where no track tells a time. A `moov` that is compressed is read as Apple's
QuickTime File Format Specification has it ("Compressed Movie Resources").
"""

import io
import struct
import zlib
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

from connector.sandbox.atoms import MAX_HEADER, BadBoxes, Box, down, first, number, payload, read, walk
from connector.sandbox.timing import Frames, defaults, in_fragments, in_table, shown_for

__all__ = ["BadBoxes", "Movie", "Track", "read_movie"]


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


@dataclass(frozen=True, kw_only=True)
class _Index:
    """The `moov` of a file of `size` bytes: its boxes, its units per second, its fragments by track id."""

    inside: list[Box]
    scale: int
    fragments: dict[int, Frames] | None
    size: int


def read_movie(file: BinaryIO, size: int) -> Movie:
    """Read the movie in `file`, which holds `size` bytes. Raises BadBoxes."""
    top = list(walk(file, 0, size))
    brand = _brand(file, top)
    held, moov = _unpacked(file, first(top, b"moov"))
    inside = list(walk(held, moov.start, moov.end))
    units, scale = _times(held, first(inside, b"mvhd"))
    mvex = next((box for box in inside if box.kind == b"mvex"), None)
    fragments = None if mvex is None else in_fragments(file, top, defaults(held, mvex))
    index = _Index(inside=inside, scale=scale, fragments=fragments, size=size)
    found = [_track(held, box, index) for box in inside if box.kind == b"trak"]
    videos = [track for _, track in found if track is not None]
    if not videos:
        raise BadBoxes("no video track")
    if mvex is not None:
        units = _fragment_duration(held, mvex) or units
    longest = max(seconds for seconds, _ in found)
    return Movie(brand=brand, duration=longest or Fraction(units, scale), track=videos[0])


def _unpacked(file: BinaryIO, moov: Box) -> tuple[BinaryIO, Box]:
    """Return the plain `moov` and what it stands in: the file itself, or what its compressed one holds."""
    packed = next((box for box in walk(file, moov.start, moov.end) if box.kind == b"cmov"), None)
    if packed is None:
        return file, moov
    if payload(file, down(file, packed, b"dcom")) != b"zlib":
        raise BadBoxes("a moov compressed in an unknown way")
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(payload(file, down(file, packed, b"cmvd"))[4:], MAX_HEADER)
    except zlib.error as error:
        raise BadBoxes("a damaged compressed moov") from error
    if not stream.eof:
        raise BadBoxes("a compressed moov that is cut or too large")
    return io.BytesIO(plain), first(list(walk(io.BytesIO(plain), 0, len(plain))), b"moov")


def _brand(file: BinaryIO, top: list[Box]) -> bytes:
    if not top or top[0].kind not in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        raise BadBoxes("does not begin as an MP4 or MOV")
    if top[0].kind != b"ftyp":
        return b"qt  "
    return read(file, top[0].start, 4)


def _fragment_duration(file: BinaryIO, mvex: Box) -> int:
    for box in walk(file, mvex.start, mvex.end):
        if box.kind == b"mehd":
            mehd = payload(file, box)
            return number(mehd, 4, ">Q" if mehd[:1] == b"\x01" else ">I")
    return 0


def _times(file: BinaryIO, header: Box) -> tuple[int, int]:
    """Return (duration in units, units per second) of an mvhd or mdhd box."""
    data = payload(file, header)
    long = data[:1] == b"\x01"
    timescale = number(data, 20 if long else 12, ">I")
    if timescale == 0:
        raise BadBoxes("a time scale of zero")
    return number(data, 24 if long else 16, ">Q" if long else ">I"), timescale


def _track(file: BinaryIO, trak: Box, index: _Index) -> tuple[Fraction, Track | None]:
    """Return how long a track is shown, in seconds, and what it says when it is a video track."""
    mdia = down(file, trak, b"mdia")
    handler = payload(file, down(file, mdia, b"hdlr"))[8:12]
    if handler not in (b"vide", b"soun"):
        return Fraction(0), None
    units, scale = _times(file, down(file, mdia, b"mdhd"))
    table = down(file, mdia, b"minf", b"stbl")
    frames = in_table(payload(file, down(file, table, b"stts")))
    _check_chunks(file, table, index.size)
    if index.fragments is not None:
        more = index.fragments.get(_id(file, trak), Frames())
        frames.add(more.count, more.units)
    elst = None if index.fragments is not None else _edits(file, trak)
    media = Fraction(frames.units or units, scale)
    seconds = shown_for(elst, index.scale, media, scale)
    if handler == b"soun":
        return seconds, None
    codec, width, height = _sample_entry(payload(file, down(file, table, b"stsd")))
    rate = Fraction(frames.count * scale, frames.units) if frames.units else None
    return seconds, Track(width=width, height=height, codec=codec, frame_rate=rate)


def _id(file: BinaryIO, trak: Box) -> int:
    tkhd = payload(file, down(file, trak, b"tkhd"))
    return number(tkhd, 20 if tkhd[:1] == b"\x01" else 12, ">I")


def _edits(file: BinaryIO, trak: Box) -> bytes | None:
    for box in walk(file, trak.start, trak.end):
        if box.kind == b"edts":
            return payload(file, down(file, box, b"elst"))
    return None


def _check_chunks(file: BinaryIO, table: Box, size: int) -> None:
    """Raise BadBoxes where a chunk is said to lie behind the end of the file."""
    for box in walk(file, table.start, table.end):
        if box.kind in (b"stco", b"co64"):
            data = payload(file, box)
            width, form = (4, ">I") if box.kind == b"stco" else (8, ">Q")
            count = min(number(data, 4, ">I"), (len(data) - 8) // width)
            offsets = struct.unpack_from(f">{count}{form[1]}", data, 8)
            if max(offsets, default=0) >= size:
                raise BadBoxes("the file ends early")


def _sample_entry(stsd: bytes) -> tuple[bytes, int, int]:
    """Return codec, width and height of the first visual sample entry, past version and count."""
    entry = stsd[8:]
    if len(entry) < 36:  # noqa: PLR2004 - up to and with the height of a visual sample entry
        raise BadBoxes("no sample entry")
    width, height = struct.unpack(">HH", entry[32:36])
    return entry[4:8], width, height
