"""The spool on a local disk: each file once, under the SHA-256 of its bytes, and never half a file.

<root>/incoming/       files that are being written
<root>/<aa>/<sha256>   files that are whole and on the disk

A file is deleted by `collect` alone, under a lock on its folder <aa> that `held` shares: whoever writes down
that a file is needed holds it meanwhile, and whoever collects asks whether it is needed while nobody does.
"""

import errno
import fcntl
import hashlib
import os
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from connector.engine.blobs import Blob
from connector.kernel.errors import PostrailError, Problem
from connector.media.blobs import FileBlob
from connector.media.hashing import Following

Create = Callable[[Path], tuple[int, Path]]
"""Opens a new file in a folder for writing and returns its descriptor and path."""

MEDIA_ID = re.compile("[0-9a-f]{64}")
_FOLDER = re.compile("[0-9a-f]{2}")
_FULL = {errno.ENOSPC, errno.EDQUOT}


def create_locked(folder: Path) -> tuple[int, Path]:
    """Create a file that is locked while this process has it open: a sweep can tell that it is in use."""
    while True:
        descriptor, name = tempfile.mkstemp(dir=folder)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, Path(name)
        os.close(descriptor)  # a sweep was quicker than the lock


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Incoming:
    """A file that is being written: hashed on the way, gone unless it is kept."""

    def __init__(self, place: Callable[[Path, str], None], descriptor: int, path: Path) -> None:
        self._place = place
        self._descriptor = descriptor
        self._following = Following(descriptor)
        self.path = path
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        """Append `data`. Raises OSError."""
        view = memoryview(data)
        self.size += len(view)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self._following.grown_to(self.size)

    def take_what_is_there(self) -> None:
        """Take the bytes that the file has already. Raises OSError."""
        self.size = os.lseek(self._descriptor, 0, os.SEEK_END)
        self._following.grown_to(self.size)

    def restart(self) -> None:
        """Forget what was written. Raises OSError."""
        self._following.abandon()
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self._following = Following(self._descriptor)
        self.size = 0

    def keep(self) -> str:
        """Put the file into the spool, durably, and return its id. Raises OSError and PostrailError."""
        media_id = self._following.result(self.size)
        os.fsync(self._descriptor)
        os.fchmod(self._descriptor, 0o640)
        self._place(self.path, media_id)
        return media_id

    def discard(self) -> None:
        """Close the file, and delete it unless it was kept."""
        self._following.abandon()
        os.close(self._descriptor)
        self.path.unlink(missing_ok=True)


def place_of(root: Path, media_id: str) -> Path:
    """Return where the file of that id lies."""
    return root / media_id[:2] / media_id


