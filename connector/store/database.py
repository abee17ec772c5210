"""The door to SQL: transactions as functions, on SQLite or PostgreSQL.

read(fn)   fn(connection) on a snapshot; it must only read
write(fn)  fn(connection) in a transaction that is durable when `write` returns; it may be run again, so
           it must have no effect but SQL
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import Connection, make_url

from connector.kernel.clock import Clock, SystemClock
from connector.kernel.errors import PostrailError

T = TypeVar("T")


class Database(Protocol):
    """One open database. Safe to share between threads.

    `read` and `write` raise what `fn` raises, and PostrailError `disk_full` or `not_ready` when the database
    itself fails.
    """

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` on a snapshot and return its value."""

    def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in one transaction, commit it durably, and return its value."""

    def each(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn`, whose statements may each be durable by itself, and again if its last run was cut off.

        Where one transaction writes at a time, all of `fn` is one.
        """

    def own_time(self) -> int | None:
        """Return the store's time, UTC milliseconds, if this process tells it; None if the server does."""

    def time(self) -> int:
        """Return the store's time, UTC milliseconds, without a question; it lags by what an answer takes."""

    def now(self, conn: Connection) -> int:
        """Return the store's time, UTC milliseconds; a database with a clock is asked through `conn`."""

    def close(self) -> None:
        """Finish what was begun and give all connections back; a second call does nothing."""


def is_sqlite(url: str) -> bool:
    """Tell whether a database URL leads to a SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"


def sqlite_file(url: str) -> Path:
    """Return the file of a SQLite URL."""
    return Path(make_url(url).database or "")


def open_database(
    url: str,
    clock: Clock | None = None,
    *,
    shared_clock: bool = False,
    connections: int | None = None,
    pooled: bool = False,
) -> Database:
    """Open the database at `url`, whose tables `migrate` has made.

    `url` is `sqlite:////absolute/path` or `postgresql://...`. `clock` tells the time of a SQLite ledger;
    PostgreSQL has its own, so that several nodes share one, unless `shared_clock`: then time is pretended,
    and every node's `clock` follows the same. `connections` bounds those to PostgreSQL, and `pooled` says
    that a pooler stands before it. Raises PostrailError `not_ready` for another URL or a missing driver.
    """
    # Imported here so that a server on SQLite does not load the PostgreSQL driver, nor the other way about.
    if is_sqlite(url):
        from connector.store.sqlite import SqliteDatabase  # noqa: PLC0415 - loaded only where it is used

        return SqliteDatabase(url, clock or SystemClock())
    try:
        from connector.store.connecting import MOST  # noqa: PLC0415 - the same
        from connector.store.postgresql import PostgresDatabase  # noqa: PLC0415 - the same

        return PostgresDatabase(
            url, clock if shared_clock else None, connections=connections or MOST, prepares=not pooled
        )
    except ModuleNotFoundError as missing:
        raise PostrailError(
            "not_ready", 'PostgreSQL needs its driver: pip install "postrail[postgresql]".'
        ) from missing
