"""What a ledger's database promises, and how it behaves when the server under it fails."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, func, insert, select, text

from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError
from connector.store.connecting import migration_engine, session_engine
from connector.store.database import Database, open_database
from connector.store.fitness import UnfitDatabase, examine, worries
from connector.store.postgresql import TRIES, PostgresDatabase
from connector.store.tables import workspaces
from tests.databases import HandClock, open_on
from tests.integration.store.pooler import pooler

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
        ("lock_timeout", "15s"),
        ("statement_timeout", "1min"),
        ("application_name", "postrail"),
    ],
)
def test_postgresql_sessions_are_set_up(postgres: Database, name: str, value: str) -> None:
    assert postgres.write(lambda conn: conn.execute(text(f"SHOW {name}")).scalar_one()) == value


def test_what_a_url_says_of_the_session_wins(postgres_url: str) -> None:
    own = f"{postgres_url}&application_name=mine&options=-c%20statement_timeout%3D7s"
    database = open_database(own)
    names = ("application_name", "statement_timeout", "lock_timeout")
    found = database.read(lambda conn: [conn.execute(text(f"SHOW {name}")).scalar_one() for name in names])
    database.close()
    assert found == ["mine", "7s", "15s"]


def test_a_migration_may_take_its_time(postgres_url: str) -> None:
    with migration_engine(postgres_url).connect() as conn:
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        assert [conn.execute(text(f"SHOW {name}")).scalar_one() for name in names] == ["0", "0", "0"]


def test_a_thread_that_gets_no_connection_in_time_is_told_to_come_again(postgres_url: str) -> None:
    database = PostgresDatabase(f"{postgres_url}&options=-c%20lock_timeout%3D100ms", connections=1)
    waiting = threading.Event()

    def hold(conn: Connection) -> None:
        conn.execute(select(1))
        with pytest.raises(PostrailError) as refused:
            database.read(_add)
        assert refused.value.code == "not_ready"
        waiting.set()

    database.read(hold)
    database.close()
    assert waiting.is_set()


def test_who_waits_too_long_for_a_lock_is_told_to_come_again(postgres_url: str) -> None:
    database = open_database(f"{postgres_url}&options=-c%20lock_timeout%3D100ms")

    def lock(conn: Connection) -> None:
        conn.execute(text("LOCK TABLE workspaces"))
        with pytest.raises(PostrailError) as refused:
            database.write(_add)
        assert refused.value.code == "not_ready"

    database.write(lock)
    assert _workspaces(database) == 0
    database.close()


def test_a_statement_that_takes_too_long_is_ended(postgres_url: str) -> None:
    database = open_database(f"{postgres_url}&options=-c%20statement_timeout%3D50ms")
    with pytest.raises(PostrailError) as refused:
        database.read(lambda conn: conn.execute(text("SELECT pg_sleep(60)")))
    assert refused.value.code == "not_ready"
    database.close()


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (lambda url: url.replace("/test_", "/nothing_"), "createdb"),
        (lambda url: url.replace("postgres:", "nobody:"), "createuser"),
        (lambda url: url.replace("/data", "/elsewhere"), "is PostgreSQL running there"),
        (lambda url: f"{url}&options=-c%20synchronous_commit%3Doff", "may be lost"),
        (lambda url: f"{url}&options=-c%20default_transaction_read_only%3Don", "primary"),
    ],
)
def test_a_server_that_cannot_hold_the_ledger_is_refused_with_the_cure(
    postgres_url: str, spoilt: Callable[[str], str], said: str
) -> None:
    with pytest.raises(UnfitDatabase, match=said):
        examine(session_engine(spoilt(postgres_url)))


def test_a_server_that_is_fit_is_taken_without_a_warning(postgres_url: str) -> None:
    facts = examine(session_engine(postgres_url))
    assert list(worries(facts)) == []
    assert not facts.pooled


def test_through_a_pooler_nothing_is_prepared(postgres_url: str) -> None:
    with pooler(postgres_url) as url:
        assert examine(session_engine(url)).pooled
        database = open_database(url, pooled=True)
        prepared = text("SELECT count(*) FROM pg_prepared_statements")
        found = [database.read(lambda conn: conn.execute(prepared).scalar_one()) for _ in range(12)]
        database.close()
    assert found == [0] * 12


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
