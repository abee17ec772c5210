"""Rows for whatever tables a database has at some revision: one of each, as its columns ask for."""

from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, select, text, update
from sqlalchemy import types as sql
from sqlalchemy.types import TypeEngine

VERSIONS = "alembic_version"
"""The table that notes the revision."""

JSON_TEXT = frozenset({"media", "input", "receipt", "changes", "warnings", "public_ids", "payload", "scopes"})
"""Columns of text that a migration may read as JSON."""


def reflected(conn: Connection) -> MetaData:
    """Return the tables that a database has now."""
    found = MetaData()
    found.reflect(conn, resolve_fks=False)
    found.remove(found.tables[VERSIONS])
    return found


def fill(conn: Connection, tables: MetaData) -> None:
    """Put one row into each of `tables` that holds none."""
    if conn.dialect.name == "postgresql":
        # It changes no table whose rows it has yet to check.
        conn.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    for table in tables.sorted_tables:
        if conn.execute(select(table)).first() is None:
            conn.execute(table.insert().values(_row(conn, table, tables)))


def _row(conn: Connection, table: Table, tables: MetaData) -> dict[str, Any]:
    return {column.name: _value(conn, column, tables) for column in table.columns if _is_wanted(column)}


def _is_wanted(column: Column[Any]) -> bool:
    """Tell whether a statement must give a value: the code of that revision gave one for all of these."""
    return not column.nullable and column.server_default is None


def _value(conn: Connection, column: Column[Any], tables: MetaData) -> object:
    """Return the value that is referred to, or one of the column's type."""
    for key in column.foreign_keys:
        table, _, name = key.target_fullname.rpartition(".")
        return conn.execute(select(tables.tables[table].c[name])).scalars().first()
    return _plain(column.type, column.name)


def _plain(kind: TypeEngine[Any], name: str) -> object:
    if isinstance(kind, sql.Boolean):
        return True
    if isinstance(kind, sql.Integer):
        return 7
    if isinstance(kind, sql.LargeBinary):
        return b"seven"
    return "[]" if name in JSON_TEXT else f"{name}-7"


def written(conn: Connection, tables: MetaData, also: MetaData) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of `tables`, in the columns that `also` has too."""
    found = {}
    for table in tables.sorted_tables:
        common = [column for column in table.columns if column.name in also.tables[table.name].columns]
        found[table.name] = sorted((tuple(row) for row in conn.execute(select(*common))), key=repr)
    return found


def rewrite(conn: Connection, tables: MetaData) -> None:
    """Write every column of every row again as it is."""
    for table in tables.sorted_tables:
        plain = {column.name: column for column in table.columns if column.computed is None}
        conn.execute(update(table).values(plain))
