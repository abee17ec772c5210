"""Bringing a database to the newest schema: all steps in one transaction, one process at a time."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

from connector.store.database import is_sqlite
from connector.store.dialect import MIGRATIONS, hold


def migrate(url: str) -> None:
    """Upgrade the database at `url` to the newest revision; one that is there already is left alone.

    A second process that migrates at the same instant waits for the first, then finds nothing to do.
    """
    engine = _engine(url)
    try:
        with engine.begin() as conn:
            upgrade(conn, "head")
    finally:
        engine.dispose()


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
    from connector.store.postgresql import postgres_engine  # noqa: PLC0415 - the same

    return postgres_engine(url, pool_size=1)
