"""Bringing a database to the newest schema: all steps in one transaction, one process at a time.

From the first tagged release on a schema only grows from one release to the next, so code that is a release
older goes on working on it. Before that nothing was released, and steps changed what older code relies on:
0005 replaced the unique key of `media` by which code before it finds an upload it has already.
"""

from dataclasses import dataclass

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from connector.store.database import is_sqlite
from connector.store.dialect import MIGRATIONS, hold
from connector.store.tables import metadata


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How the schema of a database stands to this code: `at` is its revision (None: empty), `head` ours.

    `behind` is how many revisions it lacks, -1 where this code does not know its revision.
    """

    at: str | None
    head: str
    behind: int

    @property
    def is_newer(self) -> bool:
        """Whether newer code has migrated the database, which this code may go on working on."""
        return self.behind < 0 and self.at is not None and self.at.isdigit() and self.at > self.head

    @property
    def is_foreign(self) -> bool:
        """Whether the database is at a revision that no code of this product has made."""
        return self.behind < 0 and not self.is_newer


def migrate(url: str) -> Standing:
    """Upgrade the database at `url` to the newest revision; return how it stands.

    One that is there already, or is newer or not ours, is left alone. A second process that migrates at the
    same instant waits for the first, then finds nothing to do.
    """
    engine = _engine(url)
    try:
        with engine.begin() as conn:
            hold(conn, MIGRATIONS)
            if _standing(conn).behind > 0:
                upgrade(conn, "head")
            return _standing(conn)
    finally:
        engine.dispose()


def look(url: str) -> Standing:
    """Return how the database at `url` stands, without a change."""
    engine = _engine(url)
    try:
        with engine.begin() as conn:
            return _standing(conn)
    finally:
        engine.dispose()


def differences(url: str) -> list[str]:
    """Return in what the tables at `url` differ from those that this code knows."""
    engine = _engine(url)
    try:
        with engine.begin() as conn:
            return [str(found) for found in compare_metadata(MigrationContext.configure(conn), metadata)]
    finally:
        engine.dispose()


def _standing(conn: Connection) -> Standing:
    at = MigrationContext.configure(conn).get_current_revision()
    # From the newest to the oldest.
    known = [step.revision for step in ScriptDirectory.from_config(_config(conn)).walk_revisions()]
    if at is None:
        return Standing(at=None, head=known[0], behind=len(known))
    return Standing(at=at, head=known[0], behind=known.index(at) if at in known else -1)


def upgrade(conn: Connection, revision: str) -> None:
    """Go forward to `revision` inside the transaction of `conn`."""
    hold(conn, MIGRATIONS)
    command.upgrade(_config(conn), revision)


def downgrade(conn: Connection, revision: str) -> None:
    """Go back to `revision` (`base`: to nothing) inside the transaction of `conn`."""
    hold(conn, MIGRATIONS)
    command.downgrade(_config(conn), revision)


def _config(conn: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "connector.store:migrations")
    config.attributes["connection"] = conn
    return config


def _engine(url: str) -> Engine:
    if is_sqlite(url):
        from connector.store.sqlite import sqlite_engine  # noqa: PLC0415 - loaded only where it is used

        return sqlite_engine(url, "BEGIN IMMEDIATE")
    from connector.store.connecting import migration_engine  # noqa: PLC0415 - the same

    return migration_engine(url)
