"""Reads a picture's header: type, size, orientation, colours, alpha, animation. Nothing is decoded (pure).

A picture of a few kilobytes can unpack to gigabytes; its header says so in its first bytes. Sources: PNG
(W3C, third edition), WebP container (RFC 9649), GIF89a.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from connector.domain.media import Photo
from connector.media.boxes import Unreadable
from connector.media.exif import TURNED, orientation_in
from connector.media.heif import read_heif
from connector.media.icc import other_profile
from connector.media.jpeg import MAX_SEGMENTS, CutError, HeaderError, read_jpeg
from connector.media.kinds import still_brand

MAX_PROFILE = 1024 * 1024
"""Bytes that a packed colour profile may unpack to."""

MAX_BLOCKS = 200_000
"""Blocks of a GIF: 20 MB have 80,000 of full size."""

_PNG_ALPHA = {4, 6}
_PNG_GRAY = {0, 4}
_PNG_PALETTE = 3
_WEBP_ALPHA = 0x10
_WEBP_ANIMATION = 0x02
_GIF_IMAGE, _GIF_EXTENSION = 0x2C, 0x21
_GIF_TABLE = 0x80


def read_photo(file: BinaryIO, size: int) -> Photo | None:
    """Read the header of a picture of `size` bytes, None when it is no picture. Raises HeaderError."""
    head = file.read(32)
    reader = _reader_of(head)
    if reader is None:
        still = still_brand(head)
        return _read_still(file, size, still) if still else None
    file.seek(0)
    try:
        return reader(file, size)
    except (struct.error, IndexError, zlib.error) as error:
        raise HeaderError("the picture's header is cut off") from error


def _read_still(file: BinaryIO, size: int, mime: str) -> Photo:
    try:
        return read_heif(file, size, mime)
    except Unreadable as error:
        raise HeaderError(str(error)) from error


def _reader_of(head: bytes) -> Callable[[BinaryIO, int], Photo] | None:
    if head.startswith(b"\xff\xd8\xff"):
        return read_jpeg
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _read_png
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _read_webp
    if head.startswith(b"GIF8"):
        return _read_gif
    return _read_bmp if head.startswith(b"BM") else None


def _read_png(file: BinaryIO, size: int) -> Photo:
    width, height, depth, colour = struct.unpack_from(">IIBB", file.read(33), 16)
    chunks = dict(_png_chunks(file))
    profile = chunks.get(b"iCCP")
    orientation = orientation_in(chunks.get(b"eXIf", b"")) or 1
    if orientation in TURNED:
        width, height = height, width
    return Photo(
        mime="image/png",
        size=size,
        width=width,
        height=height,
        orientation=orientation,
        has_alpha=colour in _PNG_ALPHA or b"tRNS" in chunks,
        is_animated=b"acTL" in chunks,
        colours="gray" if colour in _PNG_GRAY else "rgb",
        bits=8 if colour == _PNG_PALETTE else depth,
        profile=other_profile(_unpacked(profile)) if profile else None,
    )


def _png_chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks before the first `IDAT` that say something about the whole picture."""
    for _ in range(MAX_SEGMENTS):
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IDAT":  # noqa: PLR2004 - length and type of a chunk
            return
        length, kind = struct.unpack(">I4s", head)
        if kind in {b"iCCP", b"eXIf", b"tRNS", b"acTL"} and length < MAX_PROFILE:
            yield kind, file.read(length)
            file.seek(4, 1)
        else:
            file.seek(length + 4, 1)


def _unpacked(chunk: bytes) -> bytes:
    """Unpack the profile of an `iCCP` chunk: name, zero, method, data."""
    packed = chunk[chunk.index(b"\0") + 2 :] if b"\0" in chunk else b""
    return zlib.decompressobj().decompress(packed, MAX_PROFILE)


def _read_gif(file: BinaryIO, size: int) -> Photo:
    width, height, flags = struct.unpack_from("<HHB", file.read(13), 6)
    if flags & _GIF_TABLE:
        file.seek(3 << (flags % 8 + 1), 1)
    return Photo(mime="image/gif", size=size, width=width, height=height, is_animated=_has_two_pictures(file))


def _has_two_pictures(file: BinaryIO) -> bool:
    pictures = blocks = 0
    while pictures <= 1:
        kind = file.read(1)
        if kind == bytes([_GIF_IMAGE]):
            pictures += 1
            flags = file.read(9)[8:9] or b"\0"
            file.seek((3 << (flags[0] % 8 + 1) if flags[0] & _GIF_TABLE else 0) + 1, 1)
        elif kind == bytes([_GIF_EXTENSION]):
            file.seek(1, 1)
        else:
            return False
        blocks += _skip_blocks(file, MAX_BLOCKS - blocks)
    return True


def _skip_blocks(file: BinaryIO, limit: int) -> int:
    """Go behind a chain of blocks; return how many there were, with its end. Raises HeaderError."""
    for skipped in range(limit):
        length = file.read(1)
        if length in {b"", b"\0"}:
            return skipped + 1
        file.seek(length[0], 1)
    raise HeaderError("the picture is cut into too many blocks")


def _read_bmp(file: BinaryIO, size: int) -> Photo:
    width, height = struct.unpack_from("<ii", file.read(26), 18)
    return Photo(mime="image/bmp", size=size, width=abs(width), height=abs(height))


def _read_webp(file: BinaryIO, size: int) -> Photo:
    head = file.read(30)
    declared = struct.unpack_from("<I", head, 4)[0] + 8
    if declared > size:
        raise CutError(size, declared)
    if head[12:16] == b"VP8X":
        return _read_extended_webp(file, size, head)
    if head[12:16] == b"VP8L":
        bits = struct.unpack_from("<I", head, 21)[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        return Photo(mime="image/webp", size=size, width=width, height=height, has_alpha=bool(bits >> 28 & 1))
    width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", head, 26))
    return Photo(mime="image/webp", size=size, width=width, height=height)


def _read_extended_webp(file: BinaryIO, size: int, head: bytes) -> Photo:
    width = int.from_bytes(head[24:27], "little") + 1
    height = int.from_bytes(head[27:30], "little") + 1
    chunks = dict(_webp_chunks(file))
    profile = chunks.get(b"ICCP")
    orientation = orientation_in(chunks.get(b"EXIF", b"")) or 1
    if orientation in TURNED:
        width, height = height, width
    return Photo(
        mime="image/webp",
        size=size,
        width=width,
        height=height,
        orientation=orientation,
        has_alpha=bool(head[20] & _WEBP_ALPHA),
        is_animated=bool(head[20] & _WEBP_ANIMATION),
        profile=other_profile(profile) if profile else None,
    )


def _webp_chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    for _ in range(MAX_SEGMENTS):
        head = file.read(8)
        if len(head) < 8:  # noqa: PLR2004 - type and length of a chunk
            return
        kind, length = struct.unpack("<4sI", head)
        if kind in {b"ICCP", b"EXIF"} and length < MAX_PROFILE:
            yield kind, file.read(length)
            file.seek(length % 2, 1)
        else:
            file.seek(length + length % 2, 1)
