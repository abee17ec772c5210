"""A quick claim: what is due, leased by one statement, while no pause is in force.

Where it finds nothing `connector.store.claims.claim` is asked, which parks what a pause covers.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Integer,
    Select,
    Text,
    Update,
    any_,
    bindparam,
    exists,
    func,
    not_,
    select,
    update,
)

from connector.engine.model import Attempt, Claim, Lease
from connector.store import pausing
from connector.store.claims import IS_LIVE, MOVING, Wish
from connector.store.compiled import Compiled
from connector.store.covering import ACTIVE
from connector.store.dialect import store_time
from connector.store.posts import whole
from connector.store.rows import attempt_of, post_of
from connector.store.tables import attempts, pauses, posts

PREFIX = "attempt_"
"""What stands before the name of an attempt's column beside a post's."""

_LATE = bindparam("late_ms", type_=BigInteger)
_TTL = bindparam("ttl_ms", type_=BigInteger)
_none_is_paused = not_(exists(select(pauses.c.kind).where(ACTIVE)))
_ATTEMPT = tuple(column.name for column in attempts.c)
_live = [attempts.c[name].label(f"{PREFIX}{name}") for name in _ATTEMPT]
_with_attempt = whole().add_columns(*_live).outerjoin(attempts, (attempts.c.post_id == posts.c.id) & IS_LIVE)
"""The query of posts with their content and the attempt that may still publish, if any."""


def _due(dialect: str, moving: bool | None, query: Select[Any]) -> Select[Any]:  # noqa: FBT001 - as a claim says it
    """Return the query of what is due, of the posts that `query` gives, the longest due first."""
    due = query.where(posts.c.next_at <= store_time(dialect) - _LATE, _none_is_paused, *MOVING[moving])
    return due.order_by(posts.c.next_at).limit(bindparam("most", type_=Integer))


def _leasing() -> Update:
    """Return the write of a lease."""
    return update(posts).values(
        lease=bindparam("token"), owner=bindparam("its_owner"), wake_seen=posts.c.wake_seq
    )


def _taking(moving: bool | None) -> Select[Any]:  # noqa: FBT001 - as a claim says it
    """Return the statement, for PostgreSQL, that leases what is due, passing by what others are leasing."""
    found = _due("postgresql", moving, select(posts.c.id, posts.c.next_at.label("was")))
    due = found.with_for_update(skip_locked=True).cte("due")
    # An array, since for a join it would expect many and read the table.
    ids = func.array(select(due.c.id).scalar_subquery(), type_=ARRAY(Text))
    leased = _leasing().where(posts.c.id == any_(ids)).values(next_at=store_time("postgresql") + _TTL)
    return select(due).add_cte(leased.cte("leased"))


_TAKE = {moving: Compiled(_taking(moving)) for moving in MOVING}
_under = posts.c.lease == bindparam("token")
_TAKEN = Compiled(_with_attempt.where(posts.c.id == bindparam("its_id"), _under))
_ALL_TAKEN = Compiled(_with_attempt.where(posts.c.id == any_(bindparam("ids", type_=ARRAY(Text))), _under))
"""The same for several, which is planned anew each time."""

_LOOK = {moving: Compiled(partial(_due, moving=moving, query=_with_attempt)) for moving in MOVING}
_LEASE = Compiled(
    _leasing().where(posts.c.id == bindparam("its_id")).values(next_at=bindparam("until", type_=BigInteger))
)


def claim(conn: Connection, now: int | None, lease: Lease, wish: Wish) -> list[Claim] | None:
    """Lease what is due at `now` (None: by the server's time), the longest due first.

    None where nothing was found and a pause is in force. On PostgreSQL each statement may stand for itself:
    what was leased by the first is held, and the second reads it as it stands under that lease.
    """
    given = {"now": now, "late_ms": wish.late_ms, "most": wish.most}
    take = _on_postgresql if conn.dialect.name == "postgresql" else _on_sqlite
    return take(conn, given, lease, wish) or (None if pausing.is_any(conn) else [])


def _on_postgresql(conn: Connection, given: Mapping[str, object], lease: Lease, wish: Wish) -> list[Claim]:
    under = {"token": lease.token, "its_owner": lease.owner, "ttl_ms": wish.ttl_ms}
    taken = _TAKE[wish.moving].rows(conn, {**given, **under})
    if not taken:
        return []
    taken.sort(key=lambda row: row["was"])
    ids = [row["id"] for row in taken]
    token = {"token": lease.token}
    if len(ids) == 1:
        rows = _TAKEN.rows(conn, {**token, "its_id": ids[0]})
    else:
        rows = _ALL_TAKEN.rows(conn, {**token, "ids": ids})
    found = {row["id"]: row for row in rows}
    return [_claimed(found[post_id], lease) for post_id in ids if post_id in found]


def _on_sqlite(conn: Connection, given: Mapping[str, Any], lease: Lease, wish: Wish) -> list[Claim]:
    until = given["now"] + wish.ttl_ms
    under = {"token": lease.token, "its_owner": lease.owner, "until": until}
    found = _LOOK[wish.moving].rows(conn, given)
    for row in found:
        _LEASE.run(conn, {**under, "its_id": row["id"]})
    return [_claimed({**row, "next_at": until}, lease) for row in found]


def _claimed(row: Mapping[str, Any], lease: Lease) -> Claim:
    return Claim(post=post_of(row), lease=replace(lease, post_id=row["id"]), attempt=_attempt_of(row))


def _attempt_of(row: Mapping[str, Any]) -> Attempt | None:
    if row[f"{PREFIX}id"] is None:
        return None
    return attempt_of({name: row[f"{PREFIX}{name}"] for name in _ATTEMPT})
