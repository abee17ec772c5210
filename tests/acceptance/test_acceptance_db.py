"""`postrail db`, and starts on schemas of other releases."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from connector.settings import bare_environment
from connector.store.connecting import postgres_engine
from connector.store.database import is_sqlite
from connector.store.migrate import downgrade, look
from connector.store.sqlite import sqlite_engine
from tests.running import SECRET_KEY, postrail

pytest_plugins = ("tests.databases",)


@pytest.fixture
def environment(database_url: str) -> Mapping[str, str]:
    """Give the environment of a process on a migrated database of each kind in turn."""
    return {
        **bare_environment(),
        "POSTRAIL_DATABASE_URL": database_url,
        "POSTRAIL_SECRET_KEY": SECRET_KEY,
        "POSTRAIL_TIKTOK_BASE_URL": "http://127.0.0.1:9",
    }


@contextmanager
def inside(url: str) -> Iterator[Connection]:
    """Give a transaction in a database."""
    engine = sqlite_engine(url, "BEGIN IMMEDIATE") if is_sqlite(url) else postgres_engine(url)
    with engine.begin() as conn:
        yield conn
    engine.dispose()


def go_back(url: str, revision: str) -> None:
    """Take the last migrations back."""
    with inside(url) as conn:
        downgrade(conn, revision)


def pretend(url: str, revision: str) -> None:
    """Note another revision in a database."""
    with inside(url) as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": revision})


def test_the_schema_is_shown_upgraded_and_checked(
    environment: Mapping[str, str], database_url: str, tmp_path: Path
) -> None:
    head = look(database_url).head
    go_back(database_url, "-1")
    before = look(database_url).at
    shown = postrail("db", "current", environment=environment, folder=tmp_path)
    assert shown.stderr == ""
    assert shown.stdout == f"schema {before}, this code {head}\n"
    behind = postrail("db", "check", environment=environment, folder=tmp_path)
    assert (behind.returncode, "postrail db upgrade" in behind.stderr) == (1, True)
    done = postrail("db", "upgrade", environment=environment, folder=tmp_path)
    assert done.stdout == f"schema {head}, this code {head}\n"
    right = postrail("db", "check", environment=environment, folder=tmp_path)
    assert (right.returncode, right.stdout) == (0, f"schema {head} is in order\n")


def test_a_schema_with_other_tables_is_told_apart(
    environment: Mapping[str, str], database_url: str, tmp_path: Path
) -> None:
    with inside(database_url) as conn:
        conn.execute(text("DROP INDEX ix_posts_due"))
    told = postrail("db", "check", environment=environment, folder=tmp_path)
    assert told.returncode == 1
    assert "ix_posts_due" in told.stderr


def test_code_that_may_not_migrate_refuses_a_schema_that_is_behind(
    environment: Mapping[str, str], database_url: str, tmp_path: Path
) -> None:
    go_back(database_url, "-1")
    careful = {**environment, "POSTRAIL_MIGRATE_AT_START": "false"}
    refused = postrail("keys", "issue", "--home", str(tmp_path), environment=careful, folder=tmp_path)
    assert refused.returncode == 2
    assert "postrail db upgrade" in refused.stderr
    assert look(database_url).behind == 1
    issued = postrail("keys", "issue", "--home", str(tmp_path), environment=environment, folder=tmp_path)
    assert issued.returncode == 0
    assert look(database_url).behind == 0


def test_code_that_is_older_than_the_schema_goes_on_and_says_so(
    environment: Mapping[str, str], database_url: str, tmp_path: Path
) -> None:
    pretend(database_url, "9999")
    issued = postrail("keys", "issue", "--home", str(tmp_path), environment=environment, folder=tmp_path)
    assert issued.returncode == 0
    assert "schema_newer" in issued.stderr
    checked = postrail("db", "check", environment=environment, folder=tmp_path)
    assert (checked.returncode, "newer" in checked.stdout) == (0, True)


def test_a_database_of_something_else_is_left_alone(
    environment: Mapping[str, str], database_url: str, tmp_path: Path
) -> None:
    pretend(database_url, "b2a4c6e8")
    refused = postrail("keys", "issue", "--home", str(tmp_path), environment=environment, folder=tmp_path)
    assert refused.returncode == 2
    assert "another product's database" in refused.stderr


@pytest.mark.parametrize(("command", "code"), [("upgrade", 2), ("check", 1)])
def test_nobody_is_sent_to_upgrade_a_database_of_something_else(
    environment: Mapping[str, str], database_url: str, tmp_path: Path, command: str, code: int
) -> None:
    pretend(database_url, "b2a4c6e8")
    told = postrail("db", command, environment=environment, folder=tmp_path)
    assert (told.returncode, told.stdout) == (code, "")
    assert "another product's database (its schema is at b2a4c6e8)" in told.stderr
    assert "db upgrade" not in told.stderr


@pytest.mark.parametrize("command", ["current", "upgrade", "check"])
def test_an_address_that_is_none_is_told_without_the_password(tmp_path: Path, command: str) -> None:
    wrong = {**bare_environment(), "POSTRAIL_DATABASE_URL": "postgresql://me:pass-phrase@host:no-port/name"}
    told = postrail("db", command, environment=wrong, folder=tmp_path)
    assert (told.returncode, told.stdout) == (2, "")
    assert "POSTRAIL_DATABASE_URL" in told.stderr
    assert "port" in told.stderr
    assert not any(word in told.stderr for word in ("Traceback", "pass-phrase", "no-port"))


def test_a_folder_without_an_installation_is_not_made_one(tmp_path: Path) -> None:
    told = postrail(
        "db", "current", "--home", str(tmp_path / "typo"), environment=bare_environment(), folder=tmp_path
    )
    assert told.returncode == 2
    assert "no installation" in told.stderr
    assert not (tmp_path / "typo").exists()
