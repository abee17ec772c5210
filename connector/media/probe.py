"""Looks into a file by its content: what it is, how large, how long; refuses what is no video or photo."""

from pathlib import Path
from typing import BinaryIO

import av

from connector.domain.media import VIDEO_TYPES, Photo, Video, megabytes, unsupported_image
from connector.kernel.errors import PostrailError, Problem
from connector.media.boxes import is_turned, mp4_length, webm_length
from connector.media.images import HeaderError, read_photo
from connector.media.kinds import HEAD_SIZE, Container, container_of, describe

_DEMUXERS: dict[Container, str] = {"video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm"}
"""The demuxer is named, never guessed: some that would be guessed open other files and URLs."""


def refused(problem: Problem) -> PostrailError:
    """Build the error for one problem."""
    return PostrailError(problem.code, f"{problem.got}: expected {problem.expected}", details=[problem])


def probe_photo(path: Path) -> Photo:
    """Read a picture's header. Raises PostrailError `unsupported_image_type`."""
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            photo = read_photo(file, size)
        except HeaderError as error:
            raise refused(unsupported_image(f"a damaged picture ({error})")) from error
        if photo is None:
            file.seek(0)
            raise refused(unsupported_image(describe(file.read(HEAD_SIZE))))
    return photo


def probe_video(path: Path) -> Video:
    """Look into a video: container, codec, size, duration, frame rate; no frame is decoded to be kept.

    Raises PostrailError `bad_request` for what is no video, or was cut.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD_SIZE)
        mime = container_of(head)
        if mime is None:
            raise refused(_unsupported(describe(head)))
        _check_whole(file, size, mime)
        turned = mime != "video/webm" and is_turned(file, size)
    return _demux(path, mime, size, turned=turned)


def _unsupported(got: str) -> Problem:
    return Problem(
        field="",
        problem="unsupported_video_type",
        got=got,
        expected=VIDEO_TYPES,
        fix="export it as MP4 with H.264",
        code="bad_request",
    )


def _check_whole(file: BinaryIO, size: int, mime: Container) -> None:
    length = webm_length(file, size) if mime == "video/webm" else mp4_length(file, size)
    if length <= size:
        return
    problem = Problem(
        field="",
        problem="truncated",
        got=f"the first {megabytes(size)} of a video of {megabytes(length)}",
        expected="a whole file",
        fix="upload it to its host again",
        code="bad_request",
    )
    raise refused(problem)


def _demux(path: Path, mime: Container, size: int, *, turned: bool) -> Video:
    try:
        with av.open(str(path), format=_DEMUXERS[mime], metadata_errors="ignore") as container:
            if not container.streams.video:
                raise refused(_unsupported(f"{_NAMES[mime]} without a picture track"))
            return _video_of(container, mime, size, turned=turned)
    except av.FFmpegError as error:
        raise refused(_unsupported(f"{_NAMES[mime]} that cannot be read")) from error


_NAMES: dict[Container, str] = {
    "video/mp4": "an MP4 file",
    "video/quicktime": "a MOV file",
    "video/webm": "a WebM file",
}


def _codec_of(stream: av.VideoStream) -> av.VideoCodecContext | None:
    """Return the stream's codec; the demuxer gives none for one that it does not know."""
    return stream.codec_context


def _video_of(container: av.container.InputContainer, mime: Container, size: int, *, turned: bool) -> Video:
    stream = container.streams.video[0]
    codec = _codec_of(stream)
    if codec is None:
        raise refused(_unsupported(f"{_NAMES[mime]} in an unknown codec"))
    width, height = codec.width, codec.height
    rate = stream.average_rate or stream.guessed_rate
    return Video(
        mime=mime,
        size=size,
        codec=codec.name,
        width=height if turned else width,
        height=width if turned else height,
        duration_ms=container.duration // 1000 if container.duration else None,
        fps=float(rate) if rate else None,
        has_audio=bool(container.streams.audio),
    )
