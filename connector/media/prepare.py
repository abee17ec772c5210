"""Checks a file that lies on this disk, and makes of a photo what TikTok takes. Nothing is kept here."""

from dataclasses import dataclass
from pathlib import Path

from connector.domain.media import (
    PHOTO_SIDE,
    Photo,
    Video,
    check_photo,
    check_video,
    fits,
    shortcomings,
)
from connector.kernel.errors import PostrailError, Problem
from connector.media.convert import check_whole, to_jpeg
from connector.media.probe import probe_photo, probe_video

NEVER_DECODED = frozenset({"unsupported_image_type", "too_many_pixels", "image_too_large"})
"""What is wrong with photos that no decoder is given."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A photo as TikTok will get it: what it was and is, and what was done; `data` None: it stays."""

    before: Photo
    after: Photo
    data: bytes | None = None
    changes: tuple[str, ...] = ()


def refuse(problems: list[Problem]) -> None:
    """Raise PostrailError with all `problems`, under the code of the first, if there are any."""
    if problems:
        first = problems[0]
        raise PostrailError(first.code, f"{first.got}: expected {first.expected}", details=problems)


def checked_video(path: Path) -> Video:
    """Look into a video that TikTok takes. Raises PostrailError with everything that it would refuse."""
    video = probe_video(path)
    refuse(check_video(video))
    return video


def _problems(path: Path, photo: Photo, *, fit: bool) -> list[Problem]:
    """Return everything that is wrong with a photo; one that is refused anyway is decoded all the same."""
    problems = check_photo(photo, fit=fit)
    if problems and not NEVER_DECODED & {problem.problem for problem in problems}:
        try:
            check_whole(path, photo.mime)
        except PostrailError as error:
            problems += error.details
    return problems


def prepare(path: Path, *, fit: bool = False) -> Prepared:
    """Make a photo right: byte for byte where it is so already, as JPEG where it is not.

    `fit`: it is scaled down where it is too large. Raises PostrailError with all that cannot be mended.
    """
    photo = probe_photo(path)
    refuse(_problems(path, photo, fit=fit))
    changes = shortcomings(photo)
    scale = fit and not fits(photo)
    if not changes and not scale:
        check_whole(path, photo.mime)
        return Prepared(before=photo, after=photo)
    made = to_jpeg(path, photo.mime, PHOTO_SIDE if scale else None)
    if scale:
        was, becomes = f"{photo.width} x {photo.height}", f"{made.width} x {made.height}"
        changes.append(f"scaled from {was} px to {becomes} px")
    size = len(made.data)
    after = Photo(mime="image/jpeg", size=size, width=made.width, height=made.height)
    refuse(check_photo(after))
    return Prepared(before=photo, after=after, data=made.data, changes=tuple(changes))
