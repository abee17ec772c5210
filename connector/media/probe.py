"""Looks into a file by its content: what it is, how large, how long; refuses what is no video or photo.

Headers are read here, by ranges and without any decoder. What they do not tell, as in a live recording, is
counted by a demuxer in a child process.
"""

from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from connector.domain.media import VIDEO_TYPES, Photo, Video, megabytes, unsupported_image
from connector.kernel.errors import PostrailError, Problem
from connector.media.boxes import Unreadable, mp4_length
from connector.media.helpers import JobFailed, shared
from connector.media.images import read_photo
from connector.media.jpeg import CutError, HeaderError
from connector.media.kinds import CONTAINERS, HEAD_SIZE, Container, container_of, describe, is_picture
from connector.media.movie import read_movie
from connector.media.webm import WebM, read_webm, webm_length

LITTLE = 10_000_000
"""Bytes below which a file's length is told by the byte."""

_AS_JPEG = "export it as JPEG"
_AS_MP4 = "export it as MP4 with H.264"
_OTHER = frozenset({"a BMP picture", "a TIFF picture"})
"""Pictures that no post takes."""


def refused(problem: Problem) -> PostrailError:
    """Build the error for one problem."""
    return PostrailError(problem.code, f"{problem.got}: expected {problem.expected}", details=[problem])


def probe_photo(path: Path) -> Photo:
    """Read a picture's header. Raises PostrailError `unsupported_image_type`."""
    with path.open("rb") as file:
        return look_at_photo(file, path.stat().st_size)


def look_at_photo(file: BinaryIO, size: int) -> Photo:
    """Read the header of a picture of `size` bytes.

    Raises PostrailError `unsupported_image_type`, and `image_convert_failed` for one that was cut.
    """
    try:
        photo = read_photo(file, size)
    except CutError as error:
        raise refused(_truncated(error.size, error.length, "picture", "image_convert_failed")) from error
    except HeaderError as error:
        raise refused(unsupported_image(f"a damaged picture ({error})")) from error
    if photo is None:
        file.seek(0)
        head = file.read(HEAD_SIZE)
        raise refused(unsupported_image(describe(head), way_to_post_no_photo(head)))
    return photo


def probe_video(path: Path) -> Video:
    """Look into a video: container, codec, sides, duration, frame rate; no frame is decoded.

    Raises PostrailError `unsupported_video_type` for what is no video, `bad_request` for one that was cut.
    """
    with path.open("rb") as file:
        try:
            return look_at_video(file, path.stat().st_size)
        except Untold as untold:
            return _demuxed(path, untold)


def look_at_video(file: BinaryIO, size: int) -> Video:
    """Look into a video of `size` bytes by ranges alone.

    Raises PostrailError as `probe_video`, and ValueError where the headers do not tell all.
    """
    head = file.read(HEAD_SIZE)
    mime = container_of(head)
    if mime is None:
        raise refused(_unsupported(describe(head), _way_to_post_no_video(head)))
    _check_whole(file, size, mime)
    try:
        return _of_webm(file, size) if mime == "video/webm" else _of_movie(file, size, mime)
    except Unreadable as error:
        raise refused(_unsupported(f"{CONTAINERS[mime]} that cannot be read ({error})")) from error


class Untold(ValueError):
    """The headers of a WebM file do not tell its duration or frame rate; `found` is what they tell."""

    def __init__(self, found: WebM, size: int) -> None:
        super().__init__("the headers tell no duration or frame rate")
        self.found = found
        self.size = size


def way_to_post_no_photo(head: bytes) -> str:
    """Say what to do with a file that is no photo: a video has an operation of its own."""
    if container_of(head):
        return "post it by post_video"
    return f"{_AS_MP4} and post it by post_video" if describe(head).endswith(" video") else _AS_JPEG


def _way_to_post_no_video(head: bytes) -> str:
    """Say what to do with a file that is no video: a photo has an operation of its own."""
    if not is_picture(head):
        return _AS_MP4
    return f"{_AS_JPEG} and post it by post_photos" if describe(head) in _OTHER else "post it by post_photos"


def _unsupported(got: str, fix: str = _AS_MP4) -> Problem:
    return Problem(
        field="",
        problem="unsupported_video_type",
        got=got,
        expected=VIDEO_TYPES,
        fix=fix,
        code="unsupported_video_type",
    )


def _check_whole(file: BinaryIO, size: int, mime: Container) -> None:
    length = webm_length(file, size) if mime == "video/webm" else mp4_length(file, size)
    if length > size:
        raise refused(_truncated(size, length))


def _truncated(size: int, length: int, what: str = "video", code: str = "bad_request") -> Problem:
    first, whole = megabytes(size), megabytes(length)
    if length < LITTLE:
        first, whole = f"{size:,} bytes", f"{length:,} bytes"
    return Problem(
        field="",
        problem="truncated",
        got=f"the first {first} of a {what} of {whole}",
        expected="a whole file",
        fix="upload it to its host again",
        code=code,
    )


def _of_movie(file: BinaryIO, size: int, mime: Container) -> Video:
    movie = read_movie(file, size)
    if movie.ends_at >= size:
        raise refused(_truncated(size, movie.ends_at + 1))
    video = movie.video
    if video is None:
        raise refused(_unsupported(f"{CONTAINERS[mime]} without a picture track"))
    across, down = round(video.width * video.pixel), video.height
    turned = video.turn in {90, 270}
    return Video(
        mime=mime,
        size=size,
        codec=video.codec,
        width=down if turned else across,
        height=across if turned else down,
        stored_width=video.width,
        stored_height=video.height,
        rotation=video.turn,
        duration_ms=_milliseconds(movie.seconds),
        fps=None if video.rate is None else float(video.rate),
        is_uneven=video.is_uneven,
        has_audio=bool(movie.sounds),
        audio_tracks=movie.sounds,
        is_fragmented=movie.is_fragmented,
    )


def _milliseconds(seconds: Fraction) -> int | None:
    return round(seconds * 1000) or None


def _of_webm(file: BinaryIO, size: int) -> Video:
    webm = read_webm(file, size)
    if webm.seconds is None or webm.rate is None:
        raise Untold(webm, size)
    return _webm_video(webm, size, webm.seconds, webm.rate)


def _webm_video(webm: WebM, size: int, seconds: Fraction | None, rate: Fraction | None) -> Video:
    return Video(
        mime="video/webm",
        size=size,
        codec=webm.codec,
        width=webm.shown_width,
        height=webm.shown_height,
        stored_width=webm.width,
        stored_height=webm.height,
        duration_ms=None if seconds is None else _milliseconds(seconds),
        fps=None if rate is None else float(rate),
        has_audio=bool(webm.sounds),
        audio_tracks=webm.sounds,
    )


def _demuxed(path: Path, untold: Untold) -> Video:
    """Complete what the headers tell by counting the frames, in a child."""
    try:
        told, _ = shared().run("demux", path=str(path), form="webm")
    except JobFailed as error:
        raise refused(_unsupported(f"a WebM file that cannot be read ({error})")) from error
    seconds = untold.found.seconds or (told["seconds"] and Fraction(told["seconds"]))
    rate = untold.found.rate or (told["rate"] and Fraction(told["rate"]))
    return _webm_video(untold.found, untold.size, seconds, rate)
