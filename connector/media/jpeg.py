"""Reads the header of a JPEG picture (pure). Sources: ITU-T T.81, Adobe TN 5116, ICC.1 annex B."""

import struct
from typing import BinaryIO, Literal

from connector.domain.media import Photo
from connector.media.exif import TURNED, orientation_in
from connector.media.icc import other_profile

MAX_SEGMENTS = 10_000
"""Segments walked through in one header; no real file has as many."""

MAX_FILL = 5_000
"""Fill bytes before one marker; what aligns to a page of memory has fewer."""

MAX_PROFILE = 1024 * 1024
"""Bytes of a colour profile that are put together from segments."""

_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_APP1, _APP2 = 0xE1, 0xE2
_ICC = b"ICC_PROFILE\0"
_COLOURS: dict[int, Literal["rgb", "gray", "cmyk"]] = {1: "gray", 3: "rgb", 4: "cmyk"}


class HeaderError(ValueError):
    """The file starts like a picture, but its header is broken or cut."""


class CutError(HeaderError):
    """The file is shorter than its header tells: `length` bytes instead of `size`."""

    def __init__(self, size: int, length: int) -> None:
        super().__init__(f"the file has {size} of the {length} bytes that its header tells")
        self.size = size
        self.length = length


def read_jpeg(file: BinaryIO, size: int) -> Photo:
    """Read the header of a picture of `size` bytes. Raises HeaderError, struct.error and IndexError."""
    file.seek(2)
    orientation, profile = 1, bytearray()
    for _ in range(MAX_SEGMENTS):
        marker = _next_marker(file)
        if marker in _STANDALONE:
            continue
        length = struct.unpack(">H", file.read(2))[0]
        if marker in _START_OF_FRAME:
            return _photo(file.read(6), size, orientation, bytes(profile))
        if marker == _START_OF_SCAN:
            break
        if marker in {_APP1, _APP2}:
            segment = file.read(max(length - 2, 0))
            orientation = (orientation_in(segment) if marker == _APP1 else None) or orientation
            if segment.startswith(_ICC) and len(profile) < MAX_PROFILE:
                profile += segment[len(_ICC) + 2 :]
        else:
            file.seek(max(length - 2, 0), 1)
    raise HeaderError("the picture's header tells no size")


def _photo(frame: bytes, size: int, orientation: int, profile: bytes) -> Photo:
    bits, height, width, channels = struct.unpack(">BHHB", frame)
    if orientation in TURNED:
        width, height = height, width
    return Photo(
        mime="image/jpeg",
        size=size,
        width=width,
        height=height,
        orientation=orientation,
        colours=_COLOURS.get(channels, "rgb"),
        bits=bits,
        profile=other_profile(profile) if profile else None,
    )


def _next_marker(file: BinaryIO) -> int:
    if file.read(1) != b"\xff":
        raise HeaderError("the picture's header is broken")
    for _ in range(MAX_FILL):
        marker = file.read(1)[0]
        if marker != 0xFF:  # noqa: PLR2004 - fill bytes before a marker
            return marker
    raise HeaderError("the picture's header is filled up")
