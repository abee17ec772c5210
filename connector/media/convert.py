"""Has media decoded in a child process: photos to be whole and to become JPEG, both kinds to be previewed."""

from dataclasses import dataclass
from pathlib import Path

from connector.kernel.errors import PostrailError, Problem
from connector.media.helpers import JobFailed, shared

FORMS = {"video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm"}
"""The demuxer is named, never guessed: some that would be guessed open other files and URLs."""

SECONDS = 20.0
"""A picture of 50 megapixels takes two."""


@dataclass(frozen=True)
class Converted:
    """A photo as JPEG, and its sides in pixels."""

    data: bytes
    width: int
    height: int


def to_jpeg(path: Path, mime: str, side: int | None = None) -> Converted:
    """Return the picture at `path` as JPEG: sRGB, upright, see-through parts on white, no EXIF.

    `side`: pixels that neither side shall exceed. Raises PostrailError `image_convert_failed`.
    """
    try:
        told, data = shared().run("to_jpeg", path=str(path), mime=mime, side=side, seconds=SECONDS)
    except JobFailed as error:
        raise _refused(error) from error
    return Converted(data, told["width"], told["height"])


def check_whole(path: Path, mime: str) -> None:
    """Decode the picture at `path` to its end. Raises PostrailError `image_convert_failed`."""
    try:
        shared().run("whole", path=str(path), mime=mime, seconds=SECONDS)
    except JobFailed as error:
        raise _refused(error) from error


def preview_of(path: Path, mime: str, *, side: int, at_ms: int = 0) -> bytes:
    """Return a small JPEG of the photo, or of the video's frame at `at_ms` milliseconds.

    Raises PostrailError `preview_failed`.
    """
    try:
        if form := FORMS.get(mime):
            return shared().run("still", path=str(path), form=form, at_ms=at_ms, side=side, seconds=SECONDS)[
                1
            ]
        return shared().run("thumbnail", path=str(path), mime=mime, side=side, seconds=SECONDS)[1]
    except JobFailed as error:
        raise PostrailError("preview_failed", f"The file shows no picture: {error}.") from error


def _refused(reason: JobFailed) -> PostrailError:
    problem = Problem(
        field="",
        problem="image_convert_failed",
        got=f"a picture that cannot be read ({reason})",
        expected="a whole picture",
        fix="upload it to its host again, whole; where it is whole there, export it as JPEG",
        code="image_convert_failed",
    )
    message = f"the picture cannot be read: {reason}"
    return PostrailError(problem.code, message, details=[problem])
