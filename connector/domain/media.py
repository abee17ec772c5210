"""What TikTok and PM3K take as video and photo, as data, and the checks against it: all problems at once.

The problems name no field: whoever knows which field a file came from puts it in.

Sources: TikTok's media transfer guide (formats, sides, frame rate, size, duration) and PM3K's document,
section 4.5.3 (photos: 20 MB, 1080 px on either side).
"""

from dataclasses import dataclass
from typing import Literal

from connector.domain.chunks import VIDEO_LIMIT
from connector.kernel.errors import Problem

VIDEO_CODECS = {"h264": "H.264", "hevc": "H.265", "vp8": "VP8", "vp9": "VP9"}
"""Codecs that TikTok takes, by the demuxer's name."""

VIDEO_TYPES = "MP4, MOV or WebM with H.264, H.265, VP8 or VP9"

MIN_SIDE = 360
MAX_SIDE = 4096
"""Pixels of a video's sides."""

MIN_FPS = 23
MAX_FPS = 60

MAX_DURATION_MS = 600_000
"""Milliseconds that the API takes at most; most accounts are allowed less (creator_info tells)."""

TAKEN_TYPES = ("image/jpeg", "image/webp")
"""Photos that TikTok takes."""

CONVERTED_TYPES = ("image/png", "image/heic", "image/avif", "image/gif")
"""Photos that a post may name all the same: they are converted to JPEG."""

PHOTO_WORDS = "JPEG, WebP, PNG, HEIC, AVIF or GIF"

PHOTO_LIMIT = 20_000_000
"""Bytes of the largest photo (20 MB, the smaller reading)."""

MOST_PHOTOS = 35
"""Photos of a carousel, and so of an album."""

PHOTO_SIDE = 1080
"""Pixels of a photo's longer side."""

BITS = 8
"""Bits of a channel; a picture with more is converted."""

MAX_PIXELS = 50_000_000
"""Pixels beyond which a picture is never decoded: a small file can unpack to gigabytes."""

_INVALID_VIDEO = "bad_request"
"""The code PM3K answers with when a video is not what it should be."""


@dataclass(frozen=True, kw_only=True)
class Video:
    """What a look into a video file has found.

    `size` in bytes; `width` and `height` in pixels as displayed (turn and pixel shape applied),
    `stored_width` and `stored_height` as encoded (None: the same); `rotation` in degrees clockwise; `codec`
    by its common name; `fps` is the average, None where the file does not tell; so with `duration_ms`.
    `is_uneven`: the frame rate is a variable one.
    """

    mime: str
    size: int
    codec: str
    width: int
    height: int
    duration_ms: int | None
    fps: float | None
    has_audio: bool
    stored_width: int | None = None
    stored_height: int | None = None
    rotation: int = 0
    is_uneven: bool = False
    is_fragmented: bool = False
    audio_tracks: int = 0

    @property
    def stored(self) -> tuple[int, int]:
        """Width and height in pixels as encoded, which is what TikTok's limits are held against."""
        return self.stored_width or self.width, self.stored_height or self.height


@dataclass(frozen=True, kw_only=True)
class Photo:
    """What a look at a picture's header has found; nothing was decoded.

    `size` in bytes; `width` and `height` in pixels as displayed, None where the header is of a kind that is
    not read. `orientation` is EXIF's (1: upright); `bits` per channel; `profile` names a colour profile other
    than sRGB.
    """

    mime: str
    size: int
    width: int | None
    height: int | None
    orientation: int = 1
    has_alpha: bool = False
    is_animated: bool = False
    colours: Literal["rgb", "gray", "cmyk"] = "rgb"
    bits: int = 8
    profile: str | None = None


def megabytes(size: int) -> str:
    """Spell bytes as decimal megabytes."""
    return f"{size / 1_000_000:.1f} MB"


def check_video(video: Video) -> list[Problem]:
    """Return everything about a video that TikTok would refuse."""
    checks = (_codec, _sides, _frame_rate, _duration, _video_size)
    return [problem for check in checks for problem in check(video)]


def _codec(video: Video) -> list[Problem]:
    if video.codec in VIDEO_CODECS:
        return []
    return [
        Problem(
            field="",
            problem="unsupported_codec",
            got=f"a video in {video.codec}",
            expected=" or ".join(VIDEO_CODECS.values()),
            fix="export it again as MP4 with H.264",
            code=_INVALID_VIDEO,
        )
    ]


def _sides(video: Video) -> list[Problem]:
    width, height = video.stored
    if all(MIN_SIDE <= side <= MAX_SIDE for side in (width, height)):
        return []
    return [
        Problem(
            field="",
            problem="side_out_of_range",
            got=f"{width} x {height} px",
            expected=f"{MIN_SIDE} to {MAX_SIDE} px on either side",
            fix="export it again at 1080 x 1920 px",
            code=_INVALID_VIDEO,
        )
    ]


