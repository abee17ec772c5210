"""Reads a picture's header: type, size, orientation, alpha, animation. Nothing is decoded (pure).

A picture of a few kilobytes can unpack to gigabytes; its header says so in its first bytes.
"""

import struct
from collections.abc import Callable
from typing import BinaryIO

from connector.domain.media import Photo
from connector.media.kinds import still_brand

MAX_SEGMENTS = 10_000
"""Segments or chunks walked through in one header; no real file has as many."""

_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_APP1 = 0xE1
_ORIENTATION = 0x0112
_TURNED = range(5, 9)
"""EXIF orientations that exchange width and height."""

_WEBP_ALPHA = 0x10
_WEBP_ANIMATION = 0x02


class HeaderError(ValueError):
    """The file starts like a picture, but its header is broken or cut."""


def read_photo(file: BinaryIO, size: int) -> Photo | None:
    """Read the header of a picture of `size` bytes, None when it is no picture. Raises HeaderError."""
    head = file.read(32)
    reader = _reader_of(head)
    if reader is None:
        still = still_brand(head)
        return Photo(mime=still, size=size, width=None, height=None) if still else None
    file.seek(0)
    try:
        return reader(file, size)
    except (struct.error, IndexError) as error:
        raise HeaderError("the picture's header is cut off") from error


def _reader_of(head: bytes) -> Callable[[BinaryIO, int], Photo] | None:
    if head.startswith(b"\xff\xd8\xff"):
        return _read_jpeg
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _read_png
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _read_webp
    if head.startswith(b"GIF8"):
        return _read_gif
    return _read_bmp if head.startswith(b"BM") else None


def _read_png(file: BinaryIO, size: int) -> Photo:
    head = file.read(33)
    width, height, _depth, color = struct.unpack_from(">IIBB", head, 16)
    return Photo(
        mime="image/png",
        size=size,
        width=width,
        height=height,
        has_alpha=color in {4, 6},
        is_animated=_has_animation_chunk(file),
    )


def _has_animation_chunk(file: BinaryIO) -> bool:
    """Look for APNG's `acTL` before the first `IDAT`; the file stands behind `IHDR`."""
    for _ in range(MAX_SEGMENTS):
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IDAT":  # noqa: PLR2004 - length and type of a chunk
            return False
        if head[4:] == b"acTL":
            return True
        file.seek(struct.unpack(">I", head[:4])[0] + 4, 1)
    return False


def _read_gif(file: BinaryIO, size: int) -> Photo:
    width, height = struct.unpack_from("<HH", file.read(10), 6)
    return Photo(mime="image/gif", size=size, width=width, height=height)


def _read_bmp(file: BinaryIO, size: int) -> Photo:
    width, height = struct.unpack_from("<ii", file.read(26), 18)
    return Photo(mime="image/bmp", size=size, width=abs(width), height=abs(height))


def _read_webp(file: BinaryIO, size: int) -> Photo:
    head = file.read(30)
    declared = struct.unpack_from("<I", head, 4)[0] + 8
    if declared > size:
        raise HeaderError(f"the file has {size} of the {declared} bytes that its header tells")
    alpha = animated = False
    if head[12:16] == b"VP8X":
        width = int.from_bytes(head[24:27], "little") + 1
        height = int.from_bytes(head[27:30], "little") + 1
        alpha, animated = bool(head[20] & _WEBP_ALPHA), bool(head[20] & _WEBP_ANIMATION)
    elif head[12:16] == b"VP8L":
        bits = struct.unpack_from("<I", head, 21)[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        alpha = bool(bits >> 28 & 1)
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", head, 26))
    return Photo(
        mime="image/webp", size=size, width=width, height=height, has_alpha=alpha, is_animated=animated
    )


def _read_jpeg(file: BinaryIO, size: int) -> Photo:
    file.seek(2)
    orientation = 1
    for _ in range(MAX_SEGMENTS):
        marker = _next_marker(file)
        if marker in _STANDALONE:
            continue
        length = struct.unpack(">H", file.read(2))[0]
        if marker in _START_OF_FRAME:
            height, width = struct.unpack(">xHH", file.read(5))
            if orientation in _TURNED:
                width, height = height, width
            return Photo(mime="image/jpeg", size=size, width=width, height=height, orientation=orientation)
        if marker == _APP1:
            orientation = orientation_in(file.read(length - 2)) or orientation
        elif marker == _START_OF_SCAN:
            break
        else:
            file.seek(length - 2, 1)
    raise HeaderError("the picture's header tells no size")


def _next_marker(file: BinaryIO) -> int:
    if file.read(1) != b"\xff":
        raise HeaderError("the picture's header is broken")
    marker = 0xFF
    while marker == 0xFF:  # noqa: PLR2004 - fill bytes before a marker
        marker = file.read(1)[0]
    return marker


def orientation_in(segment: bytes) -> int | None:
    """Return EXIF's orientation (1 to 8) from a JPEG's APP1 segment, None when there is none."""
    if not segment.startswith(b"Exif\0\0"):
        return None
    tiff = segment[6:]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return None
    try:
        start = struct.unpack_from(f"{order}I", tiff, 4)[0]
        count = struct.unpack_from(f"{order}H", tiff, start)[0]
        for index in range(count):
            tag, _kind, _length, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + index * 12)
            if tag == _ORIENTATION:
                return value if value in range(1, 9) else None
    except struct.error:
        return None
    return None
