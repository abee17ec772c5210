"""The sandbox's own SQLite file: one connection, one lock, every commit on disk before it is answered."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (
    open_id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, access_token TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL, traits TEXT NOT NULL, created_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS tasks (
    publish_id TEXT PRIMARY KEY, open_id TEXT NOT NULL REFERENCES accounts, kind TEXT NOT NULL,
    flow TEXT NOT NULL, source TEXT NOT NULL, privacy_level TEXT, title TEXT NOT NULL,
    description TEXT NOT NULL, post_info TEXT NOT NULL, source_info TEXT NOT NULL,
    stage TEXT NOT NULL, since INTEGER NOT NULL, polls INTEGER NOT NULL DEFAULT 0, verdict TEXT,
    fail_reason TEXT, upload_id TEXT UNIQUE, upload_token TEXT, total_bytes INTEGER NOT NULL,
    received_bytes INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS tasks_moving ON tasks (stage);
CREATE TABLE IF NOT EXISTS history (
    publish_id TEXT NOT NULL REFERENCES tasks, at INTEGER NOT NULL, status TEXT NOT NULL, stage TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS history_of ON history (publish_id);
CREATE TABLE IF NOT EXISTS media (
    publish_id TEXT NOT NULL REFERENCES tasks, position INTEGER NOT NULL, sha256 TEXT NOT NULL,
    size INTEGER NOT NULL, content_type TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL, PRIMARY KEY (publish_id, position)
);
CREATE TABLE IF NOT EXISTS posts (
    post_id INTEGER PRIMARY KEY, publish_id TEXT NOT NULL REFERENCES tasks,
    published_at INTEGER NOT NULL, public_at INTEGER
);
CREATE INDEX IF NOT EXISTS posts_of ON posts (publish_id);
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    status INTEGER, code TEXT, log_id TEXT, publish_id TEXT, outcome TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS hits (open_id TEXT NOT NULL, bucket TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS hits_of ON hits (open_id, bucket, at);
"""

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
        self._connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")

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

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
