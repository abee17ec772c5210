"""Posts: found, held by their lease, and changed under it."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import (
    BigInteger,
    Connection,
    RowMapping,
    Select,
    bindparam,
    case,
    select,
    union_all,
    update,
)

from connector.domain.lifecycle import POLLED, AttemptState
from connector.engine.model import Change, Entry, Gate, Lease, Post
from connector.engine.ports import LeaseLost
from connector.store import files, journal
from connector.store.changes import changed, leaves_sending
from connector.store.dialect import locked
from connector.store.rows import hot_columns, media_of, post_of, wide_columns
from connector.store.tables import attempts, is_sending, post_content, posts

IDS_PER_SELECT = 10_000
"""SQLite takes 32,766 parameters in one statement."""


def whole() -> Select[tuple[object, ...]]:
    """Return the query of posts with their content."""
    content = [column for column in post_content.c if column.name != "post_id"]
    return select(posts, *content).join(post_content, post_content.c.post_id == posts.c.id)


GIVEN_BACK = {"lease": None, "owner": None}
"""The columns of a post that nobody holds."""

# Built once: to build a statement takes longer than to run it.
_its_lease = (posts.c.id == bindparam("its_id")) & (posts.c.lease == bindparam("its_lease"))
_HELD = locked(whole().where(_its_lease))
_WRITE_HOT = update(posts).where(_its_lease)
_WRITE_WIDE = update(post_content).where(post_content.c.post_id == bindparam("its_id"))
_told = (posts.c.wake_seq != posts.c.wake_seen) & posts.c.state.in_(sorted(POLLED))
_due = bindparam("due", type_=BigInteger)
_GIVE_BACK = _WRITE_HOT.values(
    **GIVEN_BACK, next_at=case((_told, bindparam("told_at", type_=BigInteger)), else_=_due)
)


def _key(lease: Lease) -> dict[str, object]:
    return {"its_id": lease.post_id, "its_lease": lease.token}


def _held_row(conn: Connection, lease: Lease) -> RowMapping:
    row = conn.execute(_HELD, _key(lease)).mappings().one_or_none()
    if row is None:
        raise LeaseLost(lease.post_id)
    return row


def held(conn: Connection, lease: Lease) -> Post:
    """Return the post that `lease` holds, locked until the transaction ends. Raises LeaseLost."""
    return post_of(_held_row(conn, lease))


def apply(conn: Connection, now: int, lease: Lease, before: Post, change: Change) -> Post:
    """Write what `change` makes of the post that `lease` holds, and the event of a new state."""
    after = changed(before, change, now)
    _write(conn, now, lease, before, after, {})
    return after


def _write(
    conn: Connection, now: int, lease: Lease, before: Post, after: Post, handover: Mapping[str, object]
) -> None:
    """Write `after` over `before`; the event comes last, since others wait for its lock."""
    if conn.execute(_WRITE_HOT, {**_key(lease), **hot_columns(after), **handover}).rowcount != 1:
        raise LeaseLost(lease.post_id)
    if _wide(after) != _wide(before):
        conn.execute(_WRITE_WIDE, {"its_id": after.id, **wide_columns(after)})
    if after.media != before.media:
        files.note(conn, after.id, [item.media_id for item in after.media])
    if leaves_sending(before, after):
        void_sending(conn, now, after.id)
    if after.state is not before.state:
        journal.tell(conn, now, after, before.state)


def _wide(post: Post) -> tuple[object, ...]:
    """Return what the wide row is written from."""
    return post.receipt, post.media, post.raw_status, post.failure


def put(
    conn: Connection, now: int, lease: Lease, before: Post, after: Post, columns: Mapping[str, object]
) -> None:
    """Write what a person has made of the post that `lease` holds, with `columns`, and give it back."""
    _write(conn, now, lease, before, after, {**GIVEN_BACK, **columns})


_VOID_SENDING = (
    update(attempts)
    .where((attempts.c.post_id == bindparam("its_post")) & is_sending)
    .values(state=AttemptState.VOID.value)
)


def void_sending(conn: Connection, now: int, post_id: str) -> None:
    """Shut the gate of an attempt that has no answer yet: its bytes will never leave."""
    conn.execute(_VOID_SENDING, {"its_post": post_id, "resolved_at": now})


def save(conn: Connection, now: int, lease: Lease, change: Change, entries: Iterable[Entry]) -> Post:
    """Apply `change` and keep the lease. Raises LeaseLost and ValueError."""
    before = held(conn, lease)
    journal.append(conn, now, lease.post_id, entries)
    return apply(conn, now, lease, before, change)


def release(
    conn: Connection,
    now: int,
    lease: Lease,
    next_at: int | None,
    change: Change | None,
    entries: Iterable[Entry] = (),
) -> None:
    """Apply `change`, append `entries`, and give the post back. Raises LeaseLost and ValueError.

    It is due at once when TikTok has told of it meanwhile and may be asked about it.
    """
    if change is None:
        due = {"told_at": now, "due": next_at}
        if conn.execute(_GIVE_BACK, {**_key(lease), **due}).rowcount != 1:
            raise LeaseLost(lease.post_id)
        journal.append(conn, now, lease.post_id, entries)
        return
    row = _held_row(conn, lease)
    before = post_of(row)
    journal.append(conn, now, lease.post_id, entries)
    after = changed(before, change, now)
    told = row["wake_seq"] != row["wake_seen"] and after.state in POLLED
    _write(conn, now, lease, before, after, {**GIVEN_BACK, "next_at": now if told else next_at})


# A union, since PostgreSQL reads the whole table for an OR across two of them.
_ids_meant = union_all(
    select(posts.c.id).where(posts.c.id == bindparam("ref")),
    select(posts.c.id).where(posts.c.publish_id == bindparam("ref")),
    select(attempts.c.post_id).where(attempts.c.publish_id == bindparam("ref")),
)
_MEANT = whole().where(posts.c.workspace_id == bindparam("its_workspace"), posts.c.id.in_(_ids_meant))


def find(conn: Connection, workspace_id: str, ref: str) -> Post | None:
    """Find a post by its id, or by a publish id that it has or had."""
    row = conn.execute(_MEANT, {"its_workspace": workspace_id, "ref": ref}).mappings().first()
    return None if row is None else post_of(row)


def versions(conn: Connection, post_ids: Sequence[str]) -> dict[str, int]:
    """Return the versions of the posts that exist among `post_ids`."""
    found: dict[str, int] = {}
    for start in range(0, len(post_ids), IDS_PER_SELECT):
        some = post_ids[start : start + IDS_PER_SELECT]
        rows = conn.execute(select(posts.c.id, posts.c.version).where(posts.c.id.in_(some)))
        found.update((post_id, version) for post_id, version in rows)
    return found


def gate(conn: Connection, token: str) -> Gate | None:
    """Return the state of the attempt `token` and the files of its post."""
    query = select(attempts.c.state, post_content.c.media).join(
        post_content, post_content.c.post_id == attempts.c.post_id
    )
    row = conn.execute(query.where(attempts.c.id == token)).one_or_none()
    return None if row is None else Gate(state=AttemptState(row.state), media=media_of(row.media))
