"""Has photos decoded in a child process: to see that they are whole, and to turn them into JPEG."""

from dataclasses import dataclass
from pathlib import Path

from connector.kernel.errors import PostrailError, Problem
from connector.media.helpers import JobFailed, shared

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


def _refused(reason: JobFailed) -> PostrailError:
    problem = Problem(
        field="",
        problem="image_convert_failed",
        got=f"a picture that cannot be read ({reason})",
        expected="a whole picture",
        fix="export it as JPEG",
        code="image_convert_failed",
    )
    message = f"the picture cannot be read: {reason}"
    return PostrailError(problem.code, message, details=[problem])
