"""Sample tables of a track, in `moov` or spread over fragments: how many frames, how long, how even (pure).

Source: ISO/IEC 14496-12, 8.6 (time), 8.7 (chunks) and 8.8 (fragments).
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from connector.media.boxes import Box, BoxReader, Unreadable

UNEVEN = Fraction(6, 5)
"""Where the longest frame lasts this many times the shortest, or longer, the rate is a variable one."""

MAX_FRAMES = 1_000_000
"""Frames that are counted in fragments: four hours at 60 per second."""

_TFHD_FIELDS = ((0x1, 8), (0x2, 4))
"""Optional members of `tfhd` before its default duration: flag and bytes."""

_DEFAULT_DURATION = 0x8
_TRUN_FIELDS = ((0x1, 4), (0x4, 4))
"""Optional members of `trun` before its samples."""

_TRUN_SAMPLE = (0x100, 0x200, 0x400, 0x800)
"""Optional members of each sample of `trun`, 4 bytes each; the first one is its duration."""


@dataclass(frozen=True)
class Timing:
    """Frames of a track: their number, their durations in all, and the shortest and longest one, in units.

    The last frame's duration is often made up, so it does not count for `shortest` and `longest`.
    """

    frames: int = 0
    units: int = 0
    shortest: int | None = None
    longest: int = 0

    @property
    def is_uneven(self) -> bool:
        """Whether the frame rate is a variable one."""
        return self.shortest is not None and self.longest >= self.shortest * UNEVEN > 0

    def joined(self, other: "Timing") -> "Timing":
        """Return both parts of a track as one."""
        shortest = [each for each in (self.shortest, other.shortest) if each is not None]
        return Timing(
            frames=self.frames + other.frames,
            units=self.units + other.units,
            shortest=min(shortest, default=None),
            longest=max(self.longest, other.longest),
        )


def timing_of(runs: Iterable[tuple[int, int]]) -> Timing:
    """Add up runs of (frames, units that each of them lasts)."""
    frames = units = longest = 0
    shortest: int | None = None
    last: tuple[int, int] | None = None
    for count, delta in runs:
        if last is not None and last[0]:
            shortest = last[1] if shortest is None else min(shortest, last[1])
            longest = max(longest, last[1])
        frames, units, last = frames + count, units + count * delta, (count, delta)
    if last is not None and last[0] > 1:
        shortest = last[1] if shortest is None else min(shortest, last[1])
        longest = max(longest, last[1])
    return Timing(frames, units, shortest, longest)


def read_timing(reader: BoxReader, stts: Box) -> Timing:
    """Read a time-to-sample table."""
    data = reader.payload(stts)
    count = struct.unpack_from(">I", data, 4)[0]
    whole = data[8 : 8 + min(count, (len(data) - 8) // 8) * 8]
    return timing_of(struct.iter_unpack(">II", whole))


def last_byte_named(reader: BoxReader, table: Mapping[bytes, Box]) -> int:
    """Return the highest offset at which a sample table places a chunk; 0 where it places none."""
    for kind, form, width in ((b"stco", ">I", 4), (b"co64", ">Q", 8)):
        if kind in table:
            data = reader.payload(table[kind])
            count = min(struct.unpack_from(">I", data, 4)[0], (len(data) - 8) // width)
            offsets = struct.iter_unpack(form, data[8 : 8 + count * width])
            return max((offset for (offset,) in offsets), default=0)
    return 0


def read_defaults(reader: BoxReader, mvex: Box) -> dict[int, int]:
    """Return how long a sample of each track lasts where its fragment does not say, in units."""
    defaults = {}
    for box in reader.inside(mvex):
        if box.kind == b"trex":
            track, _description, duration = struct.unpack_from(">III", reader.payload(box), 4)
            defaults[track] = duration
    return defaults


def read_fragments(reader: BoxReader, defaults: Mapping[int, int]) -> dict[int, Timing]:
    """Add up every fragment of the file, by track id."""
    found: dict[int, Timing] = {}
    for moof in reader.inside(reader.whole):
        if moof.kind != b"moof":
            continue
        for traf in reader.inside(moof):
            if traf.kind == b"traf":
                track, timing = _track_fragment(reader, traf, defaults)
                found[track] = found.get(track, Timing()).joined(timing)
                if found[track].frames > MAX_FRAMES:
                    raise Unreadable("it has too many frames")
    return found


def _track_fragment(reader: BoxReader, traf: Box, defaults: Mapping[int, int]) -> tuple[int, Timing]:
    parts = list(reader.inside(traf))
    header = next((box for box in parts if box.kind == b"tfhd"), None)
    if header is None:
        raise Unreadable("a fragment belongs to no track")
    data = reader.payload(header)
    flags, track = struct.unpack_from(">II", data)
    duration = defaults.get(track, 0)
    if flags & _DEFAULT_DURATION:
        at = 8 + sum(width for flag, width in _TFHD_FIELDS if flags & flag)
        duration = struct.unpack_from(">I", data, at)[0]
    tables = (reader.payload(box) for box in parts if box.kind == b"trun")
    return track, timing_of(run for table in tables for run in _runs(table, duration))


def _runs(data: bytes, duration: int) -> Iterator[tuple[int, int]]:
    flags, count = struct.unpack_from(">II", data)
    flags &= 0xFFFFFF
    if not flags & _TRUN_SAMPLE[0]:
        yield count, duration
        return
    start = 8 + sum(width for flag, width in _TRUN_FIELDS if flags & flag)
    step = 4 * sum(bool(flags & flag) for flag in _TRUN_SAMPLE)
    for at in range(start, min(start + count * step, len(data) - 3), step):
        yield 1, struct.unpack_from(">I", data, at)[0]
