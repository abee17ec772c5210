"""An upload that ends in the instant in which a post that names it is accepted: one of the two is told."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from connector.engine.model import MediaItem, NewPost
from connector.engine.model_media import Admission, Life, NewUpload, Upload
from connector.kernel.errors import PostrailError
from connector.store.database import Database
from connector.store.ledger import SqlLedger
from connector.store.media import SqlMedia
from tests.ledgers import ALL, IDS, Stage, new_post

pytest_plugins = ("tests.databases", "tests.ledgers")

T = TypeVar("T")
LIFE = Life(plain_ms=1_000, retained_ms=2_000)
SHA = "a" * 64


def nothing() -> None:
    """Do nothing."""


@dataclass
class Interrupted:
    """A database that lets something else happen, once each: after it told the time, before it commits."""

    inner: Database
    after_now: Callable[[], None] = nothing
    before_commit: Callable[[], None] = nothing
    happened: list[str] = field(default_factory=list)

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Read."""
        return self.inner.read(fn)

    def write(self, fn: Callable[[Connection], T]) -> T:
        """Write, interrupted before the commit."""

        def run(conn: Connection) -> T:
            value = fn(conn)
            self._once("commit", self.before_commit)
            return value

        return self.inner.write(run)

    def each(self, fn: Callable[[Connection], T]) -> T:
        """Write, undisturbed."""
        return self.inner.each(fn)

    def own_time(self) -> int | None:
        """Tell the time, and be interrupted."""
        now = self.inner.own_time()
        self._once("now", self.after_now)
        return now

    def time(self) -> int:
        """Tell the time."""
        return self.inner.time()

    def now(self, conn: Connection) -> int:
        """Tell the time, and be interrupted."""
        now = self.inner.now(conn)
        self._once("now", self.after_now)
        return now

    def _once(self, step: str, what: Callable[[], None]) -> None:
        if step not in self.happened:
            self.happened.append(step)
            what()

    def close(self) -> None:
        """Leave it to its owner."""


@dataclass
class Beside:
    """Starts a call in another thread and gives it the time to end, if it can."""

    call: Callable[[], object]
    pool: ThreadPoolExecutor
    started: Future[object] | None = None
    was_quicker: bool = False

    def __call__(self) -> None:
        """Start it."""
        ended = threading.Event()
        self.started = self.pool.submit(self.call)
        self.started.add_done_callback(lambda _: ended.set())
        self.was_quicker = ended.wait(0.2)

    def outcome(self) -> object:
        """Return what came of it: its value, or the code of its error."""
        assert self.started is not None
        error = self.started.exception(30)
        return error.code if isinstance(error, PostrailError) else self.started.result()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Give one more thread."""
    with ThreadPoolExecutor(1) as one:
        yield one


@pytest.fixture
def upload(stage: Stage) -> Upload:
    """Give a photo that has been uploaded."""
    item = MediaItem(media_id=SHA, kind="photo", name="a.jpg", mime="image/jpeg", size=100, width=3)
    new = NewUpload(id=IDS.new("media"), item=item, label="a.jpg", warnings=())
    (recorded,) = stage.media.admit(Admission(reach=ALL, uploads=(new,)), LIFE)
    return recorded


def naming(upload: Upload) -> NewPost:
    """Return a post that names it."""
    return new_post(kind="photo", uploads=(upload.id,))


def test_who_ends_an_upload_waits_for_the_post_that_is_being_accepted(
    stage: Stage, upload: Upload, pool: ThreadPoolExecutor
) -> None:
    end = Beside(lambda: stage.media.end(ALL, upload.id), pool)
    SqlLedger(Interrupted(stage.database, before_commit=end), ids=IDS).accept(naming(upload))
    assert (end.was_quicker, end.outcome()) == (False, "media_in_use")
    assert stage.media.needed([SHA], LIFE) == {SHA}


def test_who_ends_an_upload_once_the_post_has_taken_the_time_is_told_that_it_is_needed(
    stage: Stage, upload: Upload, pool: ThreadPoolExecutor
) -> None:
    end = Beside(lambda: stage.media.end(ALL, upload.id), pool)

    def later() -> None:
        stage.clock.advance(1)
        end()

    SqlLedger(Interrupted(stage.database, after_now=later), ids=IDS).accept(naming(upload))
    assert end.outcome() == "media_in_use"


def test_a_post_that_is_accepted_in_an_uploads_last_instant_keeps_its_file(
    stage: Stage, upload: Upload, pool: ThreadPoolExecutor
) -> None:
    needed = Beside(lambda: stage.media.needed([SHA], LIFE), pool)

    def later() -> None:
        stage.clock.advance(LIFE.plain_ms)
        needed()

    SqlLedger(Interrupted(stage.database, before_commit=later), ids=IDS).accept(naming(upload))
    assert (needed.was_quicker, needed.outcome()) == (False, {SHA})


def test_a_post_waits_for_who_ends_its_upload_and_is_refused(
    stage: Stage, upload: Upload, pool: ThreadPoolExecutor
) -> None:
    accept = Beside(lambda: stage.ledger.accept(naming(upload)), pool)
    assert SqlMedia(Interrupted(stage.database, before_commit=accept)).end(ALL, upload.id)
    assert (accept.was_quicker, accept.outcome()) == (False, "media_expired")
    assert stage.media.needed([SHA], LIFE) == frozenset()
