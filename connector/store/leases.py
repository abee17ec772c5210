"""Leases of every table that is claimed, ended before their time because their holder is dead."""

from collections.abc import Collection

from sqlalchemy import Connection, Table, update

from connector.store.base import metadata

CLAIMED_BY = frozenset({"next_at", "lease", "owner"})
"""The columns of a table that is claimed by lease."""


def leased_tables() -> list[Table]:
    """Return every table that is claimed by lease, in the order in which they refer to each other."""
    return [table for table in metadata.sorted_tables if CLAIMED_BY.issubset(table.c.keys())]


def expire(conn: Connection, now: int, owners: Collection[str] | None = None) -> int:
    """Let the leases of `owners` (None: of everybody) end now, in every table; return how many rows that was.

    The lease itself stays, so this does no more than time would have done: whoever takes the row swaps the
    token, what is in doubt stays so, and an owner that lives after all may renew what nobody has taken yet.
    """
    return sum(_expire(conn, now, table, owners) for table in leased_tables())


def _expire(conn: Connection, now: int, table: Table, owners: Collection[str] | None) -> int:
    owner = table.c.owner
    held = owner.is_not(None) if owners is None else owner.in_(sorted(owners))
    lasting = update(table).where(held, table.c.lease.is_not(None), table.c.next_at > now)
    return conn.execute(lasting.values(next_at=now)).rowcount
