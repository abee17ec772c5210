"""What a ledger's database promises, and how it behaves when the server under it fails."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, func, insert, select, text

from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError
from connector.store.database import Database, open_database
from connector.store.postgresql import TRIES, PostgresDatabase
from connector.store.tables import workspaces
from tests.databases import HandClock, open_on

pytest_plugins = ("tests.databases",)


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    """Give an open PostgreSQL database."""
    database = open_database(postgres_url)
    yield database
    database.close()


@pytest.fixture
def sqlite(sqlite_url: str, clock: HandClock) -> Iterator[Database]:
    """Give an open SQLite database."""
    database = open_database(sqlite_url, clock)
    yield database
    database.close()


def _add(conn: Connection, name: str = "x") -> None:
    conn.execute(insert(workspaces).values(id=name, name=name, created_at=1))


def _break_session(url: str, conn: Connection) -> None:
    """End the session of `conn` from the server's side, as a restart does, and wait until it is gone."""
    session = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with psycopg.connect(url) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [session])


def _workspaces(database: Database) -> int:
    query = select(func.count()).select_from(workspaces)
    return int(database.read(lambda conn: conn.execute(query).scalar_one()))


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5000)],
)
def test_sqlite_writes_durably_and_waits_for_others(sqlite: Database, pragma: str, value: object) -> None:
    assert sqlite.write(lambda conn: conn.execute(text(f"PRAGMA {pragma}")).scalar_one()) == value


def test_sqlite_readers_cannot_write(sqlite: Database) -> None:
    with pytest.raises(PostrailError):
        sqlite.read(_add)
    assert _workspaces(sqlite) == 0


def test_sqlite_that_another_process_holds_is_not_ready_and_recovers(
    tmp_path: Path, sqlite: Database
) -> None:
    sqlite.write(lambda conn: conn.execute(text("PRAGMA busy_timeout = 10")))
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(PostrailError) as failed:
        sqlite.write(_add)
    other.close()
    assert failed.value.code == "not_ready"
    sqlite.write(_add)
    assert _workspaces(sqlite) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("transaction_isolation", "read committed"),
        ("synchronous_commit", "on"),
        ("idle_in_transaction_session_timeout", "5s"),
    ],
)
def test_postgresql_sessions_are_set_up(postgres: Database, name: str, value: str) -> None:
    assert postgres.write(lambda conn: conn.execute(text(f"SHOW {name}")).scalar_one()) == value


def test_postgresql_tells_its_own_time(postgres: Database) -> None:
    assert abs(postgres.read(postgres.now) - SystemClock().now()) < 60_000


def test_a_write_whose_session_broke_is_done_once_by_the_next(postgres: Database, postgres_url: str) -> None:
    runs: list[int] = []

    def break_once(conn: Connection) -> None:
        runs.append(1)
        _add(conn)
        if len(runs) == 1:
            _break_session(postgres_url, conn)
            conn.execute(select(1))

    postgres.write(break_once)
    assert (len(runs), _workspaces(postgres)) == (2, 1)


def test_a_session_that_always_breaks_is_given_up_and_writes_nothing(
    postgres: Database, postgres_url: str
) -> None:
    runs: list[int] = []

    def always_break(conn: Connection) -> None:
        runs.append(1)
        _add(conn)
        _break_session(postgres_url, conn)
        conn.execute(select(1))

    with pytest.raises(PostrailError) as failed:
        postgres.write(always_break)
    assert (failed.value.code, len(runs), _workspaces(postgres)) == ("not_ready", TRIES, 0)


def test_a_commit_without_an_answer_is_not_repeated(postgres: Database, postgres_url: str) -> None:
    runs: list[int] = []

    def break_before_the_commit(conn: Connection) -> None:
        runs.append(1)
        _break_session(postgres_url, conn)

    with pytest.raises(PostrailError, match="during a commit") as failed:
        postgres.write(break_before_the_commit)
    assert (failed.value.code, len(runs)) == ("not_ready", 1)


@pytest.mark.parametrize("kind", ["deadlock_detected", "serialization_failure"])
def test_a_collision_is_tried_again(postgres: Database, kind: str) -> None:
    runs: list[int] = []

    def collide_once(conn: Connection) -> None:
        runs.append(1)
        _add(conn)
        if len(runs) == 1:
            conn.execute(text(f"DO $$ BEGIN RAISE {kind}; END $$"))

    postgres.write(collide_once)
    assert (len(runs), _workspaces(postgres)) == (2, 1)


def test_a_full_disk_of_the_server_is_called_so(postgres: Database) -> None:
    with pytest.raises(PostrailError) as failed:
        postgres.write(lambda conn: conn.execute(text("DO $$ BEGIN RAISE disk_full; END $$")))
    assert failed.value.code == "disk_full"


def test_a_server_that_is_not_there_is_not_ready(tmp_path: Path) -> None:
    nowhere = PostgresDatabase(f"postgresql://postgres@/postgres?host={tmp_path}")
    for use in (nowhere.read, nowhere.write):
        with pytest.raises(PostrailError) as failed:
            use(_add)
        assert failed.value.code == "not_ready"
    nowhere.close()


def test_an_error_in_a_statement_reaches_its_caller_and_writes_nothing(
    database_url: str, clock: HandClock
) -> None:
    database = open_on(database_url, clock)

    def fail(conn: Connection) -> None:
        _add(conn)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        database.write(fail)
    assert _workspaces(database) == 0
    database.close()
    database.close()
