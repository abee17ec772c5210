"""The media room: fetch, look, check, convert, keep. What ends in the spool has passed all of it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from connector.domain.sources import OPEN_TERMS, SourceTerms
from connector.engine.blobs import Blob
from connector.engine.model import Kind, MediaItem, MediaLook
from connector.kernel.errors import PostrailError
from connector.media import source
from connector.media.convert import preview_of
from connector.media.items import photo_item, photo_look, video_item, video_look
from connector.media.prepare import checked_video, prepare
from connector.media.remote import NotByRanges, look_from_afar
from connector.media.spool import AnySpool, Incoming
from connector.net import Egress, Timeout

LOOK_S = 60.0
"""Seconds that a look at one file may take in all."""


class Media:
    """Implements `connector.engine.ports.MediaRoom` over a guarded egress and a local spool.

    In seconds: a video may take `total_s` in all, a photo `photo_s`; either may be silent for `idle_s`, until
    its answer begins and between two pieces of it.
    """

    def __init__(
        self,
        egress: Egress,
        spool: AnySpool,
        *,
        total_s: float = 3600,
        photo_s: float = 30,
        idle_s: float = 30,
    ) -> None:
        self._egress = egress
        self._spool = spool
        self._timeout = Timeout(connect_s=10, idle_s=idle_s, total_s=total_s, first_byte_s=idle_s)
        self._photo_timeout = replace(self._timeout, total_s=photo_s)

    def take_in(
        self,
        url: str,
        kind: Kind,
        *,
        field_path: str,
        terms: SourceTerms = OPEN_TERMS,
        fit: bool = False,
    ) -> MediaItem:
        """Fetch `url`, look at it by content, convert it where TikTok would refuse it, and keep it.

        Raises PostrailError with the code and the problems of `field_path`; nothing half stays behind.
        """
        cap = source.VIDEO_CAP if kind == "video" else source.PHOTO_CAP
        with naming(field_path), self._spool.receive() as incoming:
            timeout = self._timeout if kind == "video" else self._photo_timeout
            fetched = source.fetch(self._egress, url, incoming, cap=cap, timeout=timeout, terms=terms)
            return replace(self.keep(incoming, kind, url, fit=fit), etag=fetched.etag)

    def look(
        self,
        url: str,
        kind: Kind,
        *,
        field_path: str,
        terms: SourceTerms = OPEN_TERMS,
        fit: bool = False,
    ) -> MediaLook:
        """Look at what `url` gives and convert it as `take_in` does, and keep nothing.

        A video is looked at where it lies, by ranges, if its host answers them. Somebody waits for the
        answer, so it takes `LOOK_S` seconds at most. Raises PostrailError with the code and the problems of
        `field_path`.
        """
        timeout = self._timeout if kind == "video" else self._photo_timeout
        timeout = replace(timeout, total_s=min(timeout.total_s, LOOK_S))
        if kind == "video":
            with naming(field_path), suppress(NotByRanges):
                return video_look(look_from_afar(self._egress, url, timeout, terms), url)
        cap = source.VIDEO_CAP if kind == "video" else source.PHOTO_CAP
        with naming(field_path), self._spool.receive() as incoming:
            source.fetch(self._egress, url, incoming, cap=cap, timeout=timeout, terms=terms)
            if kind == "video":
                return video_look(checked_video(incoming.path), url)
            return photo_look(prepare(incoming.path, fit=fit), url)

    def preview(self, item: MediaItem, *, side: int, at_ms: int = 0) -> bytes:
        """Return a small JPEG of a kept file: a photo's thumbnail, or the frame of a video at `at_ms`.

        Raises PostrailError `media_gone`, and `preview_failed` where the file shows nothing.
        """
        with self._spool.local(item.media_id) as path:
            return preview_of(path, item.mime, side=side, at_ms=at_ms)

    def blob(self, media_id: str) -> Blob:
        """Return a kept file. Raises PostrailError `media_gone`, `media_storage_failed`."""
        return self._spool.blob(media_id)

    def verify(self, media_id: str) -> None:
        """Hold a kept file against its hash. Raises PostrailError `media_gone`, `media_changed`."""
        self._spool.verify(media_id)

    def keep(self, incoming: Incoming, kind: Kind, url: str, *, fit: bool = False) -> MediaItem:
        """Look at a received file by content, convert it where TikTok would refuse it, and keep it.

        `fit`: a photo that is too large is scaled down. Raises PostrailError whose problems name no field.
        """
        if kind == "video":
            return self._keep_video(incoming, url)
        return self._keep_photo(incoming, url, fit=fit)

    def _keep_video(self, incoming: Incoming, url: str) -> MediaItem:
        video = checked_video(incoming.path)
        return video_item(incoming.keep(), video, url)

    def _keep_photo(self, incoming: Incoming, url: str, *, fit: bool) -> MediaItem:
        ready = prepare(incoming.path, fit=fit)
        if ready.data is None:
            return photo_item(incoming.keep(), ready, url)
        with self._spool.receive() as converted:
            converted.write(ready.data)
            return photo_item(converted.keep(), ready, url)


@contextmanager
def naming(field_path: str) -> Iterator[None]:
    """Put the field that a file came from into the problems of its refusal."""
    try:
        yield
    except PostrailError as error:
        details = [replace(problem, field=field_path) for problem in error.details]
        raise PostrailError(error.code, error.message, details=details) from error
