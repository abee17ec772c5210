"""Reads what `moov` says of an MP4 or MOV file: tracks, codecs, sides, edits, frame rate (pure, range reads).

Sources: ISO/IEC 14496-12; Apple's QuickTime File Format Specification (edit lists, pixel aspect ratio,
compressed movie resources).
"""

import io
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

from connector.media.boxes import MAX_BYTES, Box, BoxReader, Unreadable
from connector.media.samples import Timing, last_byte_named, read_defaults, read_fragments, read_timing

MAX_TRACKS = 20
SAMPLE_ENTRY = 86
"""Bytes of a visual sample entry before the boxes inside it."""

CODECS = {
    b"avc1": "h264",
    b"avc3": "h264",
    b"hvc1": "hevc",
    b"hev1": "hevc",
    b"vp08": "vp8",
    b"vp09": "vp9",
    b"av01": "av1",
    b"mp4v": "mpeg4",
    b"s263": "h263",
    b"dvh1": "dolby vision",
    b"dvhe": "dolby vision",
    b"apch": "prores",
    b"apcn": "prores",
    b"apcs": "prores",
    b"apco": "prores",
    b"ap4h": "prores",
    b"ap4x": "prores",
    b"jpeg": "mjpeg",
    b"mjpa": "mjpeg",
    b"encv": "encrypted",
    b"drmi": "encrypted",
}
"""Sample entries by the codec's name; another one is named by its four characters."""

_TURNS = {(0, 1, -1, 0): 90, (-1, 0, 0, -1): 180, (0, -1, 1, 0): 270}
"""The signs of a track's matrix (a, b, c, d) for each turn, in degrees clockwise."""


@dataclass(frozen=True, kw_only=True)
class Track:
    """One track: its handler (`vide`, `soun`), and how long it is shown, in seconds (edits applied).

    For video: codec, stored sides in pixels, the shape of a pixel (width by height), the turn for display in
    degrees clockwise, and its frames. `rate` is the mean of frames per second, None where nothing tells.
    """

    handler: bytes
    seconds: Fraction
    ends_at: int
    codec: str = ""
    width: int = 0
    height: int = 0
    pixel: Fraction = Fraction(1)
    turn: int = 0
    rate: Fraction | None = None
    is_uneven: bool = False


@dataclass(frozen=True, kw_only=True)
class Movie:
    """What `moov` says: tracks in their order, duration in seconds (0: not told).

    `ends_at` is the highest byte offset at which media is said to lie.
    """

    tracks: tuple[Track, ...]
    seconds: Fraction
    ends_at: int
    is_fragmented: bool = False

    @property
    def video(self) -> Track | None:
        """The first picture track."""
        return next((track for track in self.tracks if track.handler == b"vide"), None)

    @property
    def sounds(self) -> int:
        """How many sound tracks there are."""
        return sum(track.handler == b"soun" for track in self.tracks)


@dataclass(frozen=True)
class _Fragments:
    """What stands outside `moov`: frames by track id, and whether there are fragments at all."""

    timings: Mapping[int, Timing]
    exist: bool


def read_movie(file: BinaryIO, size: int) -> Movie:
    """Read the index of a file of `size` bytes. Raises Unreadable."""
    try:
        return _movie(BoxReader(file, size))
    except (struct.error, zlib.error, IndexError, ZeroDivisionError, KeyError) as error:
        raise Unreadable("its index is damaged") from error


def _movie(reader: BoxReader) -> Movie:
    index, moov = _index(reader)
    parts = index.children(moov)
    if b"mvhd" not in parts:
        raise Unreadable("its index has no header")
    scale, units = _times(index.payload(parts[b"mvhd"]))
    fragments = _Fragments({}, exist=False)
    if b"mvex" in parts:
        fragments = _Fragments(read_fragments(reader, read_defaults(index, parts[b"mvex"])), exist=True)
    traks = [box for box in index.inside(moov) if box.kind == b"trak"]
    tracks = tuple(_track(index, box, scale, fragments) for box in traks[:MAX_TRACKS])
    longest = max((track.seconds for track in tracks if track.handler in {b"vide", b"soun"}), default=0)
    return Movie(
        tracks=tracks,
        seconds=Fraction(longest or Fraction(units, scale)),
        ends_at=max((track.ends_at for track in tracks), default=0),
        is_fragmented=fragments.exist,
    )


def _index(reader: BoxReader) -> tuple[BoxReader, Box]:
    """Return the `moov` of a file, and what reads it: QuickTime may have packed it."""
    moov = _moov_in(reader)
    packed = reader.children(moov).get(b"cmov")
    if packed is None:
        return reader, moov
    parts = reader.children(packed)
    if reader.payload(parts[b"dcom"]) != b"zlib":
        raise Unreadable("its index is packed in an unknown way")
    unpacking = zlib.decompressobj()
    data = unpacking.decompress(reader.payload(parts[b"cmvd"])[4:], MAX_BYTES)
    if not unpacking.eof:
        raise Unreadable("its packed index is too large, or cut")
    inside = BoxReader(io.BytesIO(data), len(data))
    return inside, _moov_in(inside)


