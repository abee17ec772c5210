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
from connector.sandbox.ebml import BadEbml, WebM, read_webm

FORMAT = "file_format_check_failed"
SIZE = "picture_size_check_failed"
RATE = "frame_rate_check_failed"
DURATION = "duration_check_failed"

EBML = b"\x1a\x45\xdf\xa3"
WEBM_CODECS = frozenset({"V_VP8", "V_VP9"})
CODECS = frozenset({b"avc1", b"avc3", b"hvc1", b"hev1", b"vp08", b"vp09"})
OTHER_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"M4A ", b"M4B ", b"3g")
"""Brands of files that have the same boxes and are neither MP4 nor MOV."""
MIN_SIDE = 360
MAX_SIDE = 4096
MIN_RATE = 23
MAX_RATE = 60
RATE_DECIMALS = 1
"""A phone's clock makes 60.02 of 60: TikTok does not say how it rounds, so rates count to a tenth."""
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
    """Look at a video that may last `max_seconds`."""
    with path.open("rb") as file:
        is_ebml = file.read(4) == EBML
        try:
            size = path.stat().st_size
            video = _webm(read_webm(file, size)) if is_ebml else _movie(read_movie(file, size))
        except (BadBoxes, BadEbml):
            return Look(content_type="application/octet-stream", fail_reason=FORMAT)
    return Look(
        content_type=video.content_type,
        width=video.width,
        height=video.height,
        duration_ms=round(video.duration * 1000),
        fail_reason=_video_verdict(video, max_seconds),
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


@dataclass(frozen=True, kw_only=True)
class _Video:
    """What either reader found: `duration` in seconds (0: not told), frames per second (None: not told)."""

    content_type: str
    is_known: bool
    width: int
    height: int
    duration: Fraction
    frame_rate: Fraction | None


def _movie(movie: Movie) -> _Video:
    return _Video(
        content_type="video/quicktime" if movie.brand == b"qt  " else "video/mp4",
        is_known=movie.track.codec in CODECS and not movie.brand.startswith(OTHER_BRANDS),
        width=movie.track.width,
        height=movie.track.height,
        duration=movie.duration,
        frame_rate=movie.track.frame_rate,
    )


def _webm(webm: WebM) -> _Video:
    return _Video(
        content_type="video/webm",
        is_known=webm.doc_type == "webm" and webm.codec in WEBM_CODECS,
        width=webm.width,
        height=webm.height,
        duration=webm.duration or Fraction(0),
        frame_rate=webm.frame_rate,
    )


def _video_verdict(video: _Video, max_seconds: int) -> str | None:
    if not video.is_known:
        return FORMAT
    if not all(MIN_SIDE <= side <= MAX_SIDE for side in (video.width, video.height)):
        return SIZE
    if video.frame_rate is not None and not MIN_RATE <= round(video.frame_rate, RATE_DECIMALS) <= MAX_RATE:
        return RATE
    if video.duration > Fraction(max_seconds):
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
