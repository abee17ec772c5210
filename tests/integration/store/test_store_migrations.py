"""The migrations: up, down, and equal to the tables that the code knows."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from connector.store.database import is_sqlite
from connector.store.migrate import downgrade, migrate, upgrade
from connector.store.postgresql import postgres_engine
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