def _moov_in(reader: BoxReader) -> Box:
    for box in reader.inside(reader.whole):
        if box.kind == b"moov":
            return box
    raise Unreadable("it has no index (moov)")


def _times(data: bytes) -> tuple[int, int]:
    """Return (units per second, duration in units) of an `mvhd` or `mdhd` box."""
    if data[0] == 1:
        scale, units = struct.unpack_from(">IQ", data, 20)
    else:
        scale, units = struct.unpack_from(">II", data, 12)
    if scale == 0:
        raise Unreadable("its clock stands still")
    return scale, units


def _track(reader: BoxReader, trak: Box, movie_scale: int, fragments: _Fragments) -> Track:
    parts = reader.children(trak)
    media = reader.children(parts[b"mdia"])
    handler = reader.payload(media[b"hdlr"])[8:12]
    if handler not in {b"vide", b"soun"}:
        return Track(handler=handler, seconds=Fraction(0), ends_at=0)
    scale, units = _times(reader.payload(media[b"mdhd"]))
    table = reader.children(reader.children(media[b"minf"])[b"stbl"])
    header = reader.payload(parts[b"tkhd"])
    timing = read_timing(reader, table[b"stts"])
    if fragments.exist:
        timing = timing.joined(fragments.timings.get(_track_id(header), Timing()))
    units = timing.units or units
    edits = None if fragments.exist or b"edts" not in parts else _edits(reader, parts[b"edts"])
    seconds = Fraction(units, scale) if edits is None else _shown(edits, movie_scale, units, scale)
    ends_at = last_byte_named(reader, table)
    if handler == b"soun":
        return Track(handler=handler, seconds=seconds, ends_at=ends_at)
    codec, width, height, pixel = _sample_entry(reader, table[b"stsd"])
    return Track(
        handler=handler,
        seconds=seconds,
        ends_at=ends_at,
        codec=codec,
        width=width,
        height=height,
        pixel=pixel,
        turn=_turn(header),
        rate=Fraction(timing.frames * scale, timing.units) if timing.units else None,
        is_uneven=timing.is_uneven,
    )


def _track_id(tkhd: bytes) -> int:
    return int(struct.unpack_from(">I", tkhd, 20 if tkhd[0] == 1 else 12)[0])


def _turn(tkhd: bytes) -> int:
    a, b, _u, c, d = struct.unpack_from(">5i", tkhd, 52 if tkhd[0] == 1 else 40)
    return _TURNS.get((_sign(a), _sign(b), _sign(c), _sign(d)), 0)


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _edits(reader: BoxReader, edts: Box) -> Iterator[tuple[int, int, int]] | None:
    """Return (duration in the movie's units, start in the track's units, rate) of each edit, None for none.

    A start of -1 is a pause.
    """
    elst = reader.children(edts).get(b"elst")
    if elst is None:
        return None
    data = reader.payload(elst)
    form = ">Qqi" if data[0] == 1 else ">Iii"
    width = struct.calcsize(form)
    count = min(struct.unpack_from(">I", data, 4)[0], (len(data) - 8) // width)
    return struct.iter_unpack(form, data[8 : 8 + count * width]) if count else None


def _shown(edits: Iterator[tuple[int, int, int]], movie_scale: int, units: int, scale: int) -> Fraction:
    """Return how long a track of `units` is shown, in seconds; an edit of no duration lasts to the end."""
    told = rest = 0
    for length, start, _rate in edits:
        told += length
        if not length:
            rest += max(units - max(start, 0), 0)
    return Fraction(told, movie_scale) + Fraction(rest, scale)


def _sample_entry(reader: BoxReader, stsd: Box) -> tuple[str, int, int, Fraction]:
    """Return codec, stored width and height, and the pixel's shape of the first sample entry."""
    data = reader.payload(stsd)
    size, kind = struct.unpack_from(">I4s", data, 8)
    width, height = struct.unpack_from(">HH", data, 8 + 32)
    inside = Box(kind, stsd.start + 8 + SAMPLE_ENTRY, min(stsd.start + 8 + size, stsd.end))
    shape = reader.children(inside).get(b"pasp")
    across, down = struct.unpack_from(">II", reader.payload(shape)) if shape else (1, 1)
    pixel = Fraction(across, down) if across and down else Fraction(1)
    return CODECS.get(kind) or _spelled(kind), width, height, pixel


def _spelled(kind: bytes) -> str:
    """Spell four characters that may be none."""
    text = kind.decode("latin-1").strip()
    return text if text.isprintable() and text else kind.hex()
