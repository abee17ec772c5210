"""SQLite: readers beside one writer thread that commits in groups.

SQLite lets one transaction write at a time and never groups commits by itself, so the application does: all
writes of the process pass through one thread (`connector.store.writer`). A transaction that may write begins
with BEGIN IMMEDIATE, since a deferred one fails at once when its snapshot has grown old.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from connector.kernel.clock import Clock
from connector.store.errors import disk_full, unreachable
from connector.store.writer import GroupWriter

T = TypeVar("T")

BUSY_TIMEOUT_S = 5
"""Seconds to wait for another process (an admin command) to finish its transaction."""

CONNECTIONS_KEPT = 32
"""Reading connections kept open; more are opened while more threads read at once."""

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
_FULL = {sqlite3.SQLITE_FULL}
_UNUSABLE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}


def sqlite_engine(url: str, begin: str, *pragmas: str) -> Engine:
    """Return an engine whose transactions start with the statement `begin`."""
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=CONNECTIONS_KEPT,
        max_overflow=-1,
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own transactions are deferred ones: it must leave BEGIN to us.
        connection.isolation_level = None
        for pragma in (*_PRAGMAS, *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    def start(connection: Connection) -> None:
        # By the driver itself: this stands before every look at the ledger.
        cast(sqlite3.Connection, connection.connection.driver_connection).execute(begin)

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", start)
    return engine


def translate(error: Exception) -> Exception:
    """Return the catalogued error for a failure of SQLite itself, any other error as it is."""
    failure = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(failure, sqlite3.Error):
        return error
    primary = getattr(failure, "sqlite_errorcode", 0) & 0xFF
    if primary in _FULL:
        return disk_full()
    return unreachable() if primary in _UNUSABLE else error


class SqliteDatabase:
    """A ledger in one SQLite file on a local disk, for one serving process."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._clock = clock
        self._readers = sqlite_engine(url, "BEGIN", "query_only=ON")
        self._idle: deque[Connection] = deque()
        self._engine = sqlite_engine(url, "BEGIN IMMEDIATE")
        self._writer = GroupWriter(self._engine, translate)

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` on a snapshot, on a connection that no other thread uses meanwhile."""
        try:
            with self._reader() as conn, conn.begin():
                return fn(conn)
        except (DBAPIError, sqlite3.Error) as error:
            raise translate(error) from error

    @contextmanager
    def _reader(self) -> Iterator[Connection]:
        """Lend a connection, the last one first; one on which something failed is not used again.

        It does not go back to the engine's pool: the way there and back takes longer than a read.
        """
        try:
            conn = self._idle.pop()
        except IndexError:
            conn = self._readers.connect()
        try:
            yield conn
        except BaseException:
            conn.close()
            raise
        if len(self._idle) < CONNECTIONS_KEPT:
            self._idle.append(conn)
        else:
            conn.close()

    def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in the writer thread and wait until its group is on the disk."""
        return self._writer.submit(fn).result()

    def each(self, fn: Callable[[Connection], T]) -> T:
        """Do what `write` does."""
        return self.write(fn)

    def own_time(self) -> int | None:
        """Return the clock's time."""
        return self._clock.now()

    def time(self) -> int:
        """Return the clock's time."""
        return self._clock.now()

    def now(self, conn: Connection) -> int:  # noqa: ARG002 - SQLite has no clock of its own
        """Return the clock's time."""
        return self._clock.now()

    def close(self) -> None:
        """Finish the queued writes and close all connections."""
        self._writer.close()
        while self._idle:
            self._idle.pop().close()
        self._engine.dispose()
        self._readers.dispose()
