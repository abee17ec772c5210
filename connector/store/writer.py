"""Group commit: one thread takes all queued writes, runs them in one transaction and commits once.

Each write of a group has a savepoint of its own, so one that fails harms none of its neighbours. Nobody is
answered before the commit is on the disk.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine

from connector.kernel.errors import PostrailError

T = TypeVar("T")

GROUP_LIMIT = 256
"""Writes in one commit at most, so that the first of them does not wait for ever."""


@dataclass(frozen=True)
class _Job:
    """One write and the caller that waits for it."""

    fn: Callable[[Connection], Any]
    future: Future[Any]


@dataclass(frozen=True)
class _Outcome:
    """What one write of a group came to, before the commit made it true."""

    value: object = None
    error: Exception | None = None


class GroupWriter:
    """Owns the one writing connection of `engine`; `translate` maps database errors to catalogued ones."""

    def __init__(self, engine: Engine, translate: Callable[[Exception], Exception]) -> None:
        self._engine = engine
        self._translate = translate
        self._conn: Connection | None = None
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._door = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[[Connection], T]) -> Future[T]:
        """Queue `fn`; its future is done after the commit.

        Raises PostrailError `server_draining` once closed.
        """
        future: Future[T] = Future()
        with self._door:
            if self._closed:
                raise PostrailError("server_draining", "The ledger is closed.")
            self._queue.put(_Job(fn, future))
        return future

    def close(self) -> None:
        """Commit what is queued, then stop the thread."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            group, going = self._take()
            if group:
                self._commit(group)
        self._let_go()

    def _take(self) -> tuple[list[_Job], bool]:
        """Wait for one job, then take all that are queued; False as soon as the end has been reached."""
        job = self._queue.get()
        group: list[_Job] = []
        while job is not None:
            group.append(job)
            if len(group) == GROUP_LIMIT:
                return group, True
            try:
                job = self._queue.get_nowait()
            except Empty:
                return group, True
        return group, False

    def _commit(self, group: list[_Job]) -> None:
        try:
            with self._writing() as conn, conn.begin():
                outcomes = _attempt_all(conn, group)
        except Exception as error:  # noqa: BLE001 - whatever it is, every caller of the group must hear of it
            for job in group:
                job.future.set_exception(self._translate(error))
            return
        for job, outcome in zip(group, outcomes, strict=True):
            if outcome.error:
                job.future.set_exception(self._translate(outcome.error))
            else:
                job.future.set_result(outcome.value)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Give the connection; one on which something failed is not used again."""
        conn = self._conn = self._conn or self._engine.connect()
        try:
            yield conn
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.close()


def _attempt_all(conn: Connection, group: list[_Job]) -> list[_Outcome]:
    """Run the jobs of a group. One that is alone needs no savepoint: what it raises undoes all there is."""
    if len(group) == 1:
        return [_Outcome(value=group[0].fn(conn))]
    return [_attempt(conn, job) for job in group]


def _attempt(conn: Connection, job: _Job) -> _Outcome:
    """Run one job in a savepoint. Raises when SQLite itself has rolled back the whole group."""
    driver = cast(sqlite3.Connection, conn.connection.driver_connection)
    driver.execute("SAVEPOINT job")
    try:
        value = job.fn(conn)
    except Exception as error:
        if not driver.in_transaction:
            raise
        driver.execute("ROLLBACK TO job")
        driver.execute("RELEASE job")
        return _Outcome(error=error)
    driver.execute("RELEASE job")
    return _Outcome(value=value)
