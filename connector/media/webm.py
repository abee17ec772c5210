"""Reads what stands before the first picture of a WebM file: tracks, codecs, sides, times (pure).

A live recording tells neither its duration nor its frame rate there: both are None then. Sources: RFC 8794
(EBML), RFC 9559 (Matroska), the WebM container guidelines.
"""

import struct
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import BinaryIO

from connector.media.boxes import Unreadable
from connector.media.elements import Element, ElementReader

_SEGMENT = 0x18538067
_INFO = 0x1549A966
_TIMESTAMP_SCALE = 0x2AD7B1
_DURATION = 0x4489
_TRACKS = 0x1654AE6B
_TRACK = 0xAE
_TRACK_TYPE = 0x83
_CODEC = 0x86
_FRAME_DURATION = 0x23E383
_VIDEO = 0xE0
_WIDTH, _HEIGHT = 0xB0, 0xBA
_SHOWN_WIDTH, _SHOWN_HEIGHT, _SHOWN_UNIT = 0x54B0, 0x54BA, 0x54B2

_PICTURE, _SOUND = 1, 2
_NANOSECONDS = 1_000_000_000
_PIXELS, _PROPORTION = 0, 3

MAX_TRACKS = 20
"""Tracks that are looked into."""

CODECS = {"V_VP8": "vp8", "V_VP9": "vp9", "V_AV1": "av1", "V_MPEG4/ISO/AVC": "h264 in WebM"}
"""Matroska's codec ids by name. WebM allows the first three, of which TikTok takes two."""


@dataclass(frozen=True, kw_only=True)
class WebM:
    """What the head of a WebM file says: stored and shown sides in pixels; seconds and rate if it tells."""

    codec: str
    width: int
    height: int
    shown_width: int
    shown_height: int
    seconds: Fraction | None
    rate: Fraction | None
    sounds: int


def webm_length(file: BinaryIO, size: int) -> int:
    """Return the bytes that a WebM file of `size` bytes should have; `size` itself when it does not tell."""
    reader = ElementReader(file, size)
    try:
        segment = next((each for each in reader.inside(reader.whole) if each.id == _SEGMENT), None)
    except Unreadable:
        return size
    return size if segment is None or segment.claims is None else segment.claims


def read_webm(file: BinaryIO, size: int) -> WebM:
    """Read the head of a file of `size` bytes. Raises Unreadable."""
    try:
        return _webm(ElementReader(file, size))
    except (struct.error, KeyError, ZeroDivisionError) as error:
        raise Unreadable("its head is damaged") from error


def _webm(reader: ElementReader) -> WebM:
    segment = reader.members(reader.whole)[_SEGMENT]
    # A recording that goes on has a segment without an end: it ends with the file.
    parts = reader.members(replace(segment, claims=segment.end))
    entries = [each for each in reader.inside(parts[_TRACKS]) if each.id == _TRACK]
    tracks = [reader.members(each) for each in entries[:MAX_TRACKS]]
    kinds = [reader.number(track[_TRACK_TYPE]) for track in tracks]
    if _PICTURE not in kinds:
        raise Unreadable("it has no picture track")
    track = tracks[kinds.index(_PICTURE)]
    video = reader.members(track[_VIDEO])
    width, height = reader.number(video[_WIDTH]), reader.number(video[_HEIGHT])
    frame = reader.number(track[_FRAME_DURATION]) if _FRAME_DURATION in track else 0
    codec = reader.value(track[_CODEC]).rstrip(b"\0").decode("latin-1")
    shown = _shown(reader, video, width, height)
    return WebM(
        codec=CODECS.get(codec) or (codec if codec.isprintable() else "an unknown codec"),
        width=width,
        height=height,
        shown_width=shown[0],
        shown_height=shown[1],
        seconds=_seconds(reader, parts),
        rate=Fraction(_NANOSECONDS, frame) if frame else None,
        sounds=kinds.count(_SOUND),
    )


def _shown(reader: ElementReader, video: dict[int, Element], width: int, height: int) -> tuple[int, int]:
    """Return the sides in pixels as displayed."""
    unit = reader.number(video[_SHOWN_UNIT]) if _SHOWN_UNIT in video else _PIXELS
    if _SHOWN_WIDTH not in video or _SHOWN_HEIGHT not in video:
        return width, height
    across, down = reader.number(video[_SHOWN_WIDTH]), reader.number(video[_SHOWN_HEIGHT])
    if not across or not down or unit not in {_PIXELS, _PROPORTION}:
        return width, height
    return (across, down) if unit == _PIXELS else (round(Fraction(height * across, down)), height)


def _seconds(reader: ElementReader, parts: dict[int, Element]) -> Fraction | None:
    values = reader.members(parts[_INFO])
    if _DURATION not in values:
        return None
    scale = reader.number(values[_TIMESTAMP_SCALE]) if _TIMESTAMP_SCALE in values else 1_000_000
    data = reader.value(values[_DURATION])
    units: float = struct.unpack(">f" if len(data) == struct.calcsize(">f") else ">d", data)[0]
    if not 0 <= units < 1 << 53:
        raise Unreadable("its duration is no time")
    return Fraction(units) * scale / _NANOSECONDS or None
