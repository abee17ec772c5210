"""Reads what stands before the first picture of a WebM file: tracks, codecs, sides, times (pure).

A live recording tells neither its duration nor its frame rate there: both are None then. Sources: RFC 8794
(EBML), RFC 9559 (Matroska), the WebM container guidelines.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import BinaryIO

from connector.media.boxes import Unreadable

_SEGMENT = 0x18538067
_CLUSTER = 0x1F43B675
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
_LONGEST_ID, _LONGEST_SIZE = 4, 8

MAX_ELEMENTS = 1_000
"""Elements looked through on one level before the first cluster."""

MAX_TRACKS = 20
"""Tracks that are looked into: with the elements of each level, this bounds what is read of one file."""

MAX_VALUE = 64 * 1024
"""Bytes of the largest value that is read: a codec's private data may have some kilobytes."""

CODECS = {"V_VP8": "vp8", "V_VP9": "vp9", "V_AV1": "av1", "V_MPEG4/ISO/AVC": "h264 in WebM"}
"""Matroska's codec ids by name. WebM allows the first three, of which TikTok takes two."""


@dataclass(frozen=True)
class _Element:
    """One element: its id, and its payload from byte `start` up to `end` (None: as far as it goes)."""

    id: int
    start: int
    end: int | None


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
    try:
        for element in _elements(file, 0, size):
            if element.id == _SEGMENT:
                return size if element.end is None else element.end
    except Unreadable:
        return size
    return size


def read_webm(file: BinaryIO, size: int) -> WebM:
    """Read the head of a file of `size` bytes. Raises Unreadable."""
    try:
        return _webm(file, size)
    except (struct.error, KeyError, ValueError, ZeroDivisionError) as error:
        raise Unreadable("its head is damaged") from error


def _webm(file: BinaryIO, size: int) -> WebM:
    segment = _members(file, _Element(0, 0, size))[_SEGMENT]
    parts = {element.id: element for element in _level(file, _Element(0, segment.start, segment.end or size))}
    entries = [each for each in _level(file, parts[_TRACKS]) if each.id == _TRACK]
    tracks = [_members(file, each) for each in entries[:MAX_TRACKS]]
    kinds = [_number(file, track[_TRACK_TYPE]) for track in tracks]
    if _PICTURE not in kinds:
        raise Unreadable("it has no picture track")
    track = tracks[kinds.index(_PICTURE)]
    video = _members(file, track[_VIDEO])
    width, height = _number(file, video[_WIDTH]), _number(file, video[_HEIGHT])
    frame = _number(file, track[_FRAME_DURATION]) if _FRAME_DURATION in track else 0
    codec = _value(file, track[_CODEC]).rstrip(b"\0").decode("latin-1")
    shown = _shown(file, video, width, height)
    return WebM(
        codec=CODECS.get(codec) or (codec if codec.isprintable() else "an unknown codec"),
        width=width,
        height=height,
        shown_width=shown[0],
        shown_height=shown[1],
        seconds=_seconds(file, parts),
        rate=Fraction(_NANOSECONDS, frame) if frame else None,
        sounds=kinds.count(_SOUND),
    )


def _shown(file: BinaryIO, video: dict[int, _Element], width: int, height: int) -> tuple[int, int]:
    """Return the sides in pixels as displayed."""
    unit = _number(file, video[_SHOWN_UNIT]) if _SHOWN_UNIT in video else _PIXELS
    if _SHOWN_WIDTH not in video or _SHOWN_HEIGHT not in video:
        return width, height
    across, down = _number(file, video[_SHOWN_WIDTH]), _number(file, video[_SHOWN_HEIGHT])
    if not across or not down or unit not in {_PIXELS, _PROPORTION}:
        return width, height
    return (across, down) if unit == _PIXELS else (round(Fraction(height * across, down)), height)


def _seconds(file: BinaryIO, parts: dict[int, _Element]) -> Fraction | None:
    values = _members(file, parts[_INFO])
    if _DURATION not in values:
        return None
    scale = _number(file, values[_TIMESTAMP_SCALE]) if _TIMESTAMP_SCALE in values else 1_000_000
    data = _value(file, values[_DURATION])
    units: float = struct.unpack(">f" if len(data) == struct.calcsize(">f") else ">d", data)[0]
    if not 0 <= units < 1 << 53:
        raise Unreadable("its duration is no time")
    return Fraction(units) * scale / _NANOSECONDS or None


def _members(file: BinaryIO, parent: _Element) -> dict[int, _Element]:
    return {element.id: element for element in _level(file, parent)}


def _level(file: BinaryIO, parent: _Element) -> list[_Element]:
    """Return what stands inside an element, up to the first cluster and to its own end. Raises Unreadable."""
    if parent.end is None:
        raise Unreadable("a part of its head has no end")
    found = list(_elements(file, parent.start, parent.end))
    return [_within(each, parent.end) for each in found if each.start <= parent.end]


def _within(element: _Element, end: int) -> _Element:
    """Return an element that ends at byte `end` at the latest."""
    return element if element.end is None or element.end <= end else replace(element, end=end)


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[_Element]:
    for _ in range(MAX_ELEMENTS):
        if start >= end:
            return
        file.seek(start)
        head = file.read(_LONGEST_ID + _LONGEST_SIZE)
        name, width = _vint(head, 0, _LONGEST_ID)
        length, more = _vint(head, width, _LONGEST_SIZE)
        length -= 1 << (7 * more)
        if name == _CLUSTER:
            return
        at = start + width + more
        is_open = length == (1 << (7 * more)) - 1
        yield _Element(name, at, None if is_open else at + length)
        if is_open:
            return
        start = at + length


def _vint(data: bytes, at: int, longest: int) -> tuple[int, int]:
    """Read EBML's number of variable size with its marker, and how many bytes it takes."""
    first = data[at] if at < len(data) else 0
    width = 9 - first.bit_length()
    if width > longest or at + width > len(data):
        raise Unreadable("its head is cut or damaged")
    return int.from_bytes(data[at : at + width], "big"), width


def _number(file: BinaryIO, element: _Element) -> int:
    return int.from_bytes(_value(file, element)[:_LONGEST_SIZE], "big")


def _value(file: BinaryIO, element: _Element) -> bytes:
    if element.end is None or element.end - element.start > MAX_VALUE:
        raise Unreadable("a part of its head is too large")
    file.seek(element.start)
    return file.read(element.end - element.start)
