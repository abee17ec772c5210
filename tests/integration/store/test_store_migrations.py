"""The migrations: up, down, and equal to the tables that the code knows."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from connector.store.connecting import postgres_engine
from connector.store.database import is_sqlite
from connector.store.migrate import downgrade, migrate, upgrade
from connector.store.sqlite import sqlite_engine
from connector.store.tables import metadata

pytest_plugins = ("tests.databases",)

ROOT = Path(__file__).parents[3]


@pytest.fixture
def engine(blank_url: str) -> Engine:
    """Give an engine on an empty database of each kind in turn."""
    return sqlite_engine(blank_url, "BEGIN IMMEDIATE") if is_sqlite(blank_url) else postgres_engine(blank_url)


def _tables(engine: Engine) -> set[str]:
    with engine.begin() as conn:
        return set(inspect(conn).get_table_names())


def test_the_migrations_make_exactly_the_tables_of_the_code(blank_url: str, engine: Engine) -> None:
    migrate(blank_url)
    with engine.begin() as conn:
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
    assert _tables(engine) == {*metadata.tables, "alembic_version"}
    engine.dispose()


def test_migrating_again_changes_nothing(blank_url: str, engine: Engine) -> None:
    migrate(blank_url)
    migrate(blank_url)
    assert _tables(engine) == {*metadata.tables, "alembic_version"}
    engine.dispose()


def test_every_step_goes_back_and_forward_again(engine: Engine) -> None:
    with engine.begin() as conn:
        upgrade(conn, "head")
        downgrade(conn, "base")
    assert _tables(engine) == {"alembic_version"}
    with engine.begin() as conn:
        upgrade(conn, "head")
    assert _tables(engine) == {*metadata.tables, "alembic_version"}
    engine.dispose()


def test_a_migration_that_breaks_leaves_nothing_half_done(engine: Engine) -> None:
    def break_half_way() -> None:
        with engine.begin() as conn:
            upgrade(conn, "head")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        break_half_way()
    assert _tables(engine) == set()
    engine.dispose()


def test_processes_that_migrate_at_once_all_succeed(blank_url: str, engine: Engine) -> None:
    code = "import sys; from connector.store.migrate import migrate; migrate(sys.argv[1])"
    command = [sys.executable, "-c", code, blank_url]
    running = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert _tables(engine) == {*metadata.tables, "alembic_version"}
    engine.dispose()


MEDIA = """INSERT INTO media (id, workspace_id, sha256, kind, label, name, mime, size, changes, warnings,
created_at, expires_at{more}) VALUES ('{id}', 'w', '{sha}', 'photo', 'a', 'a.jpg', 'image/jpeg', 1, '[]',
'[]', 0, {ends}{owner})"""


def _upload(conn: Connection, upload_id: str, sha: str, *, owner: str | None = None, ends: int = 1) -> None:
    """Write an upload as the schema has it without owners, or with them."""
    more, value = ("", "") if owner is None else (", owner", f", '{owner}'")
    conn.execute(text(MEDIA.format(id=upload_id, sha=sha, ends=ends, more=more, owner=value)))


def _all(conn: Connection, query: str) -> set[tuple[object, ...]]:
    return {tuple(row) for row in conn.execute(text(query))}


def test_uploads_get_an_owner_and_lose_it_again(engine: Engine) -> None:
    with engine.begin() as conn:
        upgrade(conn, "0004")
        conn.execute(text("INSERT INTO workspaces (id, name, created_at) VALUES ('w', 'Work', 0)"))
        conn.execute(
            text("INSERT INTO albums (id, workspace_id, created_at, expires_at) VALUES ('album', 'w', 0, 1)")
        )
        _upload(conn, "old", "aa")
        conn.execute(text("INSERT INTO album_media VALUES ('album', 'old', 0)"))
        upgrade(conn, "0005")
        assert _all(conn, "SELECT id, owner FROM media") == {("old", "")}
        assert _all(conn, "SELECT id, owner FROM albums") == {("album", "")}
        assert _all(conn, "SELECT * FROM album_media") == {("album", "old", 0)}
        _upload(conn, "bound", "aa", owner="acc", ends=2)
        _upload(conn, "other", "bb", owner="acc")
    with engine.begin() as conn:
        downgrade(conn, "0004")
        assert _all(conn, "SELECT id FROM media") == {("bound",), ("other",)}
        assert _all(conn, "SELECT * FROM album_media") == {("album", "bound", 0)}
    engine.dispose()


def test_one_owner_has_the_same_bytes_once(engine: Engine) -> None:
    with engine.begin() as conn:
        upgrade(conn, "head")
        conn.execute(text("INSERT INTO workspaces (id, name, created_at) VALUES ('w', 'Work', 0)"))
        _upload(conn, "one", "aa", owner="")
    with pytest.raises(IntegrityError), engine.begin() as conn:
        _upload(conn, "two", "aa", owner="")
    engine.dispose()
