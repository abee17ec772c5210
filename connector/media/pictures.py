"""Jobs on pictures: decode one to see whether it is whole, or turn it into a JPEG that TikTok takes.

Runs in the media helper's children. libvips streams: what a picture unpacks to is never in memory at once,
unless it must be turned. Only the decoder of the type that was told is ever started.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import pillow_heif
import pyvips

from connector.domain.media import MAX_PIXELS

Answer = tuple[dict[str, Any], bytes]

QUALITY = 90
"""JPEG quality, of 100."""

BRIGHTEST, BRIGHTEST_16 = 255.0, 65535.0
_COLOURED = 3
"""Bands from which on a picture has colours."""

_BLOB = pyvips.GValue.blob_type
_GRAYS = {"b-w", "grey16"}

Picture: TypeAlias = pyvips.Image


class Unusable(Exception):
    """A file that is not to be decoded; the message is for people and names no path."""


def whole(path: str, mime: str) -> Answer:
    """Decode a picture to its end. Tells its sides in pixels as stored."""
    picture = _open(path, mime)
    picture.avg()
    return {"width": picture.width, "height": picture.height}, b""


def to_jpeg(path: str, mime: str, side: int | None = None) -> Answer:
    """Give a picture as JPEG: sRGB, upright, see-through parts on white, first of an animation, no EXIF.

    `side`: pixels that neither side shall exceed (None: as large as it is). Tells the sides in pixels.
    """
    return shrunk(path, mime, side, QUALITY)


def shrunk(path: str, mime: str, side: int | None, quality: int) -> Answer:
    """Do as `to_jpeg` does, with a JPEG quality of one's own."""
    picture = _upright(_on_white(_open(path, mime)), mime)
    if side is not None and max(picture.width, picture.height) > side:
        picture = picture.thumbnail_image(side, height=side, size="down")
    picture = _in_srgb(picture)
    data = picture.jpegsave_buffer(Q=quality, subsample_mode="on", keep="none")
    return {"width": picture.width, "height": picture.height}, bytes(data)


def _open(path: str, mime: str) -> Picture:
    """Open the first picture of a file, with the decoder of its type. Raises Unusable for a bomb."""
    picture = LOADERS[mime](path)
    if picture.width * picture.height > MAX_PIXELS:
        raise Unusable(f"more than {MAX_PIXELS // 1_000_000} megapixels")
    return picture


def _heic(path: str) -> Picture:
    """Decode HEIC; its decoder applies turn and crop by itself."""
    heif = pillow_heif.open_heif(path, convert_hdr_to_8bit=True)
    width, height = heif.size
    if width * height > MAX_PIXELS:
        raise Unusable(f"more than {MAX_PIXELS // 1_000_000} megapixels")
    bands, row = len(heif.mode), len(heif.mode) * width
    data = bytes(heif.data)
    if heif.stride != row:
        data = b"".join(data[line * heif.stride : line * heif.stride + row] for line in range(height))
    picture = Picture.new_from_memory(data, width, height, bands, "uchar")
    picture = picture.copy(interpretation="srgb" if bands >= _COLOURED else "b-w")
    if profile := heif.info.get("icc_profile"):
        picture = picture.mutate(lambda each: each.set_type(_BLOB, "icc-profile-data", profile))
    return picture


_WHOLE = {"access": "sequential", "fail_on": "truncated"}

LOADERS: dict[str, Callable[[str], Picture]] = {
    "image/jpeg": lambda path: Picture.jpegload(path, **_WHOLE),
    "image/png": lambda path: Picture.pngload(path, **_WHOLE),
    "image/webp": lambda path: Picture.webpload(path, n=1, **_WHOLE),
    "image/gif": lambda path: Picture.gifload(path, n=1, **_WHOLE),
    "image/avif": lambda path: Picture.heifload(path, **_WHOLE),
    "image/heic": _heic,
}
"""The decoders by media type; no other one is ever started."""


def _upright(picture: Picture, mime: str) -> Picture:
    """Apply EXIF's orientation; the boxes of AVIF and HEIC have been applied by their decoders."""
    if mime in {"image/avif", "image/heic"} or picture.get_typeof("orientation") == 0:
        return picture
    if picture.get("orientation") == 1:
        return picture
    return picture.copy_memory().autorot()


def _in_srgb(picture: Picture) -> Picture:
    """Apply the colour profile, where there is a usable one; without one the numbers are sRGB by custom."""
    if picture.get_typeof("icc-profile-data") != 0 or picture.interpretation == "cmyk":
        fallback = {"input_profile": "cmyk"} if picture.interpretation == "cmyk" else {}
        try:
            return _eight_bits(picture.icc_transform("srgb", embedded=True, **fallback))
        except pyvips.Error:  # a broken profile, or one of another colour space than the pixels
            picture = picture.copy()
    gray = picture.interpretation in _GRAYS
    return _eight_bits(picture.colourspace("b-w" if gray else "srgb"))


def _eight_bits(picture: Picture) -> Picture:
    return picture if picture.format == "uchar" else picture.cast("uchar")


def _on_white(picture: Picture) -> Picture:
    """Put see-through parts on white, which is white in every profile; cheaper before scaling than after."""
    if not picture.hasalpha():
        return picture
    brightest = BRIGHTEST_16 if picture.format == "ushort" else BRIGHTEST
    return picture.flatten(background=[brightest] * (picture.bands - 1), max_alpha=brightest)
