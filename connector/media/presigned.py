"""Files that their senders put into the bucket themselves, by signed addresses.

<bucket>/<prefix>/unfinished/<workspace>/<id>/begun-<length>   what is to come, as JSON
                                              part-<number>    the bytes so far, put there by their sender
                                              done             the id of the upload that it has become

A part is an object of its own, so it can be put again, and no client has to speak S3's multipart protocol.
What is here is for intake alone: TikTok is given no address of a bucket (ADR 1).
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

import obstore
from obstore.store import S3Store

from connector.engine.model_media import Partial, Reach
from connector.engine.ports_storage import MediaLocks, SignedPart
from connector.kernel.clock import Clock
from connector.kernel.errors import PostrailError, Problem
from connector.media.objects import PIECE, telling
from connector.media.spool import media_changed

if TYPE_CHECKING:
    from obstore import GetOptions

PART_SIZE = 64 * 1024 * 1024
"""Bytes of each part but the last one: what a broken connection costs its sender."""

LONGEST_LIFE_S = 7 * 86_400
"""Seconds for which S3 lets an address be signed."""

MARGIN_MS = 3_600_000
"""How much longer than it lives a file is kept: somebody may be reading it to its end."""

FOLDER = "unfinished"
DONE = "done"
PART = "part-"
_BEGUN = re.compile(r"begun-([0-9]+)")
_FORM = re.compile(r"[A-Za-z0-9_-]{1,64}")


def part_sizes(length: int, part_size: int = PART_SIZE) -> list[int]:
    """Return the bytes of each part of a file of `length` bytes. Pure."""
    whole, rest = divmod(length, part_size)
    return [part_size] * whole + ([rest] if rest else [])


def part_name(number: int) -> str:
    """Return what a part is called, from 1 on."""
    return f"{PART}{number:04}"


@dataclass(frozen=True, kw_only=True)
class _Thing:
    """An object of an unfinished upload: its size in bytes, and when it came (UTC milliseconds).

    `etag`: the storage's word for its bytes, where it has one.
    """

    key: str
    size: int
    came: int
    etag: str | None


class BucketUploads:
    """Implements `connector.engine.ports_storage.PresignedUploads` in a bucket.

    Each lives for `life_ms`. `places` is how many may be read at once, each on a web thread. `locks` hold
    among all processes that use the bucket.
    """

    def __init__(
        self,
        store: S3Store,
        clock: Clock,
        locks: MediaLocks,
        *,
        life_ms: int,
        places: int,
        part_size: int = PART_SIZE,
    ) -> None:
        self._store = store
        self._clock = clock
        self._locks = locks
        self._life_ms = min(life_ms, LONGEST_LIFE_S * 1000)
        self._part_size = part_size
        self._places = BoundedSemaphore(places)
        self._lock = Lock()
        self._in_hand: set[str] = set()

    def beginning(self, workspace_id: str) -> AbstractContextManager[None]:
        """Be the only one who begins one of a workspace inside the `with`. Raises `not_ready`."""
        return self._locks.beginning(workspace_id)

    def create(
        self, partial_id: str, reach: Reach, length: int, metadata: Mapping[str, str]
    ) -> tuple[Partial, Sequence[SignedPart]]:
        """Begin one of `length` bytes, and sign the addresses of its parts."""
        expires_at = self._clock.now() + self._life_ms
        state = Partial.begun(partial_id, reach, length, metadata, expires_at=expires_at)
        with telling():
            obstore.put(self._store, f"{_folder(state)}/begun-{length}", _written(state))
            return state, self._signed(state)

    def _signed(self, state: Partial) -> list[SignedPart]:
        sizes = part_sizes(state.length, self._part_size)
        keys = [f"{_folder(state)}/{part_name(number)}" for number in range(1, len(sizes) + 1)]
        urls = obstore.sign(self._store, "PUT", keys, timedelta(milliseconds=self._life_ms))
        return [
            SignedPart(number=index + 1, first=index * self._part_size, size=size, url=url)
            for index, (size, url) in enumerate(zip(sizes, urls, strict=True))
        ]

    def begun(self, workspace_id: str) -> Mapping[str, int]:
        """Return the lengths of what a workspace has begun and not ended, by id."""
        lengths = {}
        for folder, things in self._listed(f"{FOLDER}/{workspace_id}/").items():
            begun = _begun(things)
            if begun is not None and DONE not in things and not self._is_over(begun):
                lengths[folder.rpartition("/")[2]] = _length_of(begun)
        return lengths

    def look(self, reach: Reach, partial_id: str) -> Partial:
        """Tell how one stands. Raises PostrailError `upload_not_found`."""
        if not _FORM.fullmatch(partial_id):
            raise _not_found(partial_id)
        folder = f"{FOLDER}/{reach.workspace_id}/{partial_id}"
        things = self._listed(f"{folder}/").get(folder, {})
        begun = _begun(things)
        if begun is None or self._is_over(begun):
            raise _not_found(partial_id)
        told = json.loads(self._read(begun.key))
        if reach.account_id not in {None, told["account_id"]}:
            raise _not_found(partial_id)
        done = self._read(things[DONE].key).decode() if DONE in things else None
        offset = sum(thing.size for name, thing in things.items() if name.startswith(PART))
        return Partial(**{**told, "offset": offset, "upload_id": done})

    @contextmanager
    def take(self, reach: Reach, partial_id: str) -> Iterator[Partial]:
        """Take one in hand, alone on this machine; see the port."""
        with self._alone(partial_id):
            if not self._places.acquire(blocking=False):
                raise PostrailError("too_many_downloads", "As many uploads as may be are being read.")
            try:
                yield self.look(reach, partial_id)
            finally:
                self._places.release()

    @contextmanager
    def _alone(self, partial_id: str) -> Iterator[None]:
        with self._lock:
            if partial_id in self._in_hand:
                raise _locked(partial_id)
            self._in_hand.add(partial_id)
        try:
            yield
        finally:
            with self._lock:
                self._in_hand.discard(partial_id)

    def _check(self, state: Partial) -> list[_Thing]:
        """Return the parts of one.

        Raises PostrailError `upload_mismatch` with every part that is not as large as announced,
        `upload_locked` and `upload_not_found` where another machine has done or dropped it.
        """
        things = self._things(state)
        if DONE in things:
            raise _locked(state.id)
        if _begun(things) is None:
            raise _not_found(state.id)
        parts, problems = [], []
        for number, size in enumerate(part_sizes(state.length, self._part_size), 1):
            found = things.get(part_name(number))
            if found is None or found.size != size:
                problems.append(_wrong_part(number, size, None if found is None else found.size))
            else:
                parts.append(found)
        if problems:
            message = f"{len(problems)} parts of {state.id} are not there as they were announced."
            raise PostrailError("upload_mismatch", message, details=problems)
        return parts

    def pieces(self, state: Partial) -> Iterator[bytes]:
        """Yield the bytes of all parts in their order, by short ranges; see the port."""
        for number, part in enumerate(self._check(state), 1):
            for first in range(0, part.size, PIECE):
                try:
                    yield self._range(part, first)
                except PostrailError as error:
                    if error.code not in {"media_gone", "media_changed"}:
                        raise
                    self._check(state)
                    raise _changed_part(number) from error

    def _range(self, part: _Thing, first: int) -> bytes:
        """Return a short range of a part as it was listed.

        Raises PostrailError `media_gone` and `media_changed` where it is not there, or not as it was.
        """
        end = min(first + PIECE, part.size)
        options: GetOptions = {"range": (first, end)}
        if part.etag is not None:
            options["if_match"] = part.etag
        with telling():
            piece = bytes(obstore.get(self._store, part.key, options=options).bytes())
        if len(piece) != end - first:
            raise media_changed()
        return piece

    def done(self, state: Partial, upload_id: str) -> None:
        """Say what upload one has become, and drop its bytes."""
        with telling():
            obstore.put(self._store, f"{_folder(state)}/{DONE}", upload_id.encode())
        things = self._things(state)
        self._delete(thing for name, thing in things.items() if name.startswith(PART))

    def drop(self, state: Partial) -> None:
        """Forget one that is not done."""
        things = self._things(state)
        if DONE not in things:
            self._delete(things.values())

    def _things(self, state: Partial) -> Mapping[str, _Thing]:
        return self._listed(f"{_folder(state)}/").get(_folder(state), {})

    def sweep(self) -> int:
        """Drop those whose life is over, and what was put for one that is not there any more."""
        count = 0
        for things in self._listed(f"{FOLDER}/").values():
            marked = things.get(DONE) or _begun(things)
            since = marked.came if marked else max(thing.came for thing in things.values())
            if since + self._life_ms + MARGIN_MS <= self._clock.now():
                self._delete(things.values())
                count += 1
        return count

    def _is_over(self, begun: _Thing) -> bool:
        return begun.came + self._life_ms <= self._clock.now()

    def _listed(self, prefix: str) -> dict[str, dict[str, _Thing]]:
        """Return what lies below a prefix: by folder, then by name."""
        found: dict[str, dict[str, _Thing]] = defaultdict(dict)
        with telling():
            for batch in obstore.list(self._store, prefix):
                for one in batch:
                    folder, _, name = one["path"].rpartition("/")
                    came = round(one["last_modified"].timestamp() * 1000)
                    found[folder][name] = _Thing(
                        key=one["path"], size=one["size"], came=came, etag=one["e_tag"]
                    )
        return found

    def _read(self, key: str) -> bytes:
        with telling():
            return bytes(obstore.get(self._store, key).bytes())

    def _delete(self, things: Iterable[_Thing]) -> None:
        with telling(), suppress(FileNotFoundError):
            if keys := [thing.key for thing in things]:
                obstore.delete(self._store, keys)


def _folder(state: Partial) -> str:
    return f"{FOLDER}/{state.workspace_id}/{state.id}"


def _written(state: Partial) -> bytes:
    return json.dumps({**vars(state), "metadata": dict(state.metadata)}).encode()


def _begun(things: Mapping[str, _Thing]) -> _Thing | None:
    """Return the description of an upload among its objects."""
    return next((thing for name, thing in things.items() if _BEGUN.fullmatch(name)), None)


def _length_of(begun: _Thing) -> int:
    return int(begun.key.rpartition("-")[2])


def _wrong_part(number: int, size: int, found: int | None) -> Problem:
    return Problem(
        field=f"parts[{number - 1}]",
        problem="missing" if found is None else "wrong_size",
        got="nothing" if found is None else f"{found} bytes",
        expected=f"{size} bytes",
        fix=f"PUT part {number} to its address again",
        code="upload_mismatch",
    )


def _changed_part(number: int) -> PostrailError:
    problem = Problem(
        field=f"parts[{number - 1}]",
        problem="changed",
        got="other bytes than a moment ago",
        expected="parts that stay as they are until the upload is completed",
        fix="complete the upload again once every part has been put",
        code="upload_mismatch",
    )
    message = f"Part {number} was put again while the upload was being completed."
    return PostrailError("upload_mismatch", message, details=[problem])


def _locked(partial_id: str) -> PostrailError:
    return PostrailError("upload_locked", f"Another request completes {partial_id}; ask again in a moment.")


def _not_found(partial_id: str) -> PostrailError:
    return PostrailError("upload_not_found", f"There is no unfinished upload {partial_id!r} here.")
