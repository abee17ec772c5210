"""The spool in a bucket of S3 or of whatever else speaks its language.

<root>/incoming/           files that are being written, on this machine's disk, where they are probed
<bucket>/<prefix>/<aa>/<sha256>   files that are whole

A file goes to the bucket once it is whole and right, and is read back by ranges from there. The locks that
keep a file from being collected under a record that is just being written hold among all who use the bucket.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, PreconditionError
from obstore.store import S3Store

from connector.domain.storage import Bucket
from connector.engine.ports_storage import MediaLocks
from connector.kernel.clock import Clock
from connector.kernel.errors import PostrailError, Problem
from connector.kernel.log import get_log
from connector.kernel.redact import redact
from connector.media.spool import MEDIA_ID, Create, Inbox, create_locked, media_changed, media_gone

if TYPE_CHECKING:
    from obstore.store import S3Config

log = get_log("media")

PIECE = 2 * 1024 * 1024
"""Bytes of one range: what a slow reader costs in memory."""

FRESH_MS = 3_600_000
"""An object that is older is put anew when its file comes again: collecting goes by its age."""

RETRY_FOR = timedelta(seconds=20)
AT_ONCE = 4
"""Parts of one file that are put at the same time, of 5 MiB each."""

_TROUBLE = (BaseError, OSError)
_WORDS = {
    "storage_missing": ("NoSuchBucket",),
    "storage_refused": (
        "AccessDenied",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidToken",
        "ExpiredToken",
        "403 Forbidden",
        "401 Unauthorized",
    ),
    "storage_full": ("StorageFull", "QuotaExceeded", "507 Insufficient"),
}
_SAID = {
    "storage_missing": ("there is no such bucket", "make the bucket, or correct POSTRAIL_MEDIA_URL"),
    "storage_refused": (
        "it refuses the credentials",
        "correct POSTRAIL_MEDIA_ACCESS_KEY_ID and POSTRAIL_MEDIA_SECRET_ACCESS_KEY, or what they may do",
    ),
    "storage_full": ("it is full", "make room in the bucket"),
    "storage_unreachable": ("it does not answer", "see that the endpoint in POSTRAIL_MEDIA_URL is up"),
}


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a bucket is opened with; without them the machine's own role is asked for."""

    key_id: str
    secret: str


def open_bucket(bucket: Bucket, credentials: Credentials | None) -> S3Store:
    """Return a client of a bucket. Nothing is sent yet."""
    config: S3Config = {"region": bucket.region}
    if bucket.endpoint is not None:
        config["endpoint"] = bucket.endpoint
    if credentials is not None:
        config["access_key_id"] = credentials.key_id
        config["secret_access_key"] = credentials.secret
    return S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        config=config,
        client_options={"allow_http": True, "connect_timeout": "5s", "timeout": "600s"},
        retry_config={"max_retries": 3, "retry_timeout": RETRY_FOR},
    )


def trouble_of(error: Exception) -> PostrailError:
    """Say what it is that a bucket cannot do, to the log too: posts wait for it in silence."""
    text = str(error)
    word = next((word for word, signs in _WORDS.items() if any(sign in text for sign in signs)), None)
    said, fix = _SAID[word or "storage_unreachable"]
    log.warning("media_storage", problem=word or "storage_unreachable", said=redact(text.partition("\n")[0]))
    code = "disk_full" if word == "storage_full" else "media_storage_failed"
    detail = Problem(
        field="",
        problem=word or "storage_unreachable",
        got=redact(text.partition("\n")[0]),
        expected="a bucket that can be written and read",
        fix=fix,
        code=code,
    )
    return PostrailError(code, f"the storage of the media cannot be used: {said}", details=[detail])


class ObjectReading:
    """Implements `connector.engine.blobs.Reading`: a part of an object, by one short range after the other.

    No connection is held while its reader is slow.
    """

    def __init__(self, store: S3Store, key: str, first: int, size: int) -> None:
        self._store = store
        self._key = key
        self._at = first
        self._left = size
        self._piece = memoryview(b"")

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes; fewer at the end of a piece. Raises OSError."""
        if size < 0:
            return b"".join(iter(lambda: self.read(PIECE), b""))
        if not self._piece and self._left:
            self._piece = self._next()
        data = bytes(self._piece[:size])
        self._piece = self._piece[len(data) :]
        return data

    def _next(self) -> memoryview:
        length = min(PIECE, self._left)
        try:
            piece = memoryview(obstore.get_range(self._store, self._key, start=self._at, length=length))
        except _TROUBLE as error:
            raise ConnectionError(f"the storage broke off: {trouble_of(error).message}") from error
        if len(piece) != length:
            raise ConnectionError("the object ended before its end")
        self._at += length
        self._left -= length
        return piece

    def close(self) -> None:
        """Read no more."""
        self._left, self._piece = 0, memoryview(b"")


@dataclass(frozen=True)
class ObjectBlob:
    """Implements `connector.engine.blobs.Blob` for an object."""

    store: S3Store
    key: str
    path: None = None

    def open(self, first: int, size: int) -> ObjectReading:
        """Begin to read a part; the storage is asked as it is read."""
        return ObjectReading(self.store, self.key, first, size)


@contextmanager
def telling() -> Iterator[None]:
    """Raise PostrailError in place of what the bucket's client raises."""
    try:
        yield
    except FileNotFoundError as error:
        raise (trouble_of(error) if "NoSuchBucket" in str(error) else media_gone()) from error
    except PreconditionError as error:
        raise media_changed() from error
    except _TROUBLE as error:
        raise trouble_of(error) from error


