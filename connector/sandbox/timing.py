"""How long tracks of an MP4 or MOV are shown, and their frames: samples, edits and fragments.

Written from ISO/IEC 14496-12 alone, sections 8.6.1 (stts), 8.6.6 (elst) and 8.8 (moof).
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

from connector.sandbox.atoms import BadBoxes, Box, first, number, payload, walk

TFHD_BEFORE_DURATION = {0x01: 8, 0x02: 4}
TRUN_BEFORE_SAMPLES = {0x01: 4, 0x04: 4}
TRUN_PER_SAMPLE = {0x100: 4, 0x200: 4, 0x400: 4, 0x800: 4}
MAX_SAMPLES = 10_000_000


@dataclass
class Frames:
    """Frames and what they last in all, in the track's units."""

    count: int = 0
    units: int = 0

    def add(self, count: int, units: int) -> None:
        """Count frames that last `units` together. Raises BadBoxes beyond any real number of them."""
        self.count += count
        self.units += units
        if self.count > MAX_SAMPLES:
            raise BadBoxes("too many samples")


def in_table(stts: bytes) -> Frames:
    """Add up a time-to-sample table."""
    frames = Frames()
    entries = min(number(stts, 4, ">I"), (len(stts) - 8) // 8)
    for entry in range(entries):
        count = number(stts, 8 + 8 * entry, ">I")
        frames.add(count, count * number(stts, 12 + 8 * entry, ">I"))
    return frames


def defaults(file: BinaryIO, mvex: Box) -> dict[int, int]:
    """Return the units that a frame of each track lasts where its fragment does not say."""
    lasts: dict[int, int] = {}
    for box in walk(file, mvex.start, mvex.end):
        if box.kind == b"trex":
            trex = payload(file, box)
            lasts[number(trex, 4, ">I")] = number(trex, 12, ">I")
    return lasts


def in_fragments(file: BinaryIO, top: list[Box], lasts: dict[int, int]) -> dict[int, Frames]:
    """Add up the fragments of each track, by its id; `lasts` are its defaults."""
    found: dict[int, Frames] = {}
    for moof in (box for box in top if box.kind == b"moof"):
        for traf in (box for box in walk(file, moof.start, moof.end) if box.kind == b"traf"):
            _add_fragment(file, traf, lasts, found)
    return found


def _add_fragment(file: BinaryIO, traf: Box, lasts: dict[int, int], found: dict[int, Frames]) -> None:
    inside = list(walk(file, traf.start, traf.end))
    tfhd = payload(file, first(inside, b"tfhd"))
    flags, track = number(tfhd, 0, ">I"), number(tfhd, 4, ">I")
    last = lasts.get(track, 0)
    if flags & 0x08:
        last = number(tfhd, 8 + _present(flags, TFHD_BEFORE_DURATION), ">I")
    frames = found.setdefault(track, Frames())
    for box in inside:
        if box.kind == b"trun":
            _add_run(payload(file, box), last, frames)


def _add_run(trun: bytes, last: int, frames: Frames) -> None:
    flags, count = number(trun, 0, ">I"), number(trun, 4, ">I")
    if not flags & 0x100:
        frames.add(count, count * last)
        return
    start, step = 8 + _present(flags, TRUN_BEFORE_SAMPLES), _present(flags, TRUN_PER_SAMPLE)
    there = max(0, min(count, (len(trun) - start) // step))
    for sample in range(there):
        frames.add(1, number(trun, start + step * sample, ">I"))


def _present(flags: int, members: dict[int, int]) -> int:
    return sum(width for flag, width in members.items() if flags & flag)


def shown_for(elst: bytes | None, movie_scale: int, media: Fraction, scale: int) -> Fraction:
    """Return how long a track is shown in seconds, given the `media` seconds it has and its edits."""
    wide = elst is not None and elst[:1] == b"\x01"
    width = 20 if wide else 12
    entries = 0 if elst is None else min(number(elst, 4, ">I"), (len(elst) - 8) // width)
    if elst is None or entries == 0:
        return media
    total = Fraction(0)
    for entry in range(entries):
        at = 8 + width * entry
        length = number(elst, at, ">Q" if wide else ">I")
        start = number(elst, at + (8 if wide else 4), ">q" if wide else ">i")
        rest = max(Fraction(0), media - Fraction(max(0, start), scale))
        total += Fraction(length, movie_scale) if length else rest
    return total
