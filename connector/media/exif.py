"""The orientation in EXIF data (pure). Source: CIPA DC-008 (Exif), TIFF 6.0."""

import struct

_ORIENTATION = 0x0112
_HEADER = b"Exif\0\0"

MAX_ENTRIES = 500
"""Entries of a directory that are looked through; the orientation is among the first twenty."""

TURNED = range(5, 9)
"""Orientations that exchange width and height."""


def orientation_in(segment: bytes) -> int | None:
    """Return the orientation (1 to 8) from EXIF data with or without its header; None when there is none."""
    tiff = segment.removeprefix(_HEADER)
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return None
    try:
        start = struct.unpack_from(f"{order}I", tiff, 4)[0]
        count = min(struct.unpack_from(f"{order}H", tiff, start)[0], MAX_ENTRIES)
        for index in range(count):
            tag, _kind, _length, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + index * 12)
            if tag == _ORIENTATION:
                return value if value in range(1, 9) else None
    except struct.error:
        return None
    return None