def key_of(media_id: str) -> str:
    """Return the name of an object, behind the prefix."""
    return f"{media_id[:2]}/{media_id}"


class ObjectSpool(Inbox):
    """Implements `connector.media.spool.AnySpool` over a bucket; `root` is on this machine's disk.

    `locks` hold among all processes that use the bucket.
    """

    def __init__(
        self,
        root: Path,
        store: S3Store,
        clock: Clock,
        locks: MediaLocks,
        *,
        create: Create = create_locked,
    ) -> None:
        super().__init__(root, create=create)
        self._store = store
        self._clock = clock
        self._locks = locks

    def check(self) -> None:
        """See that the bucket is there and lets us look in. Raises PostrailError `media_storage_failed`."""
        with telling():
            for _ in obstore.list(self._store, "00/", chunk_size=1):
                return

    def place(self, path: Path, media_id: str) -> None:
        """Put a whole file into the bucket, unless it is there already. Raises PostrailError."""
        size, found = path.stat().st_size, self._head(media_id)
        if found is not None and found == (size, True):
            return
        with telling(), path.open("rb") as file:
            obstore.put(self._store, key_of(media_id), file, max_concurrency=AT_ONCE)
        if (now := self._head(media_id)) is None or now[0] != size:
            raise media_changed()

    def _head(self, media_id: str) -> tuple[int, bool] | None:
        """Return the size of an object and whether it came lately; None where there is none."""
        try:
            with telling():
                found = obstore.head(self._store, key_of(media_id))
        except PostrailError as error:
            if error.code != "media_gone":
                raise
            return None
        came = round(found["last_modified"].timestamp() * 1000)
        return found["size"], self._clock.now() - came < FRESH_MS

    def blob(self, media_id: str) -> ObjectBlob:
        """Return a kept file. Raises PostrailError `media_gone` where it is not there."""
        if not MEDIA_ID.fullmatch(media_id) or self._head(media_id) is None:
            raise media_gone()
        return ObjectBlob(self._store, key_of(media_id))

    @contextmanager
    def local(self, media_id: str) -> Iterator[Path]:
        """Give a copy of a kept file on this disk, for as long as the `with` lasts."""
        with self.receive() as copy:
            for piece in self._pieces(media_id):
                copy.write(piece)
            yield copy.path

    def _pieces(self, media_id: str) -> Iterator[bytes]:
        """Yield all bytes of a kept file. Raises PostrailError `media_gone`, `media_storage_failed`."""
        found = self._head(media_id) if MEDIA_ID.fullmatch(media_id) else None
        if found is None:
            raise media_gone()
        reading = ObjectReading(self._store, key_of(media_id), 0, found[0])
        with telling():
            yield from iter(lambda: reading.read(PIECE), b"")

    def verify(self, media_id: str) -> None:
        """Read a kept file whole and hold it against its hash.

        Raises PostrailError `media_gone` where it is not there, `media_changed` where it is another file.
        """
        found = hashlib.sha256()
        for piece in self._pieces(media_id):
            found.update(piece)
        if found.hexdigest() != media_id:
            raise media_changed()

    @contextmanager
    def held(self, media_ids: Iterable[str]) -> Iterator[frozenset[str]]:
        """Keep files from being collected inside the `with`; gives the ids of those that are not there."""
        wanted = frozenset(media_ids)
        with self._locks.shared(wanted):
            yield frozenset(media_id for media_id in wanted if self._head(media_id) is None)

    def collect(self, media_id: str, is_needed: Callable[[], bool]) -> int:
        """Delete a file unless it is needed, asked while nobody holds it; return how many bytes went."""
        with self._locks.alone(media_id):
            found = self._head(media_id)
            if found is None or is_needed():
                return 0
            with telling():
                obstore.delete(self._store, key_of(media_id))
            return found[0]

    def stored(self) -> Iterator[tuple[str, int, int]]:
        """Yield the id of each file, its size in bytes, and when it came (UTC milliseconds)."""
        with telling():
            for batch in obstore.list(self._store):
                for found in batch:
                    name = found["path"].rpartition("/")[2]
                    if MEDIA_ID.fullmatch(name) and found["path"].endswith(key_of(name)):
                        yield name, found["size"], round(found["last_modified"].timestamp() * 1000)
