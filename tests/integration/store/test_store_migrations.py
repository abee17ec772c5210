"""The migrations: up, down, and equal to the tables that the code knows."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from connector.store.connecting import migration_engine, postgres_engine
from connector.store.database import is_sqlite
from connector.store.migrate import downgrade, migrate, upgrade
from connector.store.sqlite import sqlite_engine
from connector.store.tables import metadata
from tests.integration.store.rows_made import fill, reflected, rewrite, written

pytest_plugins = ("tests.databases",)

ROOT = Path(__file__).parents[3]
GROWS_SINCE = 1
"""The first step moved the tokens of accounts into grants; from then on no table or column has gone."""

KEYS_STAY_SINCE = 4
"""The fourth step replaced the unique key of uploads; from then on the keys stay that rows are found by.

Nothing was released before it: that code of the release before works on is promised from the first tag on.
"""


@pytest.fixture
def engine(blank_url: str) -> Iterator[Engine]:
    """Give an engine on an empty database of each kind in turn."""
    url = blank_url
    made = sqlite_engine(url, "BEGIN IMMEDIATE") if is_sqlite(url) else postgres_engine(url)
    yield made
    made.dispose()


def _tables(engine: Engine) -> set[str]:
    with engine.begin() as conn:
        return set(inspect(conn).get_table_names())


def test_the_migrations_make_exactly_the_tables_of_the_code(blank_url: str, engine: Engine) -> None:
    migrate(blank_url)
    with engine.begin() as conn:
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
    assert _tables(engine) == {*metadata.tables, "alembic_version"}
    engine.dispose()


def test_hot_tables_are_stored_as_the_code_says(postgres_url: str) -> None:
    engine = postgres_engine(postgres_url)
    with engine.connect() as conn:
        rows = conn.execute(text("SELECT relname, reloptions FROM pg_class WHERE reloptions IS NOT NULL"))
        found = {row.relname: dict(option.split("=") for option in row.reloptions) for row in rows}
    engine.dispose()
    meant = {table.name: table.dialect_options["postgresql"]["with"] for table in metadata.tables.values()}
    assert {name: options for name, options in meant.items() if options} == {
        name: found[name] for name in found if name in meant
    }


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


ACCOUNT = """INSERT INTO accounts
(id, workspace_id, open_id, username, paced, sandbox, created_at, updated_at)
VALUES ('a', 'w', 'open-a', 'mia', true, false, 1, 1)"""
POST = """INSERT INTO posts (id, workspace_id, account_id, operation, kind, mode, transfer, state, version,
tries, public_ids, input_hash, created_at, updated_at, lease) VALUES ('{id}', 'w', 'a', 'post_video', 'video',
'direct', 'upload', '{state}', 1, 0, '[]', '{id}', 3, 7, {lease})"""


def test_unconfirmed_posts_that_rest_are_looked_for_once_more(engine: Engine) -> None:
    with engine.begin() as conn:
        upgrade(conn, "0007")
        conn.execute(text("INSERT INTO workspaces (id, name, created_at) VALUES ('w', 'Work', 0)"))
        conn.execute(text(ACCOUNT))
        for name, state, lease in (
            ("resting", "unconfirmed", "NULL"),
            ("held", "unconfirmed", "'me'"),
            ("done", "failed", "NULL"),
        ):
            conn.execute(text(POST.format(id=name, state=state, lease=lease)))
        upgrade(conn, "0008")
        found = _all(conn, "SELECT id, next_at FROM posts")
        assert found == {("resting", 7), ("held", None), ("done", None)}
    engine.dispose()


def test_one_owner_has_the_same_bytes_once(engine: Engine) -> None:
    with engine.begin() as conn:
        upgrade(conn, "head")
        conn.execute(text("INSERT INTO workspaces (id, name, created_at) VALUES ('w', 'Work', 0)"))
        _upload(conn, "one", "aa", owner="")
    with pytest.raises(IntegrityError), engine.begin() as conn:
        _upload(conn, "two", "aa", owner="")
    engine.dispose()


def _steps() -> list[tuple[str, str]]:
    """Every revision but the first, with the one before it."""
    config = Config()
    config.set_main_option("script_location", "connector.store:migrations")
    chain = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    return list(pairwise(chain))


@pytest.mark.parametrize(("before", "after"), _steps())
def test_a_step_forward_and_back_and_forward_keeps_every_row(engine: Engine, before: str, after: str) -> None:
    with engine.begin() as conn:
        upgrade(conn, after)
        later = reflected(conn)
        downgrade(conn, before)
        tables = reflected(conn)
        fill(conn, tables)
        rows = written(conn, tables, later)
        for go, to in ((upgrade, after), (downgrade, before), (upgrade, after)):
            go(conn, to)
            assert written(conn, tables, later) == rows
        assert all(rows.values())


@pytest.mark.parametrize("before", [before for before, _ in _steps()[GROWS_SINCE:]])
def test_the_newest_schema_takes_what_code_of_a_revision_before_writes(engine: Engine, before: str) -> None:
    """Plain inserts and updates, as a process of the release before makes them while another one migrates."""
    with engine.begin() as conn:
        upgrade(conn, before)
        tables = reflected(conn)
        upgrade(conn, "head")
        fill(conn, tables)
        rewrite(conn, tables)
        assert all(written(conn, tables, tables).values())


@pytest.mark.parametrize("before", [before for before, _ in _steps()[KEYS_STAY_SINCE:]])
def test_the_newest_schema_has_every_key_by_which_code_of_a_revision_before_finds_rows(
    engine: Engine, before: str
) -> None:
    """Each `ON CONFLICT (...)` needs a unique key of exactly its columns; a conflict elsewhere would fail."""
    with engine.begin() as conn:
        upgrade(conn, before)
        older = {table.name: _keys(conn, table.name) for table in reflected(conn).sorted_tables}
        upgrade(conn, "head")
        assert {name: _keys(conn, name) for name in older} == older


def _keys(conn: Connection, table: str) -> set[frozenset[str | None]]:
    """Return the columns of every key that is unique in a table, partial ones included."""
    seen = inspect(conn)
    found: list[Iterable[str | None]] = [seen.get_pk_constraint(table)["constrained_columns"]]
    found += [key["column_names"] for key in seen.get_unique_constraints(table)]
    found += [index["column_names"] for index in seen.get_indexes(table) if index["unique"]]
    return {frozenset(columns) for columns in found}


def test_a_process_of_the_release_before_writes_on_while_another_migrates(postgres_url: str) -> None:
    before, head = _steps()[-1]
    engine = migration_engine(postgres_url)
    with engine.begin() as conn:
        downgrade(conn, before)
    with engine.connect() as older, ThreadPoolExecutor(1) as pool:
        older.execute(text("INSERT INTO workspaces (id, name, created_at) VALUES ('w', 'Work', 1)"))
        migrating = pool.submit(migrate, postgres_url)
        older.commit()
        assert migrating.result(60).at == head
        older.execute(text("UPDATE workspaces SET name = 'Still'"))
        older.commit()
    engine.dispose()
