"""Leases: who may write a post now, and until when."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    bindparam,
    case,
    func,
    not_,
    select,
    tuple_,
    update,
)

from connector.domain.lifecycle import POLLED, State
from connector.engine.model import Attempt, Claim, Lease, Post
from connector.store import pausing
from connector.store.compiled import Compiled
from connector.store.dialect import locked, one_of, store_time, tell
from connector.store.posts import whole
from connector.store.rows import attempt_of, post_of
from connector.store.tables import LIVE, attempts, is_doubtful, posts

# Built once: to build a statement takes longer than to run it.
_earliest = select(func.min(posts.c.next_at).label("due")).where(posts.c.next_at.is_not(None))
"""The earliest; the condition changes nothing but lets SQLite use the index."""

_NEXT_DUE = Compiled(_earliest)
_NEXT_DUE_NOW = Compiled(lambda dialect: _earliest.add_columns(store_time(dialect).label("store_now")))
_MOVES = one_of(posts.c.state, [State.QUEUED.value, State.FETCHING.value]) | (
    (posts.c.state == State.SENDING.value) & (posts.c.transfer == "upload")
)
"""What state and transfer alone tell: a file is fetched or uploaded next."""


def _due(*which: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    return locked(
        whole()
        .where(posts.c.next_at <= bindparam("due_by"), *which)
        .order_by(posts.c.next_at)
        .limit(bindparam("most", type_=Integer)),
        skip=True,
    )


MOVING: Mapping[bool | None, tuple[ColumnElement[bool], ...]] = {
    None: (),
    True: (_MOVES,),
    False: (not_(_MOVES),),
}
"""The conditions by which a claim wants posts: any, those that move a file next, those that do not."""

_DUE = {moving: _due(*which) for moving, which in MOVING.items()}
_among = posts.c.id.in_(bindparam("ids", expanding=True))
_LEASE = update(posts).where(_among).values(wake_seen=posts.c.wake_seq)
IS_LIVE = one_of(attempts.c.state, LIVE)
"""The condition on an attempt that it may still publish."""

_LIVE = select(attempts).where(attempts.c.post_id.in_(bindparam("ids", expanding=True)), IS_LIVE)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a claim asks for: up to `most` posts that have been due for `late_ms`, leased for `ttl_ms`.

    With `moving` those alone that move a file next, or those alone that do not.
    """

    most: int
    ttl_ms: int
    late_ms: int = 0
    moving: bool | None = None


def is_due(conn: Connection, now: int | None, late_ms: int) -> bool:
    """Tell whether any post has been due for `late_ms` at `now` (None: by the server's time), without a lock.

    It asks for the earliest: for one that is due PostgreSQL would read the table, expecting to find it soon.
    """
    row = _NEXT_DUE_NOW.first(conn, {"now": now})
    return row is not None and row["due"] is not None and row["due"] <= row["store_now"] - late_ms


def claim(
    conn: Connection,
    now: int,
    lease: Lease,
    wish: Wish,
) -> list[Claim]:
    """Lease up to so many posts that have been due for so long, the longest due first.

    `lease` carries the owner and the token of all of them; its post id is not looked at. Rows that another
    owner is taking at this moment are passed by. Those that a pause covers are parked instead; while there
    are more of them than are parked at once, nothing else is leased.
    """
    if pausing.park_due(conn, now) == pausing.AT_ONCE:
        return []
    rows = conn.execute(_DUE[wish.moving], {"due_by": now - wish.late_ms, "most": wish.most}).mappings()
    found = [post_of(row) for row in rows]
    if not found:
        return []
    ids = [post.id for post in found]
    until = now + wish.ttl_ms
    _lease(conn, ids, lease, until)
    live = live_attempts(conn, ids)
    return [_claimed(post, lease, until, live.get(post.id)) for post in found]


def _lease(conn: Connection, ids: Sequence[str], lease: Lease, until: int) -> None:
    taken = {"lease": lease.token, "owner": lease.owner, "next_at": until}
    conn.execute(_LEASE, {"ids": list(ids), **taken})


def take(conn: Connection, now: int, lease: Lease, *, ttl_ms: int) -> Claim | None:
    """Lease the one post that `lease` names, due or not; None, and word to its owner, while it is held.

    The claimed post keeps the schedule that it had.
    """
    free = posts.c.lease.is_(None) | (posts.c.next_at <= now)
    row = conn.execute(locked(whole().where(posts.c.id == lease.post_id, free))).mappings().one_or_none()
    if row is None:
        wake(conn, now, lease.post_id)
        return None
    _lease(conn, [lease.post_id], lease, now + ttl_ms)
    return Claim(
        post=post_of(row), lease=lease, attempt=live_attempts(conn, [lease.post_id]).get(lease.post_id)
    )


