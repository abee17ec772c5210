"""Looks at received media as TikTok does, after all bytes are there: what it is and whether it is allowed.

Limits from the reference, section 6: videos MP4, MOV or WebM with H.264, H.265, VP8 or VP9, 23 to 60 frames
per second, sides of 360 to 4096 px; photos JPEG or WebP, at most 20 MB (the narrower reading) and 1080 px on
either side. Content decides, never a name or a header.
"""

import warnings
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from PIL import Image

from connector.sandbox.boxes import BadBoxes, Movie, read_movie

FORMAT = "file_format_check_failed"
SIZE = "picture_size_check_failed"
RATE = "frame_rate_check_failed"
DURATION = "duration_check_failed"

CODECS = frozenset({b"avc1", b"avc3", b"hvc1", b"hev1", b"vp08", b"vp09"})
OTHER_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"M4A ", b"M4B ", b"3g")
"""Brands of files that have the same boxes and are neither MP4 nor MOV."""
MIN_SIDE = 360
MAX_SIDE = 4096
MIN_RATE = 23
MAX_RATE = 60
MAX_PHOTO_BYTES = 20_000_000
MAX_PHOTO_SIDE = 1080


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a file is: sides in pixels, `duration_ms` in milliseconds (0: not told), and TikTok's verdict.

    `fail_reason` None means allowed.
    """

    content_type: str
    width: int = 0
    height: int = 0
    duration_ms: int = 0
    fail_reason: str | None = None


def look_at_video(path: Path, max_seconds: int) -> Look:
    """Look at a video that may last `max_seconds`. Of WebM only the container is looked at."""
    with path.open("rb") as file:
        if _is_webm(file.read(64)):
            return Look(content_type="video/webm")
        try:
            movie = read_movie(file, path.stat().st_size)
        except BadBoxes:
            return Look(content_type="application/octet-stream", fail_reason=FORMAT)
    return Look(
        content_type="video/quicktime" if movie.brand == b"qt  " else "video/mp4",
        width=movie.track.width,
        height=movie.track.height,
        duration_ms=round(movie.duration * 1000),
        fail_reason=_video_verdict(movie, max_seconds),
    )


def look_at_photo(path: Path) -> Look:
    """Look at a photo."""
    if path.stat().st_size > MAX_PHOTO_BYTES:
        return Look(content_type="application/octet-stream", fail_reason=SIZE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _open_photo(path)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Look(content_type="application/octet-stream", fail_reason=SIZE)
    except (OSError, SyntaxError, ValueError):
        return Look(content_type="application/octet-stream", fail_reason=FORMAT)


def _is_webm(head: bytes) -> bool:
    return head.startswith(b"\x1a\x45\xdf\xa3") and b"\x42\x82\x84webm" in head


def _video_verdict(movie: Movie, max_seconds: int) -> str | None:
    track = movie.track
    if track.codec not in CODECS or movie.brand.startswith(OTHER_BRANDS):
        return FORMAT
    if not all(MIN_SIDE <= side <= MAX_SIDE for side in (track.width, track.height)):
        return SIZE
    if track.frame_rate is not None and not MIN_RATE <= round(track.frame_rate, 2) <= MAX_RATE:
        return RATE
    if movie.duration > Fraction(max_seconds):
        return DURATION
    return None


def _open_photo(path: Path) -> Look:
    with Image.open(path, formats=("JPEG", "WEBP")) as image:
        too_large = max(image.size) > MAX_PHOTO_SIDE
        if not too_large:
            image.load()
        return Look(
            content_type=f"image/{(image.format or '').lower()}",
            width=image.size[0],
            height=image.size[1],
            fail_reason=SIZE if too_large else None,
        )
