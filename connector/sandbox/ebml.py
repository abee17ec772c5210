"""A small reader of WebM: document type, duration, and sides, codec and frame rate of the first video track.

Written from RFC 8794 (EBML) and RFC 9559 (Matroska) alone. It reads what stands before the first cluster; of
a live recording that tells neither duration nor frame duration there, every block is counted.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

HEADER = 0x1A45DFA3
DOC_TYPE = 0x4282
SEGMENT = 0x18538067
INFO = 0x1549A966
TIMESTAMP_SCALE = 0x2AD7B1
DURATION = 0x4489
TRACKS = 0x1654AE6B
TRACK = 0xAE
TRACK_TYPE = 0x83
CODEC_ID = 0x86
DEFAULT_DURATION = 0x23E383
VIDEO = 0xE0
PIXEL_WIDTH = 0xB0
PIXEL_HEIGHT = 0xBA
CLUSTER = 0x1F43B675
CLUSTER_TIME = 0xE7
SIMPLE_BLOCK = 0xA3
BLOCK_GROUP = 0xA0
BLOCK = 0xA1
TRACK_NUMBER = 0xD7

VIDEO_TRACK = 1
NANOSECOND = Fraction(1, 1_000_000_000)
MAX_PAYLOAD = 4096
"""Bytes of a value; a longer one is refused."""


class BadEbml(Exception):
    """The bytes are not a readable WebM with a video track."""


@dataclass(frozen=True, kw_only=True)
class Element:
    """One element: its id with the marker, and where its payload stands, in bytes from the file's start."""

    id: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class WebM:
    """What the elements say: `duration` in seconds, sides in pixels, frames per second; None: not told."""

    doc_type: str
    codec: str
    width: int
    height: int
    duration: Fraction | None
    frame_rate: Fraction | None


def read_webm(file: BinaryIO, size: int) -> WebM:
    """Read the WebM in `file`, which holds `size` bytes. Raises BadEbml."""
    top = _found(file, 0, size, HEADER, SEGMENT)
    doc_type = _text(file, _found(file, top[HEADER].start, top[HEADER].end, DOC_TYPE)[DOC_TYPE])
    segment = top[SEGMENT]
    parts = _found(file, segment.start, segment.end, INFO, TRACKS)
    track = _first_video(file, parts[TRACKS])
    video = _children(file, track[VIDEO])
    duration, rate = _duration(file, parts[INFO]), _frame_rate(file, track.get(DEFAULT_DURATION))
    if duration is None or rate is None:
        number = _number(file, track[TRACK_NUMBER]) if TRACK_NUMBER in track else 1
        counted = _count(file, segment, number, _scale(file, parts[INFO]))
        duration, rate = duration or counted[0], rate or counted[1]
    return WebM(
        doc_type=doc_type,
        codec=_text(file, track[CODEC_ID]),
        width=_number(file, _one(video, PIXEL_WIDTH)),
        height=_number(file, _one(video, PIXEL_HEIGHT)),
        duration=duration,
        frame_rate=rate,
    )


def walk(file: BinaryIO, start: int, end: int) -> Iterator[Element]:
    """Yield the elements between two offsets; one of unknown size reaches to `end`. Raises BadEbml."""
    at = start
    while at < end:
        element = _element(file, at, end)
        yield element
        at = element.end


def _element(file: BinaryIO, at: int, end: int) -> Element:
    element_id, id_length = _vint(file, at, keep_marker=True)
    length, size_length = _vint(file, at + id_length, keep_marker=False)
    payload = at + id_length + size_length
    is_unknown = length == (1 << (7 * size_length)) - 1
    stop = end if is_unknown else payload + length
    if stop > end:
        raise BadEbml(f"the element {element_id:#x} at byte {at} does not fit")
    return Element(id=element_id, start=payload, end=stop)


def _found(file: BinaryIO, start: int, end: int, *ids: int) -> dict[int, Element]:
    """Return the first element of each id, read no further than needed. Raises BadEbml."""
    found: dict[int, Element] = {}
    for element in walk(file, start, end):
        if element.id in ids:
            found.setdefault(element.id, element)
        if element.id == CLUSTER or len(found) == len(ids):
            break
    if len(found) != len(ids):
        raise BadEbml("an element is missing")
    return found


def _children(file: BinaryIO, parent: Element) -> dict[int, Element]:
    return {element.id: element for element in walk(file, parent.start, parent.end)}