def hand_over(conn: Connection, now: int, old: Lease, new: Lease, *, ttl_ms: int) -> Claim | None:
    """Swap the token of a post that is under `old` for that of `new`; None where it is under another."""
    row = conn.execute(locked(whole().where(_is_under(old)))).mappings().one_or_none()
    if row is None:
        return None
    _lease(conn, [new.post_id], new, now + ttl_ms)
    return _claimed(post_of(row), new, now + ttl_ms, live_attempts(conn, [new.post_id]).get(new.post_id))


def _is_under(lease: Lease) -> ColumnElement[bool]:
    return (posts.c.id == lease.post_id) & (posts.c.lease == lease.token)


def still_held(conn: Connection, leases: Iterable[Lease]) -> frozenset[str]:
    """Return the ids of the posts that are under these leases."""
    wanted = {(lease.post_id, lease.token) for lease in leases}
    if not wanted:
        return frozenset()
    return frozenset(conn.execute(select(posts.c.id).where(*_under_any(wanted))).scalars())


def _under_any(pairs: Collection[tuple[str, str]]) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions of being under one of these leases, each a post's id and a token."""
    # The ids alone first: for pairs SQLite would read the table.
    yield posts.c.id.in_(sorted(post_id for post_id, _ in pairs))
    yield tuple_(posts.c.id, posts.c.lease).in_(sorted(pairs))


def claim_doubtful(
    conn: Connection, now: int, lease: Lease, account_id: str, *, limit: int, ttl_ms: int
) -> list[Claim]:
    """Lease up to `limit` unconfirmed posts of an account that nobody holds, due or not.

    `lease` is as for `claim`. The claimed posts keep the schedule that they had. One that TikTok has just
    told of is left to whoever asks about it next.
    """
    in_doubt = (posts.c.account_id == account_id) & is_doubtful
    idle = posts.c.lease.is_(None) & (posts.c.wake_seq == posts.c.wake_seen)
    free = whole().where(in_doubt, idle).order_by(posts.c.id).limit(limit)
    found = [post_of(row) for row in conn.execute(locked(free, skip=True)).mappings()]
    if not found:
        return []
    ids = [post.id for post in found]
    _lease(conn, ids, lease, now + ttl_ms)
    live = live_attempts(conn, ids)
    return [
        Claim(post=post, lease=replace(lease, post_id=post.id), attempt=live.get(post.id)) for post in found
    ]


def wake(conn: Connection, now: int, post_id: str) -> None:
    """Say that TikTok has told of a post: due now where nobody holds it, else as soon as it is given back.

    Only a post that may be asked about at any time becomes due: others wait for their slot.
    """
    free = posts.c.lease.is_(None) & posts.c.state.in_(sorted(POLLED))
    due = case((free, now), else_=posts.c.next_at)
    told = update(posts).where(posts.c.id == post_id)
    conn.execute(told.values(wake_seq=posts.c.wake_seq + 1, next_at=due))
    tell(conn, "posts")


def _claimed(post: Post, lease: Lease, until: int, attempt: Attempt | None) -> Claim:
    return Claim(post=replace(post, next_at=until), lease=replace(lease, post_id=post.id), attempt=attempt)


def live_attempts(conn: Connection, post_ids: Sequence[str]) -> dict[str, Attempt]:
    """Return the attempt of each post that may still publish, by post id; there is one at most."""
    rows = conn.execute(_LIVE, {"ids": list(post_ids)}).mappings()
    return {row["post_id"]: attempt_of(row) for row in rows}


def next_due(conn: Connection) -> int | None:
    """Return the earliest schedule or lease expiry of all posts."""
    row = _NEXT_DUE.first(conn)
    return row["due"] if row else None


def renew(conn: Connection, now: int, leases: Iterable[Lease], *, ttl_ms: int) -> frozenset[str]:
    """Extend leases; return the ids of the posts that another owner has taken, or that were given back."""
    wanted = {(lease.post_id, lease.token) for lease in leases}
    if not wanted:
        return frozenset()
    kept = conn.execute(
        update(posts).where(*_under_any(wanted)).values(next_at=now + ttl_ms).returning(posts.c.id)
    )
    return frozenset(post_id for post_id, _ in wanted) - frozenset(kept.scalars())
