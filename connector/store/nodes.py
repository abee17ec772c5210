"""The processes on one PostgreSQL: each holds a lock that ends with it, and hears what the others tell.

Each process keeps one session apart from its pool. The session holds an advisory lock, named after the
process, which the server gives back as soon as the process is gone, and it listens on one channel. A row in
`workers` says that there is such a process; `beat` is when it took its lock. Who finds the row with the lock
free at two looks in a row, and the beat the same, ends the leases of that owner: a process that lost its
session alone has taken the lock again by then, with a new beat.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import cast

import psycopg
from sqlalchemy import Connection, Engine, case, delete, func, select
from sqlalchemy.exc import DBAPIError

from connector.engine.ports_nodes import TOPICS, LinkLost, Topic
from connector.kernel.errors import PostrailError
from connector.kernel.log import get_log
from connector.store.database import Database
from connector.store.dialect import CHANNEL, insert, tell
from connector.store.fitness import is_pooled
from connector.store.leases import expire
from connector.store.tables import workers

log = get_log("store")

_LOCK = func.hashtextextended(workers.c.id, 0)
"""The number of a process's advisory lock: 64 bits of its name's hash."""


class Link:
    """A session of one's own. `open` gives a connection in autocommit mode.

    Raises LinkLost when the session is lost, or cannot be had.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    @property
    def _raw(self) -> "psycopg.Connection[tuple[object, ...]]":
        return cast("psycopg.Connection[tuple[object, ...]]", self._conn.connection.driver_connection)

    def is_pooled(self) -> bool:
        """Tell whether a pooler stands between, which may lend the session to others between statements."""
        return is_pooled(self._conn)

    def lock(self, owner: str) -> bool:
        """Hold the lock of `owner`; False while another session does."""
        mine = select(func.pg_try_advisory_lock(func.hashtextextended(owner, 0)))
        return bool(self._conn.execute(mine).scalar_one())

    def listen(self) -> None:
        """Hear what is told from now on."""
        self._conn.exec_driver_sql(f"LISTEN {CHANNEL}")

    def hear(self, timeout_s: float) -> frozenset[Topic]:
        """Wait for word up to `timeout_s` seconds; return the topics of all that has come."""
        told = {notice.payload for notice in self._raw.notifies(timeout=timeout_s, stop_after=1)}
        return frozenset(topic for topic in TOPICS if topic in told)

    def close(self) -> None:
        """End the session."""
        with suppress(DBAPIError, psycopg.Error):
            self._conn.close()


class SqlNodes:
    """`connector.engine.ports_nodes.Nodes` on PostgreSQL.

    `sessions` gives sessions that are not pooled, in autocommit mode; `owner` names this process in leases.
    """

    def __init__(self, database: Database, sessions: Engine, owner: str) -> None:
        self._database = database
        self._sessions = sessions
        self._owner = owner
        self._link: Link | None = None
        self._suspects: Mapping[str, int] = {}

    def join(self) -> bool:
        """Take this process's lock in a new session, listen, and write its row."""
        self._drop()
        try:
            return self._join()
        except (DBAPIError, psycopg.Error, PostrailError) as error:
            self._drop()
            raise LinkLost(_reason(error)) from error

    def _join(self) -> bool:
        self._link = link = Link(self._sessions.connect())
        if link.is_pooled():
            self._drop()
            return False
        if not link.lock(self._owner):
            self._drop()
            raise LinkLost("another session still holds this process's lock")
        link.listen()
        self._database.write(lambda conn: _appear(conn, self._database.now(conn), self._owner))
        return True

    def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link, self._suspects = None, {}

    def _linked(self) -> Link:
        if self._link is None:
            raise LinkLost("not linked")
        return self._link

    def hear(self, timeout_s: float) -> frozenset[Topic]:
        """Wait for what other processes, or this one, tell."""
        link = self._linked()
        try:
            return link.hear(timeout_s)
        except (DBAPIError, psycopg.Error) as error:
            self._drop()
            raise LinkLost(_reason(error)) from error

    def bury(self) -> int:
        """End the leases of those whose lock was free at the last look and still is."""
        self._linked()
        try:
            found = self._database.read(_without_lock)
            if self._owner in found:
                self._drop()
                raise LinkLost("this process's own lock is free")
            dead = {owner: beat for owner, beat in found.items() if self._suspects.get(owner) == beat}
            self._suspects = found
            return self._end(dead) if dead else 0
        except PostrailError as error:
            raise LinkLost(error.message) from error

    def _end(self, dead: Mapping[str, int]) -> int:
        rows = self._database.write(lambda conn: _bury(conn, self._database.now(conn), dead))
        log.warning("processes_died", owners=sorted(dead), rows=rows)
        return rows

    def leave(self) -> None:
        """End this process's leases, take its row away, and close its session."""
        with suppress(PostrailError):
            self._database.write(lambda conn: _leave(conn, self._database.now(conn), self._owner))
        self._drop()
        self._sessions.dispose()


def _reason(error: Exception) -> str:
    said = getattr(error, "orig", None) or error
    return str(said).partition("\n")[0]


def _appear(conn: Connection, now: int, owner: str) -> None:
    """Write the row of a process that holds its lock; its beat is later than any before."""
    row = insert(conn, workers).values(id=owner, beat=now)
    later = case((workers.c.beat < now, now), else_=workers.c.beat + 1)
    conn.execute(row.on_conflict_do_update(index_elements=["id"], set_={"beat": later}))


def _without_lock(conn: Connection) -> dict[str, int]:
    """Return the processes whose lock nobody holds, each with its beat."""
    query = select(workers.c.id, workers.c.beat).where(func.pg_try_advisory_xact_lock(_LOCK))
    return {row.id: row.beat for row in conn.execute(query)}


def _bury(conn: Connection, now: int, dead: Mapping[str, int]) -> int:
    """End the leases of those of `dead` that are so still; until the commit none of them can come back."""
    found = _without_lock(conn)
    owners = [owner for owner, beat in dead.items() if found.get(owner) == beat]
    if not owners:
        return 0
    rows = expire(conn, now, owners)
    conn.execute(delete(workers).where(workers.c.id.in_(owners)))
    if rows:
        _tell_all(conn)
    return rows


def _leave(conn: Connection, now: int, owner: str) -> None:
    if expire(conn, now, [owner]):
        _tell_all(conn)
    conn.execute(delete(workers).where(workers.c.id == owner))


def _tell_all(conn: Connection) -> None:
    for topic in TOPICS:
        tell(conn, topic)