@contextmanager
def telling_full_disks() -> Iterator[None]:
    """Raise PostrailError `disk_full` in place of the system's word for it."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        detail = Problem(
            field="",
            problem="disk_full",
            expected="free space in Postrail's media folder",
            fix="make room on the disk, then try again",
            code="disk_full",
        )
        raise PostrailError("disk_full", "the disk that holds the media is full", details=[detail]) from error


def media_gone() -> PostrailError:
    """Return the refusal for a file that is not there."""
    return PostrailError("media_gone", "the media file is no longer in the spool")


def media_changed() -> PostrailError:
    """Return the refusal for a file that is another one than was looked at."""
    return PostrailError("media_changed", "the stored media file is not what was looked at")


class AnySpool(Protocol):
    """Where files are kept, whatever it is made of."""

    def check(self) -> None:
        """See that files can be kept. Raises OSError, and PostrailError as `blob`."""

    def receive(self) -> AbstractContextManager[Incoming]:
        """Open a file to write; what is not kept inside the `with` is deleted. Raises `disk_full`."""

    def adopt(self, path: Path) -> AbstractContextManager[Incoming]:
        """Take a whole file of this disk as one that has come; it stays there too. Raises `disk_full`."""

    def sweep_incoming(self) -> int:
        """Delete what processes that died have left half written; return how many files."""

    def blob(self, media_id: str) -> Blob:
        """Return a kept file. Raises PostrailError `media_gone`, `media_storage_failed`."""

    def local(self, media_id: str) -> AbstractContextManager[Path]:
        """Give a kept file on this disk, for as long as the `with` lasts. Raises as `blob`."""

    def verify(self, media_id: str) -> None:
        """Hold a kept file against its hash. Raises as `blob`, and `media_changed`."""

    def held(self, media_ids: Iterable[str]) -> AbstractContextManager[frozenset[str]]:
        """Keep files from being collected inside the `with`; gives the ids of those that are not there."""

    def collect(self, media_id: str, is_needed: Callable[[], bool]) -> int:
        """Delete a file unless it is needed, asked while nobody holds it; return how many bytes went."""

    def stored(self) -> Iterator[tuple[str, int, int]]:
        """Yield the id of each file, its size in bytes, and when it came (UTC milliseconds)."""


class Inbox(ABC):
    """The files under `root` that are being written; what is kept goes where `place` puts it."""

    def __init__(self, root: Path, *, create: Create = create_locked) -> None:
        self._incoming = root / "incoming"
        self._create = create
        with telling_full_disks():
            self._incoming.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def receive(self) -> Iterator[Incoming]:
        """Open a file to write; what is not kept inside the `with` is deleted.

        Raises PostrailError `disk_full`, also for writes inside the `with`.
        """
        with telling_full_disks():
            descriptor, path = self._create(self._incoming)
            incoming = Incoming(self.place, descriptor, path)
            try:
                yield incoming
            finally:
                incoming.discard()

    @contextmanager
    def adopt(self, path: Path) -> Iterator[Incoming]:
        """Take a whole file that lies elsewhere on the same disk as one that has come; it stays there too.

        Raises PostrailError `disk_full`.
        """
        with telling_full_disks():
            link = self._incoming / path.name
            descriptor = os.open(path, os.O_RDWR)
            incoming = Incoming(self.place, descriptor, link)
            try:
                # Before the link is there: a sweep takes what nobody has locked.
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                link.unlink(missing_ok=True)
                link.hardlink_to(path)
                incoming.take_what_is_there()
                yield incoming
            finally:
                incoming.discard()

    def sweep_incoming(self) -> int:
        """Delete what processes that died have left half written; return how many files."""
        return sum(_delete_if_left_over(path) for path in self._incoming.iterdir())

    @abstractmethod
    def place(self, path: Path, media_id: str) -> None:
        """Put a whole file that was written where kept files are. Raises OSError and PostrailError."""


class Spool(Inbox):
    """The media folder at `root`, made when it is not there."""

    def __init__(self, root: Path, *, create: Create = create_locked) -> None:
        super().__init__(root, create=create)
        self._root = root

    def check(self) -> None:
        """See that the folder can be written. Raises OSError, and PostrailError `disk_full`."""
        with self.receive() as incoming:
            incoming.write(b"1")

    def place(self, path: Path, media_id: str) -> None:
        """Move a whole file to its place, durably. Raises OSError."""
        place = place_of(self._root, media_id)
        if not place.parent.exists():
            place.parent.mkdir(exist_ok=True)
            sync_folder(self._root)
        path.replace(place)
        sync_folder(place.parent)

    def path(self, media_id: str) -> Path:
        """Return where the bytes of a kept file lie. Raises PostrailError `media_gone` when they do not."""
        place = place_of(self._root, media_id)
        if not MEDIA_ID.fullmatch(media_id) or not place.is_file():
            raise media_gone()
        return place

    def blob(self, media_id: str) -> FileBlob:
        """Return a kept file. Raises PostrailError `media_gone`."""
        return FileBlob(self.path(media_id))

    @contextmanager
    def local(self, media_id: str) -> Iterator[Path]:
        """Give a kept file on this disk. Raises PostrailError `media_gone`."""
        yield self.path(media_id)

    def verify(self, media_id: str) -> None:
        """Read a kept file whole and hold it against its hash.

        Raises PostrailError `media_gone` where it is not there, `media_changed` where it is another file.
        """
        with self.path(media_id).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != media_id:
                raise media_changed()

    @contextmanager
    def held(self, media_ids: Iterable[str]) -> Iterator[frozenset[str]]:
        """Keep files from being collected inside the `with`; gives the ids of those that are not there."""
        wanted = {media_id: place_of(self._root, media_id) for media_id in media_ids}
        with ExitStack() as stack:
            for folder in sorted({place.parent for place in wanted.values()}):
                stack.enter_context(locked(folder, exclusive=False))
            yield frozenset(media_id for media_id, place in wanted.items() if not place.is_file())

    def collect(self, media_id: str, is_needed: Callable[[], bool]) -> int:
        """Delete a file unless it is needed, asked while nobody holds it; return how many bytes went."""
        place = place_of(self._root, media_id)
        with locked(place.parent, exclusive=True), suppress(FileNotFoundError):
            if is_needed():
                return 0
            size = place.stat().st_size
            place.unlink()
            return size
        return 0

    def stored(self) -> Iterator[tuple[str, int, int]]:
        """Yield the id of each file, its size in bytes, and when it came (UTC milliseconds)."""
        for folder in sorted(self._root.iterdir()):
            for place in sorted(folder.iterdir()) if _FOLDER.fullmatch(folder.name) else ():
                with suppress(FileNotFoundError):
                    found = place.stat()
                    yield place.name, found.st_size, found.st_mtime_ns // 1_000_000


@contextmanager
def locked(folder: Path, *, exclusive: bool) -> Iterator[None]:
    """Hold a lock on a folder inside the `with`; one that is not there has nothing to be locked."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _delete_if_left_over(path: Path) -> bool:
    with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
        return True
    return False
