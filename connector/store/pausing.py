"""Pauses on SQL: what they cover is parked, out of the sight of the claims, until they are lifted.

A pause and the opening of an attempt never pass each other: whoever opens or accepts an attempt looks for
pauses under a lock that whoever pauses takes alone. That lock comes before any lock on a row.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    literal_column,
    not_,
    or_,
    select,
    update,
)

from connector.domain.lifecycle import UNSENT, AttemptState, State
from connector.engine.model import Entry, Lease
from connector.engine.model_incident import Deed, Parked, Pause, Scope, Slot
from connector.store import auditing, journal, slots
from connector.store.compiled import Compiled
from connector.store.covering import ACTIVE, COVERS, is_covered
from connector.store.dialect import PAUSES, RESUMES, hold, insert, locked, share, tell
from connector.store.posts import held, release, void_sending
from connector.store.rows import Row
from connector.store.tables import attempts, is_sending, pauses, post_content, posts

AT_ONCE = 1_000
"""Posts parked in one transaction."""

RUNNING, PAUSED = "running", "paused"
"""How a scope stands, in the audit."""

PARKED = Entry(call="decision", decision="paused: nothing of it is sent to TikTok until the pause is lifted")

_at_tiktok = exists().where(
    attempts.c.post_id == posts.c.id,
    attempts.c.state.in_((AttemptState.ACCEPTED.value, AttemptState.UNCERTAIN.value)),
)
_to_be_sent = or_(
    posts.c.state.in_(sorted(UNSENT)), and_(posts.c.state == State.SENDING.value, not_(_at_tiktok))
)
"""The condition on a post that its next step at TikTok would be a new one: no attempt of it goes on."""


def _pause_over(meant: ColumnElement[bool]) -> Select[Any]:
    """Return the query of the oldest pause over the post that is meant."""
    found = select(pauses).join(posts, COVERS).where(ACTIVE, meant)
    return found.order_by(pauses.c.since).limit(literal_column("1"))


_its = posts.c.id == bindparam("its_id")
_ANY = Compiled(select(pauses.c.kind).where(ACTIVE).limit(literal_column("1")))
_KEEPING = _pause_over(_its & _to_be_sent)


def keep_out(conn: Connection) -> None:
    """Let nobody pause or lift a pause until this transaction ends. SQLite has one writer anyway."""
    if conn.dialect.name == "postgresql":
        share(conn, PAUSES, 0)


def _first(conn: Connection, query: Select[Any], post_id: str) -> Pause | None:
    if not is_any(conn):
        return None
    row = conn.execute(query, {"its_id": post_id}).mappings().one_or_none()
    return None if row is None else _pause_of(row)


def over(conn: Connection, post_id: str) -> Pause | None:
    """Return the pause that keeps a post from being sent now; none for one that is at TikTok already."""
    return _first(conn, _KEEPING, post_id)


def is_any(conn: Connection) -> bool:
    """Tell whether any pause is in force."""
    return _ANY.first(conn) is not None


def park_due(conn: Connection, now: int) -> int:
    """Park up to `AT_ONCE` due posts that a pause covers; return how many.

    An attempt of theirs that has no answer, left by a process that died, is voided.
    """
    if not is_any(conn):
        return 0
    keep_out(conn)
    due = select(posts.c.id).where(posts.c.next_at <= now, _to_be_sent, is_covered())
    ordered = due.order_by(posts.c.next_at).limit(AT_ONCE)
    ids = list(conn.execute(locked(ordered, skip=True)).scalars())
    if ids:
        shut = update(attempts).where(attempts.c.post_id.in_(ids), is_sending)
        conn.execute(shut.values(state=AttemptState.VOID.value, resolved_at=now))
        parked = {"parked_due": posts.c.next_at, "next_at": None, "lease": None, "owner": None}
        conn.execute(update(posts).where(posts.c.id.in_(ids)).values(parked))
    return len(ids)


def park(conn: Connection, now: int, lease: Lease) -> None:
    """Give a post back that may not be sent; due now where the pause is over. Raises LeaseLost."""
    keep_out(conn)
    is_paused = held(conn, now, lease, pauses=True).is_paused
    void_sending(conn, now, lease.post_id)
    if not is_paused:
        release(conn, now, lease, now, None)
        return
    journal.append(conn, now, lease.post_id, [PARKED])
    release(conn, now, lease, None, None)
    conn.execute(update(posts).where(posts.c.id == lease.post_id).values(parked_due=now))


def pause(conn: Connection, now: int, new: Pause, deed: Deed) -> bool:
    """Store a pause, once those who are opening attempts have ended; False where it is there."""
    hold(conn, PAUSES)
    known = conn.execute(select(pauses.c.ended_at).where(_is(new.scope))).one_or_none()
    if known is not None and known.ended_at is None:
        return False
    fresh = {"since": now, "by": new.by, "reason": new.reason, "ended_at": None}
    name = vars(new.scope)
    stored = insert(conn, pauses).values(**name, **fresh)
    conn.execute(stored.on_conflict_do_update(index_elements=list(name), set_=fresh))
    auditing.write(conn, now, deed, RUNNING, PAUSED)
    return True


def end(conn: Connection, now: int, scope: Scope, deed: Deed) -> bool:
    """Lift a pause; its row stays until its posts are due. False where there is none."""
    hold(conn, PAUSES)
    lifted = update(pauses).where(_is(scope), ACTIVE).values(ended_at=now)
    if not conn.execute(lifted).rowcount:
        return False
    auditing.write(conn, now, deed, PAUSED, RUNNING)
    return True


def _is(scope: Scope) -> ColumnElement[bool]:
    return and_(
        pauses.c.kind == scope.kind,
        pauses.c.target == scope.target,
        pauses.c.workspace_id == scope.workspace_id,
    )


def of_workspace(conn: Connection, workspace_id: str) -> list[Pause]:
    """Return the pauses that touch a workspace, the oldest first."""
    query = select(pauses).where(ACTIVE, pauses.c.workspace_id.in_(("", workspace_id)))
    ordered = query.order_by(pauses.c.since, pauses.c.kind, pauses.c.target)
    return [_pause_of(row) for row in conn.execute(ordered).mappings()]


def _pause_of(row: Row) -> Pause:
    scope = Scope(kind=row["kind"], target=row["target"], workspace_id=row["workspace_id"])
    return Pause(scope=scope, since=row["since"], by=row["by"], reason=row["reason"])


def is_any_lifted(conn: Connection) -> bool:
    """Tell whether posts of a lifted pause may still be parked: a cheap look."""
    return conn.execute(select(pauses.c.kind).where(not_(ACTIVE)).limit(1)).one_or_none() is not None


def free(conn: Connection, limit: int) -> list[Parked]:
    """Return posts that are parked under no pause any more, the longest due first."""
    query = (
        select(
            posts.c.id.label("post_id"),
            posts.c.workspace_id,
            posts.c.account_id,
            posts.c.app_id,
            posts.c.kind,
            posts.c.mode,
            posts.c.parked_due.label("due"),
            (post_content.c.media != "[]").label("has_media"),
        )
        .join(post_content, post_content.c.post_id == posts.c.id)
        .where(posts.c.parked_due.is_not(None), not_(is_covered()))
        .order_by(posts.c.parked_due)
        .limit(limit)
    )
    return [Parked(**row) for row in conn.execute(query).mappings()]


def unpark(conn: Connection, now: int, wanted: Mapping[str, Slot | None]) -> int:
    """Make parked posts due, each with the slot it needs; return how many were parked still."""
    hold(conn, RESUMES)
    parked = posts.c.id.in_(list(wanted)) & posts.c.parked_due.is_not(None)
    freed = update(posts).where(parked).values(next_at=posts.c.parked_due, parked_due=None)
    ids = set(conn.execute(freed.returning(posts.c.id)).scalars())
    queues: dict[Slot, list[str]] = {}
    for post_id, slot in wanted.items():
        if slot is not None and post_id in ids:
            queues.setdefault(slot, []).append(post_id)
    _put_off(conn, now, queues)
    if ids:
        tell(conn, "posts")
    return len(ids)


def _put_off(conn: Connection, now: int, queues: Mapping[Slot, Sequence[str]]) -> None:
    """Reserve a slot for each post, and make those due later whose slot is yet to come."""
    late = [
        {"its_id": post_id, "at": at}
        for slot, ids in queues.items()
        for post_id, at in zip(ids, slots.reserve_several(conn, now, slot, len(ids)), strict=True)
        if at > now
    ]
    if late:
        its = posts.c.id == bindparam("its_id")
        conn.execute(update(posts).where(its).values(next_at=bindparam("at")), late)


def forget_lifted(conn: Connection) -> None:
    """Delete lifted pauses once none of their posts is parked."""
    hold(conn, PAUSES)
    if not free(conn, 1):
        conn.execute(delete(pauses).where(not_(ACTIVE)))
