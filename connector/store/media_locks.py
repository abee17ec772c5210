"""Locks on media among all processes of an installation, on whatever machines: PostgreSQL's advisory ones."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection

from connector.store.database import Database
from connector.store.dialect import BEGUN, MEDIA, hold, share
from connector.store.media import workspace_key
from connector.store.postgresql import PostgresDatabase


class SqlMediaLocks:
    """Implements `connector.engine.ports_storage.MediaLocks`.

    A lock lives and dies with its connection: whoever records inside it and then ends it learns whether it
    has held all the while.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    @contextmanager
    def shared(self, media_ids: Iterable[str]) -> Iterator[None]:
        """Keep files from being locked alone inside the `with`. Raises PostrailError `not_ready`."""
        keys = sorted({_key(media_id) for media_id in media_ids})

        def take(conn: Connection) -> None:
            for key in keys:
                share(conn, MEDIA, key)

        with self._database.holding(take):
            yield

    def alone(self, media_id: str) -> AbstractContextManager[None]:
        """Be the only one who has a lock on a file inside the `with`. Raises PostrailError `not_ready`."""
        return self._database.holding(lambda conn: hold(conn, MEDIA, _key(media_id)))

    def beginning(self, workspace_id: str) -> AbstractContextManager[None]:
        """Be the only one who begins an upload of a workspace inside the `with`. Raises `not_ready`."""
        return self._database.holding(lambda conn: hold(conn, BEGUN, workspace_key(workspace_id)))


def locks_of(database: Database) -> SqlMediaLocks:
    """Return the locks of a ledger on PostgreSQL."""
    if not isinstance(database, PostgresDatabase):
        raise TypeError("a ledger that only one machine uses")
    return SqlMediaLocks(database)


def _key(media_id: str) -> int:
    """Return a number for a file: two that share one wait for each other, no more."""
    return int.from_bytes(bytes.fromhex(media_id[:8]), "big", signed=True)
