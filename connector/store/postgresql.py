"""PostgreSQL: a pool of connections, READ COMMITTED, and a second try where the first did nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg import errors as pg
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree

from connector.kernel.clock import Clock, SystemClock
from connector.kernel.errors import PostrailError
from connector.store.compiled import Compiled
from connector.store.connecting import MOST, postgres_engine
from connector.store.dialect import store_time
from connector.store.errors import CommitUnknownError, disk_full, unreachable
from connector.store.timing import ToldTime

T = TypeVar("T")

TRIES = 4
"""Runs of one transaction: deadlocks, serialization failures and connections lost before the commit."""

HOLDS = 10
"""Transactions of one process that hold locks while other work is done; more wait for their turn."""

_HELD = (
    "SET LOCAL idle_in_transaction_session_timeout = 0; "
    "SET LOCAL lock_timeout = '60s'; "
    "SET LOCAL statement_timeout = 0; "
    "SET LOCAL tcp_keepalives_idle = 10; "
    "SET LOCAL tcp_keepalives_interval = 5; "
    "SET LOCAL tcp_keepalives_count = 3"
)
"""What is held stays held while its holder is busy elsewhere, and goes when its machine does."""

_COLLISIONS = (pg.SerializationFailure, pg.DeadlockDetected)
_TOO_LONG = (pg.LockNotAvailable, pg.QueryCanceled)
"""A time ran out that this session has set; nothing was done."""

_GOING = ("57P01", "57P02", "57P03", "25P03", "53300")
"""Server shutting down, crashed, starting up; our session ended while idle; no connection left."""
_NOW = Compiled(select(store_time("postgresql").label("store_now")))


def translate(error: DBAPIError) -> Exception:
    """Return the catalogued error for a failure of the server itself, any other error as it is."""
    if isinstance(error.orig, pg.DiskFull):
        return disk_full()
    if _lost(error) or isinstance(error.orig, (*_COLLISIONS, *_TOO_LONG)):
        return unreachable()
    return error


def _lost(error: DBAPIError) -> bool:
    """Tell whether the connection is gone (or never was)."""
    return error.connection_invalidated or (
        isinstance(error.orig, psycopg.OperationalError) and error.orig.sqlstate in {None, *_GOING}
    )


def _persist(run: Callable[[], T]) -> T:
    """Run what has certainly done nothing when it fails by a collision or a lost connection."""
    left = TRIES
    while True:
        left -= 1
        try:
            return run()
        except DBAPIError as error:
            if not left or not (_lost(error) or isinstance(error.orig, _COLLISIONS)):
                raise translate(error) from error
        except NoneFree as error:
            raise unreachable() from error


class PostgresDatabase:
    """A ledger on PostgreSQL, for any number of processes and nodes.

    `clock` replaces the server's own time where time is virtual; all processes must then share it.
    `connections` is how many this process may have open for short transactions; `prepares` is for sessions
    that are this process's own.
    """

    def __init__(
        self, url: str, clock: Clock | None = None, *, connections: int = MOST, prepares: bool = True
    ) -> None:
        self._clock = clock
        self._told = ToldTime(lambda: self.read(self.now), SystemClock().ticks)
        self._engine = postgres_engine(url, connections=connections, prepares=prepares)
        # Apart: who holds a lock needs the others to do what it is held for.
        self._holds = postgres_engine(url, connections=HOLDS, prepares=prepares)

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn`, each statement on the newest committed state; again when the connection broke."""

        def run() -> T:
            with self._alone() as conn:
                return fn(conn)

        return _persist(run)

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """Give a connection on which each statement stands for itself."""
        with self._engine.connect() as conn:
            driver: Any = conn.connection.driver_connection
            # Of one that is closed Core finds out, and replaces it.
            if not driver.closed:
                driver.autocommit = True
            try:
                yield conn
            finally:
                if not driver.closed:
                    driver.autocommit = False

    def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in a transaction; again after a collision or a connection lost before the commit."""
        return _persist(lambda: self._transact(fn))

    def _transact(self, fn: Callable[[Connection], T]) -> T:
        with self._engine.connect() as conn:
            transaction = conn.begin()
            value = fn(conn)
            try:
                transaction.commit()
            except DBAPIError as error:
                if _lost(error):
                    raise CommitUnknownError from error
                raise
            return value

    @contextmanager
    def holding(self, lock: Callable[[Connection], None]) -> Iterator[None]:
        """Hold what `lock` locks, in a transaction of its own, inside the `with`.

        Raises PostrailError `not_ready` where it cannot be had, and at the end where it was lost meanwhile.
        """
        conn = _persist(lambda: self._locked(lock))
        try:
            yield
            try:
                conn.commit()
            except DBAPIError as error:
                raise translate(error) from error
        finally:
            conn.close()

    def _locked(self, lock: Callable[[Connection], None]) -> Connection:
        conn = self._holds.connect()
        try:
            conn.begin()
            conn.execute(text(_HELD))
            lock(conn)
        except BaseException:
            conn.close()
            raise
        return conn

    def each(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn`, each statement committed by itself; again after a collision or a lost connection."""
        begun = False

        def run() -> T:
            nonlocal begun
            with self._alone() as conn:
                begun = True
                return fn(conn)

        try:
            return _persist(run)
        except PostrailError as error:
            cause = error.__cause__
            if begun and isinstance(cause, DBAPIError) and _lost(cause):
                raise CommitUnknownError from error
            raise

    def own_time(self) -> int | None:
        """Return the time of the clock that all processes share, if there is one."""
        return self._clock.now() if self._clock else None

    def time(self) -> int:
        """Return the server's time, as it was told within the last second."""
        return self._clock.now() if self._clock else self._told.now()

    def now(self, conn: Connection) -> int:
        """Return the server's time, which all nodes share."""
        own = self.own_time()
        return own if own is not None else int(_NOW.rows(conn, {"now": None})[0]["store_now"])

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()
        self._holds.dispose()
