"""Files that come in several requests, on the spool's disk.

<root>/partial/<id>.json   what is to come, and what became of it; locked while a request has the file in hand
<root>/partial/<id>        the bytes so far: its size is where the next request goes on

What a client is told to be here has been brought to the disk before. A file lives for `life_ms` after its
last byte.
"""

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from connector.engine.model_media import Partial, Reach
from connector.kernel.clock import Clock
from connector.kernel.errors import PostrailError
from connector.media.spool import locked, sync_folder, telling_full_disks

_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class Part:
    """A file that comes in parts, in hand: `path` is where its bytes lie."""

    def __init__(self, info: Path, state: Partial) -> None:
        self._info = info
        self.path = info.with_suffix("")
        self._state = state
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND) if self.path.exists() else None

    @property
    def state(self) -> Partial:
        """How it stands."""
        return self._state

    def write(self, data: bytes) -> None:
        """Append `data`. Raises OSError."""
        if self._descriptor is None:
            raise FileNotFoundError(self.path)
        view = memoryview(data)
        while view:
            written = os.write(self._descriptor, view)
            self._state = replace(self._state, offset=self._state.offset + written)
            view = view[written:]

    def cut(self, size: int) -> None:
        """Forget what is behind the first `size` bytes. Raises OSError."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, size)
            self._state = replace(self._state, offset=size)

    def sync(self) -> None:
        """Bring what was written to the disk. Raises OSError."""
        if self._descriptor is not None:
            os.fsync(self._descriptor)

    def done(self, upload_id: str) -> None:
        """Say what upload it has become, and drop its bytes. Raises OSError."""
        self._state = replace(self._state, upload_id=upload_id)
        _store(self._info, self._state)
        self.path.unlink(missing_ok=True)

    def drop(self) -> None:
        """Forget it."""
        self.path.unlink(missing_ok=True)
        self._info.unlink(missing_ok=True)

    def close(self) -> None:
        """Give the file back."""
        if self._descriptor is not None:
            os.close(self._descriptor)


def nothing_begun(workspace_id: str) -> Mapping[str, int]:
    """Say that nothing is begun elsewhere."""
    del workspace_id
    return {}


class PartialFolder:
    """Implements `connector.engine.ports_media.Partials` beside the spool at `root`.

    `elsewhere` gives the lengths of what a workspace has begun where it does not pass here, by id.
    """

    def __init__(
        self,
        root: Path,
        clock: Clock,
        *,
        life_ms: int,
        elsewhere: Callable[[str], Mapping[str, int]] = nothing_begun,
    ) -> None:
        self._folder = root / "partial"
        self._clock = clock
        self._life_ms = life_ms
        self._elsewhere = elsewhere
        with telling_full_disks():
            self._folder.mkdir(parents=True, exist_ok=True)

    def create(
        self,
        partial_id: str,
        reach: Reach,
        length: int,
        metadata: Mapping[str, str],
        allow: Callable[[Sequence[int]], None],
    ) -> Partial:
        """Begin one, unless `allow` raises. Raises PostrailError `disk_full`."""
        expires_at = self._clock.now() + self._life_ms
        state = Partial.begun(partial_id, reach, length, metadata, expires_at=expires_at)
        with telling_full_disks(), locked(self._folder, exclusive=True):
            allow(self._begun(reach.workspace_id, self._elsewhere(reach.workspace_id)))
            (self._folder / partial_id).touch(exist_ok=False)
            _store(self._folder / f"{partial_id}.json", state)
        return state

    @contextmanager
    def begun(
        self, workspace_id: str, *, but: str | None = None, alone: bool = False
    ) -> Iterator[Sequence[int]]:
        """Give the lengths of what a workspace has begun, `but` one; nobody begins another meanwhile.

        `alone`: for who is to begin one. Others ask what is begun elsewhere before they lock: asking takes
        time, and one that begins elsewhere in that instant is held against the quota when it is completed.
        """
        asked = None if alone else self._elsewhere(workspace_id)
        with locked(self._folder, exclusive=alone):
            yield self._begun(workspace_id, self._elsewhere(workspace_id) if asked is None else asked, but)

    def _begun(self, workspace_id: str, elsewhere: Mapping[str, int], but: str | None = None) -> list[int]:
        """Return the lengths of a workspace's living files that are not done, here and `elsewhere`."""
        reach = Reach(workspace_id=workspace_id)
        lengths = [length for name, length in elsewhere.items() if name != but]
        for path in [path for path in self._folder.iterdir() if not path.suffix and path.name != but]:
            info = path.with_suffix(".json")
            with suppress(PostrailError, FileNotFoundError):
                lengths.append(self._of(reach, info, info.read_text()).length)
        return lengths

    def look(self, reach: Reach, partial_id: str) -> Partial:
        """Tell how one stands, whoever has it in hand; what is told to be here is on the disk."""
        info = self._info(partial_id)
        try:
            descriptor = os.open(info.with_suffix(""), os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            pass  # whole and done, or not there at all: the description will tell
        try:
            return self._of(reach, info, info.read_text())
        except FileNotFoundError:
            raise _not_found(partial_id) from None

    @contextmanager
    def take(self, reach: Reach, partial_id: str) -> Iterator[Part]:
        """Take one in hand, alone. Raises `upload_not_found`, `upload_locked`, and `disk_full` inside."""
        info = self._info(partial_id)
        with telling_full_disks(), _locked(info) as text:
            part = Part(info, self._of(reach, info, text))
            try:
                yield part
            finally:
                part.close()

    def sweep(self) -> int:
        """Drop those whose life is over and that nobody has in hand; return how many."""
        return sum(self._dropped(info) for info in self._folder.glob("*.json")) + self._stray()

    def _dropped(self, info: Path) -> bool:
        with suppress(PostrailError, FileNotFoundError), _locked(info) as text:
            state = self._read(info, text)
            if state.expires_at <= self._clock.now():
                Part(info, state).drop()
                return True
        return False

    def _stray(self) -> int:
        """Drop bytes whose description was never written."""
        count = 0
        for path in self._folder.iterdir():
            if path.suffix != ".json" and not path.with_suffix(".json").exists():
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime_ns // 1_000_000 + self._life_ms <= self._clock.now():
                        path.unlink()
                        count += 1
        return count

    def _info(self, partial_id: str) -> Path:
        """Return where the description of a file lies. Raises `upload_not_found` for what is no id."""
        if not _ID.fullmatch(partial_id):
            raise _not_found(partial_id)
        return self._folder / f"{partial_id}.json"

    def _of(self, reach: Reach, info: Path, text: str) -> Partial:
        """Return how a file within reach stands, while it lives. Raises `upload_not_found`."""
        state = self._read(info, text)
        beyond = state.workspace_id != reach.workspace_id or reach.account_id not in {None, state.account_id}
        if beyond or state.expires_at <= self._clock.now():
            raise _not_found(info.stem)
        return state

    def _read(self, info: Path, text: str) -> Partial:
        """Return how a file stands: its description, and what lies beside it. Raises `upload_not_found`."""
        told = json.loads(text)
        try:
            found = info.with_suffix("").stat()
        except FileNotFoundError:
            if told["upload_id"] is None:
                raise _not_found(info.stem) from None
            return Partial(**told)
        lives = found.st_mtime_ns // 1_000_000 + self._life_ms
        return Partial(**{**told, "offset": found.st_size, "expires_at": lives})


def _store(info: Path, state: Partial) -> None:
    """Write a description, whole or not at all; whoever has it locked keeps it by its open file."""
    fresh = info.with_suffix(".new")
    with fresh.open("w") as file:
        json.dump({**vars(state), "metadata": dict(state.metadata)}, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(info)
    sync_folder(info.parent)


@contextmanager
def _locked(info: Path) -> Iterator[str]:
    """Lock a description inside the `with`, and give its text.

    Raises PostrailError `upload_not_found` and `upload_locked`.
    """
    try:
        file = info.open()
    except FileNotFoundError:
        raise _not_found(info.stem) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise _locked_elsewhere(info) from held
        if not os.fstat(file.fileno()).st_nlink:
            raise _locked_elsewhere(info)  # replaced or dropped by whoever had it just now
        yield file.read()


def _locked_elsewhere(info: Path) -> PostrailError:
    return PostrailError("upload_locked", f"Another request has {info.stem} in hand; try again soon.")


def _not_found(partial_id: str) -> PostrailError:
    return PostrailError("upload_not_found", f"There is no unfinished upload {partial_id!r} here.")
