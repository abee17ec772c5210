"""Receives the chunks of a FILE_UPLOAD: streamed to disk, counted only when all their bytes arrived.

Each PUT writes a part file of its own; when it is whole and still the next one, it is appended to the upload
and the count is committed. Bytes past the committed count are what a crash left: the next append drops them.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connector.kernel.clock import Clock
from connector.kernel.ids import Ids
from connector.sandbox.chunks import BadChunk, Range, check_next, progress, read_headers
from connector.sandbox.database import Database
from connector.sandbox.journal import ANSWERED, BROKEN_OFF, RESET
from connector.sandbox.knobs import Knobs
from connector.sandbox.states import Step
from connector.sandbox.tasks import Task, Tasks

PIECE = 64 * 1024
"""Bytes read at a time."""
URL_LIFE = 3600 * 1000
"""Milliseconds an upload URL is good for (reference 2.7)."""
HELD_LOOK = 0.05
"""Seconds between two looks at the connection of a held upload."""


class Body(Protocol):
    """The bytes of a request."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end. Raises OSError when the connection breaks."""


@dataclass(frozen=True, kw_only=True)
class Put:
    """A PUT to an upload URL. `is_connected` looks whether the sender is still there.

    `cut_after`: the connection is to be cut after so many bytes of the body (None: it is not).
    """

    upload_id: str
    upload_token: str
    content_type: str | None
    content_length: str | None
    content_range: str | None
    body: Body
    is_connected: Callable[[], bool]
    cut_after: int | None = None


@dataclass(frozen=True, kw_only=True)
class PutReply:
    """What a PUT is answered; `content_range` is the header that carries the progress."""

    status: int
    code: str
    content_range: str | None = None
    publish_id: str | None = None
    outcome: str = ANSWERED
    is_complete: bool = False


class _Cut(ConnectionError):
    """The connection is cut on purpose."""


class Uploads:
    """Receives chunks into `folder`."""

    def __init__(
        self, folder: Path, database: Database, tasks: Tasks, knobs: Knobs, *, clock: Clock, ids: Ids
    ) -> None:
        self._folder = folder
        self._database = database
        self._tasks = tasks
        self._knobs = knobs
        self._clock = clock
        self._ids = ids

    def file_of(self, task: Task) -> Path:
        """Return where a task's received bytes stand."""
        return self._folder / f"{task.upload_id}.upload"

    def put(self, put: Put) -> PutReply:
        """Receive one chunk. Whatever the answer, the body has been read or its sender is gone."""
        task = self._tasks.by_upload(put.upload_id)
        publish_id = None if task is None else task.publish_id
        try:
            asked = self._admit(put, task)
        except BadChunk as refused:
            drain(put.body)
            return self._refused(refused, publish_id)
        part = self._folder / f"{self._ids.new('part')}.part"
        try:
            self._receive(put, part, asked)
            return self._count(part, asked, publish_id or "")
        except BadChunk as refused:
            return self._refused(refused, publish_id)
        except _Cut:
            return PutReply(status=400, code="cut", publish_id=publish_id, outcome=RESET)
        except ConnectionError:
            return PutReply(status=400, code="broken_off", publish_id=publish_id, outcome=BROKEN_OFF)
        finally:
            part.unlink(missing_ok=True)

    def _admit(self, put: Put, task: Task | None) -> Range:
        if task is None or task.upload_token != put.upload_token or task.stage == "failed":
            raise BadChunk(404, "no_such_upload")
        if task.url_expired or self._clock.now() >= task.created_at + URL_LIFE:
            raise BadChunk(403, "upload_url_expired")
        planted = self._tasks.spend_chunk_fault(task)
        if planted is not None:
            raise BadChunk(planted, "planted")
        refusal = self._knobs.spend_refusal("upload")
        if refusal is not None:
            raise BadChunk(refusal.status, refusal.code)
        if self._knobs.spend_server_error():
            raise BadChunk(500, "internal_error")
        asked = read_headers(put.content_type, put.content_length, put.content_range)
        check_next(task.plan, task.received_bytes, asked)
        return asked

    def _receive(self, put: Put, part: Path, asked: Range) -> None:
        """Stream the body to `part`. Raises ConnectionError when its sender goes before the end.

        A sender that is gone is held no longer: what it has sent is here, and counts if it is whole.
        """
        with part.open("wb") as file:
            at, is_here = asked.first, True
            while at <= asked.last:
                while is_here and self._knobs.wait_while_held(at, HELD_LOOK):
                    is_here = put.is_connected()
                if put.cut_after is not None and at - asked.first >= put.cut_after:
                    raise _Cut
                until_cut = PIECE if put.cut_after is None else put.cut_after + asked.first - at
                size = min(PIECE, asked.last + 1 - at, self._until_hold(at), until_cut)
                piece = self._read(put.body, size)
                file.write(piece)
                file.flush()
                at += len(piece)
            os.fsync(file.fileno())

    def _until_hold(self, at: int) -> int:
        limit = self._knobs.faults.hold_upload_after_bytes
        return PIECE if limit is None or limit <= at else limit - at

    @staticmethod
    def _read(body: Body, size: int) -> bytes:
        try:
            piece = body.read(size)
        except OSError as error:
            raise ConnectionAbortedError from error
        if not piece:
            raise ConnectionAbortedError
        return piece

    def _count(self, part: Path, asked: Range, publish_id: str) -> PutReply:
        """Append a whole chunk and commit the new count, if it is still the next one."""
        with self._database.transaction():
            task = self._tasks.get(publish_id)
            check_next(task.plan, task.received_bytes, asked)
            self._append(part, self.file_of(task), asked.first)
            received = asked.last + 1
            self._tasks.set_received(publish_id, received)
            is_complete = received == task.total_bytes
            if is_complete:
                self._tasks.move(task, Step(stage="checking", at=self._clock.now()))
        return PutReply(
            status=201 if is_complete else 206,
            code="ok",
            content_range=progress(received, task.total_bytes),
            publish_id=publish_id,
            is_complete=is_complete,
        )

    @staticmethod
    def _append(part: Path, upload: Path, first: int) -> None:
        upload.touch()
        with part.open("rb") as source, upload.open("r+b") as target:
            target.truncate(first)
            target.seek(first)
            shutil.copyfileobj(source, target, PIECE)
            target.flush()
            os.fsync(target.fileno())

    def _refused(self, refused: BadChunk, publish_id: str | None) -> PutReply:
        task = None if publish_id is None else self._tasks.get(publish_id)
        known = task is not None and refused.status != 404  # noqa: PLR2004 - an HTTP status
        content_range = progress(task.received_bytes, task.total_bytes) if task and known else None
        return PutReply(
            status=refused.status, code=refused.why, content_range=content_range, publish_id=publish_id
        )


def drain(body: Body) -> None:
    """Read a body to its end and drop it, so that its sender gets to read the answer."""
    try:
        while body.read(PIECE):
            pass
    except OSError:
        return
