"""Ports of uploaded media: where files come in and lie, and where it is recorded whose they are.

One rule keeps a file from being collected under a record that is just being written. Whoever records that a
file is needed does so inside `held`, where it has seen the file; whoever collects looks for such records
while nobody holds the file.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from connector.engine.blobs import Blob
from connector.engine.model import MediaItem
from connector.engine.model_media import Admission, Album, Life, Partial, Reach, Upload


class Receiving(Protocol):
    """A file that is coming in: hashed on the way, gone unless it is kept."""

    @property
    def size(self) -> int:
        """Bytes so far."""

    def write(self, data: bytes | memoryview) -> None:
        """Append `data`. Raises PostrailError `too_large` or `image_too_large`, and OSError."""

    def restart(self) -> None:
        """Forget what was written: its source has begun again. Raises OSError."""


class MediaIntake(Protocol):
    """Takes files in that somebody sends, and keeps those that are needed."""

    @property
    def limit(self) -> int:
        """Bytes of the largest file that is taken."""

    def receive(self) -> AbstractContextManager[Receiving]:
        """Open a file to write; what is not kept inside the `with` is deleted.

        Raises PostrailError `disk_full`, also for writes inside the `with`.
        """

    def download(self, url: str, receiving: Receiving) -> None:
        """Fetch `url` into a file, while its sender waits.

        Raises PostrailError as `MediaRoom.take_in` does, naming no field, and `too_many_downloads` where as
        many are being fetched as may be.
        """

    def keep(self, receiving: Receiving, *, field_path: str, fit: bool = False) -> MediaItem:
        """Look at a file by content, convert it where TikTok would refuse it, and put it into the spool.

        `fit`: a photo that is too large is scaled down.
        Raises PostrailError with the code and the problems of `field_path`.
        """

    def adopt(self, part: "PartialFile") -> AbstractContextManager[Receiving]:
        """Take a file that has come in parts as one that has just come; the parts stay until they are done.

        Raises PostrailError `disk_full`.
        """

    def blob(self, media_id: str) -> Blob:
        """Return a spooled file. Raises PostrailError `media_gone`, `media_storage_failed`."""

    def held(self, media_ids: Iterable[str]) -> AbstractContextManager[frozenset[str]]:
        """Keep files from being collected inside the `with`; gives the ids of those that are not there."""

    def stored(self) -> Iterator[tuple[str, int, int]]:
        """Yield the id of each spooled file, its size in bytes, and when it came (UTC milliseconds)."""

    def collect(self, media_id: str, is_needed: Callable[[], bool]) -> int:
        """Delete a file unless it is needed, asked while nobody holds it; return how many bytes went."""


class PartialFile(Protocol):
    """A file that comes in several requests, in the hand of one of them."""

    @property
    def state(self) -> Partial:
        """How it stands."""

    def write(self, data: bytes) -> None:
        """Append `data`. Raises OSError."""

    def cut(self, size: int) -> None:
        """Forget what is behind the first `size` bytes. Raises OSError."""

    def sync(self) -> None:
        """Bring what was written to the disk. Raises OSError."""

    def done(self, upload_id: str) -> None:
        """Say what upload it has become, and drop its bytes. Raises OSError."""

    def drop(self) -> None:
        """Forget it."""


class Partials(Protocol):
    """Files that come in several requests: on the disk, whatever becomes of this process."""

    def create(
        self,
        partial_id: str,
        reach: Reach,
        length: int,
        metadata: Mapping[str, str],
        allow: Callable[[Sequence[int]], None],
    ) -> Partial:
        """Begin one of `length` bytes, unless `allow` raises.

        `allow` is given the lengths of those that the workspace has begun and that are not done, while nobody
        begins another. It belongs to the account of `reach`. Raises PostrailError `disk_full`.
        """

    def begun(
        self, workspace_id: str, *, but: str | None = None, alone: bool = False
    ) -> AbstractContextManager[Sequence[int]]:
        """Give the lengths of those that a workspace has begun and that are not done.

        All of them `but` one; nobody begins another inside the `with`. `alone`: for who is to begin one.
        Without it what is begun elsewhere is counted just before, and may be joined by another.
        """

    def look(self, reach: Reach, partial_id: str) -> Partial:
        """Tell how one stands, whoever has it in hand; what is told to be here is on the disk.

        Raises PostrailError `upload_not_found`.
        """

    def take(self, reach: Reach, partial_id: str) -> AbstractContextManager[PartialFile]:
        """Take one in hand, alone.

        Raises PostrailError `upload_not_found` where there is none or its life is over, `upload_locked` while
        another request has it in hand, and `disk_full` for writes inside the `with`.
        """

    def sweep(self) -> int:
        """Drop those whose life is over and that nobody has in hand; return how many."""


class MediaStore(Protocol):
    """Uploads and albums of workspaces, and which files are needed. Each method is one transaction."""

    def admit(self, admission: Admission, life: Life) -> tuple[Upload, ...]:
        """Record files that lie in the spool, and their album; a known file lives on instead.

        Raises PostrailError `album_not_found`, `media_quota_exceeded`, or `too_many_images` where an album
        would hold more than a post may have; then nothing is recorded.
        """

    def find(self, reach: Reach, upload_id: str) -> Upload | None:
        """Return an upload, also one whose life is over; None where there never was one within reach."""

    def album(self, reach: Reach, album_id: str) -> Album | None:
        """Return a living album with its living photos."""

    def retain(self, reach: Reach, album_id: str, life: Life) -> Album | None:
        """Let an album and its photos live as long as retained ones do; None where there is none."""

    def end(self, reach: Reach, upload_id: str) -> bool:
        """End the life of an upload now; False where there is none alive.

        Raises PostrailError `media_in_use` while a post that is not done needs its file.
        """

    def end_album(self, reach: Reach, album_id: str) -> bool:
        """End the life of an album and of its photos that are in no other; False where there is none.

        Raises PostrailError `media_in_use`.
        """

    def needed(self, media_ids: Iterable[str], life: Life) -> frozenset[str]:
        """Return which of these files a living upload or a post needs."""

    def held(self, workspace_id: str) -> int:
        """Return the bytes of a workspace's living uploads; a file counts once, whoever has it."""

    def sweep(self, age_ms: int) -> int:
        """Forget uploads and albums that ended `age_ms` ago and that no post may ask for; return how many."""
