"""The media room: fetch, look, check, convert, keep. What ends in the spool has passed all of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from connector.domain.media import PHOTO_SIDE, Photo, Video, check_photo, check_video, fits, shortcomings
from connector.domain.sources import OPEN_TERMS, SourceTerms
from connector.engine.model import Kind, MediaItem
from connector.kernel.errors import PostrailError, Problem
from connector.media import source
from connector.media.convert import check_whole, to_jpeg
from connector.media.probe import probe_photo, probe_video
from connector.media.spool import Incoming, Spool
from connector.net import Egress, Timeout

ENDINGS = {
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
}
NAME_LENGTH = 16
"""Hex characters of the id in a file's public name."""


class Media:
    """Implements `connector.engine.ports.MediaRoom` over a guarded egress and a local spool.

    In seconds: a video may take `total_s` in all, a photo `photo_s`; either may be silent for `idle_s`, until
    its answer begins and between two pieces of it.
    """

    def __init__(
        self, egress: Egress, spool: Spool, *, total_s: float = 3600, photo_s: float = 30, idle_s: float = 30
    ) -> None:
        self._egress = egress
        self._spool = spool
        self._timeout = Timeout(connect_s=10, idle_s=idle_s, total_s=total_s, first_byte_s=idle_s)
        self._photo_timeout = replace(self._timeout, total_s=photo_s)

    def take_in(self, url: str, kind: Kind, *, field_path: str, terms: SourceTerms = OPEN_TERMS) -> MediaItem:
        """Fetch `url`, look at it by content, convert it where TikTok would refuse it, and keep it.

        Raises PostrailError with the code and the problems of `field_path`; nothing half stays behind.
        """
        cap = source.VIDEO_CAP if kind == "video" else source.PHOTO_CAP
        with naming(field_path), self._spool.receive() as incoming:
            timeout = self._timeout if kind == "video" else self._photo_timeout
            fetched = source.fetch(self._egress, url, incoming, cap=cap, timeout=timeout, terms=terms)
            return replace(self.keep(incoming, kind, url), etag=fetched.etag)

    def path(self, media_id: str) -> Path:
        """Return where the bytes of a kept file lie. Raises PostrailError `media_gone` when they do not."""
        return self._spool.path(media_id)

    def keep(self, incoming: Incoming, kind: Kind, url: str, *, fit: bool = False) -> MediaItem:
        """Look at a received file by content, convert it where TikTok would refuse it, and keep it.

        `fit`: a photo that is too large is scaled down. Raises PostrailError whose problems name no field.
        """
        if kind == "video":
            return self._keep_video(incoming, url)
        return self._keep_photo(incoming, url, fit=fit)

    def _keep_video(self, incoming: Incoming, url: str) -> MediaItem:
        video = probe_video(incoming.path)
        refuse(check_video(video))
        return _video_item(incoming.keep(), video, url)

    def _keep_photo(self, incoming: Incoming, url: str, *, fit: bool) -> MediaItem:
        photo = probe_photo(incoming.path)
        refuse(check_photo(photo, fit=fit))
        changes = shortcomings(photo)
        scale = fit and not fits(photo)
        if not changes and not scale:
            check_whole(incoming.path, photo.mime)
            return _photo_item(incoming.keep(), photo, url)
        return self._keep_converted(incoming, url, photo, changes, scale=scale)

    def _keep_converted(
        self, incoming: Incoming, url: str, photo: Photo, changes: list[str], *, scale: bool
    ) -> MediaItem:
        made = to_jpeg(incoming.path, photo.mime, PHOTO_SIDE if scale else None)
        if scale:
            before, after = f"{photo.width} x {photo.height}", f"{made.width} x {made.height}"
            changes.append(f"scaled from {before} px to {after} px")
        with self._spool.receive() as converted:
            converted.write(made.data)
            result = probe_photo(converted.path)
            refuse(check_photo(result))
            return _photo_item(converted.keep(), result, url, *changes)


@contextmanager
def naming(field_path: str) -> Iterator[None]:
    """Put the field that a file came from into the problems of its refusal."""
    try:
        yield
    except PostrailError as error:
        details = [replace(problem, field=field_path) for problem in error.details]
        raise PostrailError(error.code, error.message, details=details) from error


def refuse(problems: list[Problem]) -> None:
    """Raise PostrailError with all `problems`, under the code of the first, if there are any."""
    if problems:
        first = problems[0]
        raise PostrailError(first.code, f"{first.got}: expected {first.expected}", details=problems)


def name_of(media_id: str, mime: str) -> str:
    """Return the last part of a file's public URL."""
    return f"{media_id[:NAME_LENGTH]}.{ENDINGS[mime]}"


def _video_item(media_id: str, video: Video, url: str) -> MediaItem:
    return MediaItem(
        media_id=media_id,
        kind="video",
        name=name_of(media_id, video.mime),
        mime=video.mime,
        size=video.size,
        width=video.width,
        height=video.height,
        duration_ms=video.duration_ms,
        source_url=url,
    )


def _photo_item(media_id: str, photo: Photo, url: str, *changes: str) -> MediaItem:
    return MediaItem(
        media_id=media_id,
        kind="photo",
        name=name_of(media_id, photo.mime),
        mime=photo.mime,
        size=photo.size,
        width=photo.width,
        height=photo.height,
        source_url=url,
        changes=changes,
    )
