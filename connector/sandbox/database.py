"""The sandbox's own SQLite file: one connection, one lock, every commit on disk before it is answered."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.sandbox.schema import ADDED, TABLES

Value = str | int | float | None


class Database:
    """One SQLite file (WAL, synchronous=FULL) for all threads of one process."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA foreign_keys=ON")
        self._connection.executescript(f"BEGIN; {TABLES} COMMIT;")
        for table, column, kind in ADDED:
            self._add_column(table, column, kind)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock and commit at the end, or roll back on an error; an inner one joins the outer."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def write(self, sql: str, **values: Value) -> int:
        """Run one statement with `:name` values and return how many rows it changed."""
        with self.transaction():
            return self._connection.execute(sql, values).rowcount

    def insert(self, table: str, **values: Value) -> int:
        """Insert one row and return its rowid."""
        names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
        sql = f"INSERT INTO {table} ({names}) VALUES ({places})"  # noqa: S608 - names stand in our own code
        with self.transaction():
            return self._connection.execute(sql, values).lastrowid or 0

    def rows(self, sql: str, **values: Value) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, **values: Value) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        found = self.rows(sql, **values)
        return found[0] if found else None

    def setting(self, name: str) -> str | None:
        """Return a named value, or None."""
        row = self.row("SELECT value FROM meta WHERE name = :name", name=name)
        return None if row is None else str(row["value"])

    def keep_setting(self, name: str, value: str) -> None:
        """Keep a named value."""
        sql = "INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT DO UPDATE SET value = :value"
        self.write(sql, name=name, value=value)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _add_column(self, table: str, column: str, kind: str) -> None:
        there = {row["name"] for row in self.rows(f"PRAGMA table_info({table})")}
        if column not in there:
            self.write(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
