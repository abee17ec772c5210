"""A whole ledger read at once: its events and its attempts, for those who hold it against TikTok's record."""

import json
from dataclasses import dataclass

from sqlalchemy import Connection, inspect, select

from connector.store.database import Database
from connector.store.tables import attempts, events


@dataclass(frozen=True, kw_only=True)
class EventRow:
    """An event of a post: what it is called, and the state that it tells of (None: of none)."""

    kind: str
    post_id: str
    state: str | None


@dataclass(frozen=True, kw_only=True)
class AttemptRow:
    """How an attempt stands; `is_known`: its publish id at TikTok is."""

    post_id: str
    state: str
    is_known: bool


def read_events(database: Database) -> list[EventRow]:
    """Return every event of a post, oldest first."""
    query = select(events.c.kind, events.c.post_id, events.c.payload).order_by(events.c.id)

    def read(conn: Connection) -> list[EventRow]:
        rows = conn.execute(query.where(events.c.post_id.is_not(None))).all()
        return [
            EventRow(kind=kind, post_id=post, state=json.loads(told).get("to")) for kind, post, told in rows
        ]

    return database.read(read)


def read_attempts(database: Database) -> list[AttemptRow]:
    """Return every attempt."""
    query = select(attempts.c.post_id, attempts.c.state, attempts.c.publish_id)

    def read(conn: Connection) -> list[AttemptRow]:
        rows = conn.execute(query).all()
        return [
            AttemptRow(post_id=post, state=state, is_known=known is not None) for post, state, known in rows
        ]

    return database.read(read)


def is_blank(url: str) -> bool:
    """Tell whether a PostgreSQL database holds no table. Raises SQLAlchemyError when it cannot be reached."""
    from connector.store.connecting import postgres_engine  # noqa: PLC0415 - loads the driver only where it is used

    engine = postgres_engine(url, connections=1)
    try:
        with engine.connect() as conn:
            return not inspect(conn).get_table_names()
    finally:
        engine.dispose()
