"""The few things that SQLite and PostgreSQL say differently."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from connector.engine.ports_nodes import Topic
from connector.store.compiled import Compiled
from connector.store.tables import posts

FIRST_START = 0
"""Advisory lock: of several processes that start on an empty database, one makes what there is once."""
EVENTS = 1
"""Advisory lock: event numbers are committed in the order in which they are given."""
REPEATS = 2
"""Advisory lock, one per input hash: two equal inputs look for each other one after the other."""
MIGRATIONS = 3
"""Advisory lock: one process migrates."""
QUOTAS = 4
"""Advisory lock, one per workspace: two uploads count what it holds one after the other."""
MEDIA = 5
"""Advisory lock, one per file: shared by those who record that it is needed, alone for who deletes it."""
PAUSES = 6
"""Advisory lock: shared by those who may send something, alone for who pauses or lifts a pause."""
RESUMES = 7
"""Advisory lock: one process at a time makes parked posts due."""
BEGUN = 8
"""Advisory lock, one per workspace: two uploads are begun past the servers one after the other."""

CHANNEL = "postrail"
"""Where processes on one PostgreSQL tell each other of news."""

_lock_name = (bindparam("space", type_=Integer), bindparam("key", type_=Integer))
_HOLD = Compiled(select(func.pg_advisory_xact_lock(*_lock_name)))
_SHARE = Compiled(select(func.pg_advisory_xact_lock_shared(*_lock_name)))
_TELL = Compiled(select(func.pg_notify(CHANNEL, bindparam("topic", type_=Text))))

# When the statement came: unlike the time by now, an index can be searched by it.
_server_time = cast(func.floor(func.extract("epoch", func.statement_timestamp()) * 1000), BigInteger)


def insert(conn: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that knows ON CONFLICT."""
    return insert_on(conn.dialect.name, table)


def insert_on(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return the same for the dialect of that name."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def hold(conn: Connection, space: int, key: int = 0) -> None:
    """Let one transaction at a time pass here, until it ends; `key` is a signed 32-bit number.

    SQLite has one writing transaction at a time anyway.
    """
    if conn.dialect.name == "postgresql":
        _HOLD.run(conn, {"space": space, "key": key})


def share(conn: Connection, space: int, key: int) -> None:
    """Let nobody `hold` this until the transaction ends; any number may share it."""
    _SHARE.run(conn, {"space": space, "key": key})


def tell(conn: Connection, topic: Topic) -> None:
    """Let every process on the ledger hear of news once this transaction has been committed.

    SQLite has one process, which knows by itself.
    """
    if conn.dialect.name == "postgresql":
        _TELL.run(conn, {"topic": topic})


def store_time(dialect: str) -> ColumnElement[int]:
    """Return the store's time, UTC milliseconds: the value `now`; where it is None, the server's own."""
    given = bindparam("now", type_=BigInteger)
    return func.coalesce(given, _server_time) if dialect == "postgresql" else given


def one_of(column: ColumnElement[Any], words: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a column is one of our own words, which are spelt out."""
    return column.in_([literal_column(f"'{word}'") for word in sorted(words)])


def locked(query: Select[Any], *, skip: bool = False, of: Table = posts) -> Select[Any]:
    """Lock the hot rows that `query` finds until the transaction ends; `skip` those that others hold.

    SQLite leaves the clause out: its writer is alone.
    """
    return query.with_for_update(of=of, skip_locked=skip)