def _frame_rate(video: Video) -> list[Problem]:
    if video.fps is None or MIN_FPS <= round(video.fps, 1) <= MAX_FPS:
        return []
    return [
        Problem(
            field="",
            problem="frame_rate_out_of_range",
            got=f"{video.fps:.2f} frames per second",
            expected=f"{MIN_FPS} to {MAX_FPS} frames per second",
            fix="export it again at 30 frames per second",
            code=_INVALID_VIDEO,
        )
    ]


def _duration(video: Video) -> list[Problem]:
    if video.duration_ms is None or video.duration_ms <= MAX_DURATION_MS:
        return []
    return [
        Problem(
            field="",
            problem="too_long",
            got=f"{video.duration_ms / 1000:.1f} s",
            expected=f"at most {MAX_DURATION_MS // 1000} s",
            fix="cut it shorter",
            code=_INVALID_VIDEO,
        )
    ]


def _video_size(video: Video) -> list[Problem]:
    return [] if video.size <= VIDEO_LIMIT else [too_large(megabytes(video.size), VIDEO_LIMIT, "too_large")]


def too_large(got: str, limit: int, code: str) -> Problem:
    """Describe a file of more than `limit` bytes; `code` is `too_large` or, for photos, `image_too_large`."""
    return Problem(
        field="",
        problem=code,
        got=got,
        expected=f"at most {megabytes(limit)}",
        fix="compress it, or make it smaller",
        code=code,
    )


def check_photo(photo: Photo, *, fit: bool = False) -> list[Problem]:
    """Return everything about a photo that PM3K or TikTok would refuse; `fit`: it will be scaled down."""
    checks = (_photo_type, _photo_area, *(() if fit else (_photo_sides,)), _photo_size)
    return [problem for check in checks for problem in check(photo)]


def shortcomings(photo: Photo) -> list[str]:
    """Return why a photo cannot go to TikTok byte for byte, as what is done about each; empty: it can."""
    changes = [f"converted from {photo.mime} to image/jpeg"] if photo.mime not in TAKEN_TYPES else []
    if photo.orientation != 1:
        changes.append("turned upright")
    if photo.is_animated:
        changes.append("the first picture of an animation taken")
    if photo.has_alpha:
        changes.append("see-through parts put on white")
    if photo.bits > BITS:
        changes.append(f"{photo.bits} bits a channel brought to {BITS}")
    if photo.colours == "cmyk":
        changes.append("colours brought from CMYK to sRGB")
    elif photo.profile is not None:
        changes.append(f"colours brought from {photo.profile} to sRGB")
    if changes and photo.mime in TAKEN_TYPES:
        changes.insert(0, f"{photo.mime} encoded again as image/jpeg")
    return changes


def unsupported_image(got: str, fix: str = "export it as JPEG") -> Problem:
    """Describe a file that is no photo of the accepted types."""
    return Problem(
        field="",
        problem="unsupported_image_type",
        got=got,
        expected=PHOTO_WORDS,
        fix=fix,
        code="unsupported_image_type",
    )


def _photo_type(photo: Photo) -> list[Problem]:
    known = photo.mime in {*TAKEN_TYPES, *CONVERTED_TYPES}
    return [] if known else [unsupported_image(photo.mime)]


def _photo_area(photo: Photo) -> list[Problem]:
    pixels = (photo.width or 0) * (photo.height or 0)
    if pixels <= MAX_PIXELS:
        return []
    return [
        Problem(
            field="",
            problem="too_many_pixels",
            got=f"{photo.width} x {photo.height} px",
            expected=f"at most {MAX_PIXELS // 1_000_000} megapixels",
            fix=f"resize it to at most {PHOTO_SIDE} px on either side",
            code="image_too_large_px",
        )
    ]


def fits(photo: Photo) -> bool:
    """Tell whether both sides are within the limit."""
    return max(photo.width or 0, photo.height or 0) <= PHOTO_SIDE


def _photo_sides(photo: Photo) -> list[Problem]:
    if photo.width is None or photo.height is None or fits(photo):
        return []
    width, height = fitting(photo.width, photo.height)
    return [
        Problem(
            field="",
            problem="too_wide" if photo.width > PHOTO_SIDE else "too_tall",
            got=f"{photo.width} x {photo.height} px",
            expected=f"at most {PHOTO_SIDE} px on either side",
            fix=f"send fit: true, or resize it to {width} x {height} px",
            code="image_too_large_px",
            auto_fix={"fit": True},
        )
    ]


def _photo_size(photo: Photo) -> list[Problem]:
    if photo.size <= PHOTO_LIMIT:
        return []
    return [too_large(megabytes(photo.size), PHOTO_LIMIT, "image_too_large")]


def fitting(width: int, height: int) -> tuple[int, int]:
    """Return the largest size in the same proportion with no side above PM3K's 1080 px."""
    longer = max(width, height)
    return max(width * PHOTO_SIDE // longer, 1), max(height * PHOTO_SIDE // longer, 1)


def video_warnings(width: int, height: int) -> list[str]:
    """Return what a video's creator may want to know, though TikTok takes it."""
    if width * 16 == height * 9:
        return []
    return [
        f"the video is {width} x {height} px; TikTok shows 9:16 full screen, the rest gets bars or is cut"
    ]
