"""Group commit: many writes, one commit, and no write harmed by its neighbour."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, text

from connector.kernel.errors import PostrailError
from connector.store.sqlite import sqlite_engine, translate
from connector.store.writer import GroupWriter


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Give a file with one table, whose constraint a commit can break."""
    made = sqlite_engine(f"sqlite:///{tmp_path / 'x.db'}", "BEGIN IMMEDIATE")
    with made.begin() as conn:
        conn.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        late = "REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED"
        conn.execute(text(f"CREATE TABLE lines (n INTEGER PRIMARY KEY, parent INTEGER {late}, filling BLOB)"))
    yield made
    made.dispose()


@pytest.fixture
def writer(engine: Engine) -> Iterator[GroupWriter]:
    """Give a writer over it."""
    made = GroupWriter(engine, translate)
    yield made
    made.close()


class Commits:
    """Counts the commits of an engine."""

    def __init__(self, engine: Engine) -> None:
        self.count = 0
        event.listen(engine, "commit", self._note)

    def _note(self, _conn: Connection) -> None:
        self.count += 1


Write = Callable[[Connection], int]


def put(n: int, parent: int | None = None) -> Write:
    """Return a write of one line."""

    def write(conn: Connection) -> int:
        conn.execute(text("INSERT INTO lines (n, parent) VALUES (:n, :parent)"), {"n": n, "parent": parent})
        return n

    return write


def _group(writer: GroupWriter, *writes: Write) -> list[Future[int]]:
    """Let `writes` gather behind a write that is held up, so that they become one group."""
    begun, go = threading.Event(), threading.Event()

    def hold_up(_conn: Connection) -> bool:
        begun.set()
        return go.wait(10)

    first = writer.submit(hold_up)
    assert begun.wait(10)
    futures = [writer.submit(write) for write in writes]
    go.set()
    assert first.result(10)
    return futures


def _lines(engine: Engine) -> list[int]:
    with engine.begin() as conn:
        return list(conn.execute(text("SELECT n FROM lines ORDER BY n")).scalars())


def test_writes_that_gather_are_committed_together(engine: Engine, writer: GroupWriter) -> None:
    commits = Commits(engine)
    futures = _group(writer, *(put(n) for n in range(20)))
    assert [future.result(10) for future in futures] == list(range(20))
    assert commits.count == 2


def test_a_failing_write_harms_none_of_its_neighbours(engine: Engine, writer: GroupWriter) -> None:
    def half_way(conn: Connection) -> int:
        put(2)(conn)
        raise ValueError("after a write")

    one, failing, three = _group(writer, put(1), half_way, put(3))
    assert (one.result(10), three.result(10)) == (1, 3)
    with pytest.raises(ValueError, match="after a write"):
        failing.result(10)
    writer.close()
    assert _lines(engine) == [1, 3]


def test_a_write_that_fails_alone_leaves_nothing_behind(engine: Engine, writer: GroupWriter) -> None:
    def half_way(conn: Connection) -> None:
        put(1)(conn)
        raise ValueError("after a write")

    with pytest.raises(ValueError, match="after a write"):
        writer.submit(half_way).result(10)
    assert writer.submit(put(2)).result(10) == 2
    writer.close()
    assert _lines(engine) == [2]


def test_a_commit_that_fails_fails_its_whole_group_and_writes_nothing(
    engine: Engine, writer: GroupWriter
) -> None:
    futures = _group(writer, put(1), put(2, 99))
    for future in futures:
        with pytest.raises(Exception, match="FOREIGN KEY"):
            future.result(10)
    assert writer.submit(put(3)).result(10) == 3
    writer.close()
    assert _lines(engine) == [3]


def test_a_full_disk_is_told_to_the_whole_group_and_the_writer_goes_on(
    engine: Engine, writer: GroupWriter
) -> None:
    def limit(conn: Connection) -> int:
        pages = int(conn.execute(text("PRAGMA page_count")).scalar_one())
        return int(conn.execute(text(f"PRAGMA max_page_count = {pages + 2}")).scalar_one())

    def fill(conn: Connection) -> int:
        return conn.execute(text("INSERT INTO lines (n, filling) VALUES (7, zeroblob(1000000))")).rowcount

    writer.submit(limit).result(10)
    with pytest.raises(PostrailError) as failed:
        writer.submit(fill).result(10)
    assert failed.value.code == "disk_full"
    assert writer.submit(put(1)).result(10) == 1
    writer.close()
    assert _lines(engine) == [1]


def test_closing_commits_what_is_queued_and_refuses_the_rest(engine: Engine, writer: GroupWriter) -> None:
    futures = [writer.submit(put(n)) for n in range(5)]
    writer.close()
    writer.close()
    assert [future.result(0) for future in futures] == list(range(5))
    with pytest.raises(PostrailError, match="closed"):
        writer.submit(put(9))
    assert _lines(engine) == list(range(5))
