"""The media room for files that somebody sends: looked at, checked and kept exactly as fetched ones are."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import BoundedSemaphore

from connector.domain.media import PHOTO_WORDS, megabytes, too_large
from connector.engine.blobs import Blob
from connector.engine.model import Kind, MediaItem
from connector.engine.ports_media import PartialFile, Receiving
from connector.kernel.errors import PostrailError, Problem
from connector.media import source
from connector.media.kinds import HEAD_SIZE, container_of, describe, is_picture
from connector.media.partial import Part
from connector.media.room import Media, naming
from connector.media.spool import AnySpool, Incoming
from connector.net import Egress, Timeout

DOWNLOAD_S = 600.0
"""Seconds that a download may take at most: somebody waits for its answer, and a web thread with them."""

TAKEN = f"a video (MP4, MOV or WebM) or a photo ({PHOTO_WORDS})"


class Sent(Receiving):
    """A file that is coming in; what is too large for its kind is refused as soon as that is known.

    `limit`: bytes that this server takes at most. `whole`: where the file lies that has come already.
    """

    def __init__(self, incoming: Incoming, limit: int, whole: Path | None = None) -> None:
        self.incoming = incoming
        self._head = b"" if whole is None else read_head(whole)
        self._plain_cap = self._cap = source.Cap(limit, "too_large")

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self.incoming.size

    @property
    def head(self) -> bytes:
        """The first bytes, enough to tell what it is."""
        return self._head

    def write(self, data: bytes | memoryview) -> None:
        """Append `data`. Raises PostrailError `too_large` or `image_too_large`, and OSError."""
        if len(self._head) < HEAD_SIZE:
            self._head += bytes(data[: HEAD_SIZE - len(self._head)])
            if is_picture(self._head) and source.PHOTO_CAP.limit < self._cap.limit:
                self._cap = source.PHOTO_CAP
        if self.size + len(data) > self._cap.limit:
            got = f"more than {megabytes(self._cap.limit)}"
            problem = too_large(got, self._cap.limit, self._cap.code)
            raise PostrailError(
                self._cap.code, f"the file is too large: {problem.expected}", details=[problem]
            )
        self.incoming.write(data)

    def restart(self) -> None:
        """Forget what was written. Raises OSError."""
        self.incoming.restart()
        self._head, self._cap = b"", self._plain_cap


def read_head(path: Path) -> bytes:
    """Return the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(HEAD_SIZE)


class Intake:
    """Implements `connector.engine.ports_media.MediaIntake` over a media room and its spool.

    `limit`: bytes of the largest file. A download may take `total_s` seconds, and at most `DOWNLOAD_S`;
    `places` is how many may run at once, each on a web thread.
    """

    def __init__(
        self,
        room: Media,
        spool: AnySpool,
        egress: Egress,
        *,
        limit: int,
        total_s: float = DOWNLOAD_S,
        places: int = 16,
    ) -> None:
        self._room = room
        self._spool = spool
        self._egress = egress
        self._limit = limit
        self._timeout = Timeout(connect_s=10, idle_s=20, total_s=min(total_s, DOWNLOAD_S))
        self._places = BoundedSemaphore(places)

    @property
    def limit(self) -> int:
        """Bytes of the largest file that is taken."""
        return self._limit

    @contextmanager
    def receive(self) -> Iterator[Sent]:
        """Open a file to write; what is not kept inside the `with` is deleted. Raises `disk_full`."""
        with self._spool.receive() as incoming:
            yield Sent(incoming, self._limit)

    @contextmanager
    def adopt(self, part: PartialFile) -> Iterator[Sent]:
        """Take a file that has come in parts as one that has just come. Raises `disk_full`."""
        if not isinstance(part, Part):
            raise TypeError("a file that did not come in parts here")
        with self._spool.adopt(part.path) as incoming:
            yield Sent(incoming, self._limit, incoming.path)

    def download(self, url: str, receiving: Receiving) -> None:
        """Fetch `url` into a file. Raises PostrailError as `source.fetch` does, and `too_many_downloads`."""
        if not self._places.acquire(blocking=False):
            raise PostrailError("too_many_downloads", "As many uploads by URL as may be are being fetched.")
        try:
            cap = source.Cap(self._limit, "too_large")
            source.fetch(self._egress, url, receiving, cap=cap, timeout=self._timeout)
        finally:
            self._places.release()

    def keep(self, receiving: Receiving, *, field_path: str, fit: bool = False) -> MediaItem:
        """Look at a file by content, convert it where TikTok would refuse it, and put it into the spool."""
        if not isinstance(receiving, Sent):
            raise TypeError("a file that was not received here")
        with naming(field_path):
            return self._room.keep(receiving.incoming, _kind_of(receiving), "", fit=fit)

    def blob(self, media_id: str) -> Blob:
        """Return a spooled file. Raises PostrailError `media_gone`, `media_storage_failed`."""
        return self._spool.blob(media_id)

    def held(self, media_ids: Iterable[str]) -> AbstractContextManager[frozenset[str]]:
        """Keep files from being collected inside the `with`; gives the ids of those that are not there."""
        return self._spool.held(media_ids)

    def stored(self) -> Iterator[tuple[str, int, int]]:
        """Yield the id of each spooled file, its size in bytes, and when it came (UTC milliseconds)."""
        return self._spool.stored()

    def collect(self, media_id: str, is_needed: Callable[[], bool]) -> int:
        """Delete a file unless it is needed, asked while nobody holds it; return how many bytes went."""
        return self._spool.collect(media_id, is_needed)


def _kind_of(sent: Sent) -> Kind:
    """Tell by its first bytes whether a file is a video or a photo.

    Raises PostrailError `bad_request` for an empty file, `unsupported_file_type` for any other kind.
    """
    if sent.size == 0:
        raise _refused("empty_file", "an empty file", "send the bytes of the file", "bad_request")
    if container_of(sent.head):
        return "video"
    if is_picture(sent.head):
        return "photo"
    code = "unsupported_file_type"
    raise _refused(code, describe(sent.head), "export it as MP4 or as JPEG", code)


def _refused(problem: str, got: str, fix: str, code: str) -> PostrailError:
    detail = Problem(field="", problem=problem, got=got, expected=TAKEN, fix=fix, code=code)
    return PostrailError(code, f"{got}: expected {TAKEN}", details=[detail])