def _first_video(file: BinaryIO, tracks: Element) -> dict[int, Element]:
    for element in walk(file, tracks.start, tracks.end):
        if element.id != TRACK:
            continue
        track = _children(file, element)
        if _number(file, _one(track, TRACK_TYPE)) == VIDEO_TRACK and {VIDEO, CODEC_ID} <= track.keys():
            return track
    raise BadEbml("no video track")


def _one(elements: dict[int, Element], wanted: int) -> Element:
    if wanted not in elements:
        raise BadEbml(f"no element {wanted:#x}")
    return elements[wanted]


def _duration(file: BinaryIO, info: Element) -> Fraction | None:
    values = _children(file, info)
    if DURATION not in values:
        return None
    payload = _payload(file, values[DURATION])
    form = {4: ">f", 8: ">d"}.get(len(payload))
    if form is None:
        raise BadEbml("a duration is 4 or 8 bytes")
    units: float = struct.unpack(form, payload)[0]
    if not 0 <= units < 2**63:
        raise BadEbml("a duration out of range")
    return Fraction(units) * _scale(file, info) or None


def _scale(file: BinaryIO, info: Element) -> Fraction:
    """Return what one unit of time lasts, in seconds."""
    scale = _children(file, info).get(TIMESTAMP_SCALE)
    return (1_000_000 if scale is None else _number(file, scale)) * NANOSECOND


def _count(
    file: BinaryIO, segment: Element, track: int, scale: Fraction
) -> tuple[Fraction | None, Fraction | None]:
    """Return (seconds, frames per second) of a track from its blocks; None where there are fewer than two.

    A recording that broke off counts as far as it goes.
    """
    times: list[int] = []
    with suppress(BadEbml):
        for cluster in _clusters(file, segment):
            times.extend(_times_in(file, cluster, track))
    if len(times) < 2:  # noqa: PLR2004 - one frame has no rate
        return None, None
    span, steps = (max(times) - min(times)) * scale, len(times) - 1
    return (span * len(times) / steps, steps / span) if span else (None, None)


def _clusters(file: BinaryIO, segment: Element) -> Iterator[list[Element]]:
    """Yield what is inside each cluster; one of unknown size ends where the next one begins."""
    at = segment.start
    inside: list[Element] = []
    while at < segment.end:
        element = _element(file, at, segment.end)
        if element.id == CLUSTER:
            yield inside
            inside, at = [], element.start
        else:
            inside.append(element)
            at = element.end
    yield inside


def _times_in(file: BinaryIO, cluster: list[Element], track: int) -> Iterator[int]:
    start = 0
    for element in cluster:
        if element.id == CLUSTER_TIME:
            start = _number(file, element)
        elif element.id in (SIMPLE_BLOCK, BLOCK_GROUP):
            block = element if element.id == SIMPLE_BLOCK else _children(file, element).get(BLOCK)
            yield from [] if block is None else _times_of(file, block, track, start)


def _times_of(file: BinaryIO, block: Element, track: int, start: int) -> list[int]:
    number, length = _vint(file, block.start, keep_marker=False)
    if number != track:
        return []
    return [start + int.from_bytes(_bytes(file, block.start + length, 2), "big", signed=True)]


def _frame_rate(file: BinaryIO, frame_duration: Element | None) -> Fraction | None:
    nanoseconds = 0 if frame_duration is None else _number(file, frame_duration)
    return 1 / (nanoseconds * NANOSECOND) if nanoseconds else None


def _vint(file: BinaryIO, at: int, *, keep_marker: bool) -> tuple[int, int]:
    """Return a variable-length number and how many bytes it takes; the leading zero bits tell the length."""
    first = _bytes(file, at, 1)[0]
    length = 9 - first.bit_length()
    if length > (4 if keep_marker else 8):
        raise BadEbml(f"no number at byte {at}")
    value = int.from_bytes(_bytes(file, at, length), "big")
    return (value if keep_marker else value & ((1 << (7 * length)) - 1)), length


def _number(file: BinaryIO, element: Element) -> int:
    return int.from_bytes(_payload(file, element), "big")


def _text(file: BinaryIO, element: Element) -> str:
    return _payload(file, element).rstrip(b"\0").decode("ascii", "replace")


def _payload(file: BinaryIO, element: Element) -> bytes:
    if element.end - element.start > MAX_PAYLOAD:
        raise BadEbml(f"the element {element.id:#x} is too large")
    return _bytes(file, element.start, element.end - element.start)


def _bytes(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(start)
    data = file.read(count)
    if len(data) != count:
        raise BadEbml("the file ends early")
    return data
