"""Posts: found, held by their lease, and changed under it."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Case, ColumnElement, Connection, Select, case, select, true, union_all, update

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


def held(conn: Connection, lease: Lease) -> Post:
    """Return the post that `lease` holds, locked until the transaction ends. Raises LeaseLost."""
    query = locked(whole().where(posts.c.id == lease.post_id, posts.c.lease == lease.token))
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise LeaseLost(lease.post_id)
    return post_of(row)


def apply(conn: Connection, now: int, lease: Lease, before: Post, change: Change) -> Post:
    """Write what `change` makes of the post that `lease` holds, and the event of a new state."""
    after = changed(before, change, now)
    _write(conn, now, lease, before, after, {})
    return after


def _write(
    conn: Connection, now: int, lease: Lease, before: Post, after: Post, handover: Mapping[str, object]
) -> None:
    """Write `after` over `before`; the event comes last, since others wait for its lock."""
    _write_hot(conn, lease, {**hot_columns(after), **handover})
    if wide_columns(after) != wide_columns(before):
        conn.execute(
            update(post_content).where(post_content.c.post_id == after.id).values(wide_columns(after))
        )
    if after.media != before.media:
        files.note(conn, after.id, [item.media_id for item in after.media])
    if leaves_sending(before, after):
        void_sending(conn, now, after.id)
    if after.state is not before.state:
        journal.tell(conn, now, after, before.state)


def put(
    conn: Connection, now: int, lease: Lease, before: Post, after: Post, columns: Mapping[str, object]
) -> None:
    """Write what a person has made of the post that `lease` holds, with `columns`, and give it back."""
    _write(conn, now, lease, before, after, {"lease": None, "owner": None, **columns})


def void_sending(conn: Connection, now: int, post_id: str) -> None:
    """Shut the gate of an attempt that has no answer yet: its bytes will never leave."""
    mine = (attempts.c.post_id == post_id) & is_sending
    conn.execute(update(attempts).where(mine).values(state=AttemptState.VOID.value, resolved_at=now))


def _write_hot(conn: Connection, lease: Lease, values: Mapping[str, object]) -> None:
    fenced = update(posts).where(posts.c.id == lease.post_id, posts.c.lease == lease.token)
    if conn.execute(fenced.values(values)).rowcount != 1:
        raise LeaseLost(lease.post_id)


def save(conn: Connection, now: int, lease: Lease, change: Change, entries: Iterable[Entry]) -> Post:
    """Apply `change` and keep the lease. Raises LeaseLost and ValueError."""
    before = held(conn, lease)
    journal.append(conn, now, lease.post_id, entries)
    return apply(conn, now, lease, before, change)


def release(conn: Connection, now: int, lease: Lease, next_at: int | None, change: Change | None) -> None:
    """Apply `change` and give the post back. Raises LeaseLost and ValueError.

    It is due at once when TikTok has told of it meanwhile and may be asked about it.
    """
    given_back = {"lease": None, "owner": None}
    if change is None:
        asked = posts.c.state.in_(sorted(POLLED))
        _write_hot(conn, lease, {**given_back, "next_at": _unless_told(now, next_at, asked)})
        return
    before = held(conn, lease)
    after = changed(before, change, now)
    due = _unless_told(now, next_at, true()) if after.state in POLLED else next_at
    _write(conn, now, lease, before, after, {**given_back, "next_at": due})


def _unless_told(now: int, next_at: int | None, asked: ColumnElement[bool]) -> Case[int | None]:
    told = (posts.c.wake_seq != posts.c.wake_seen) & asked
    return case((told, now), else_=next_at)


def find(conn: Connection, workspace_id: str, ref: str) -> Post | None:
    """Find a post by its id, or by a publish id that it has or had."""
    # A union, since PostgreSQL reads the whole table for an OR across two of them.
    meant = union_all(
        select(posts.c.id).where(posts.c.id == ref),
        select(posts.c.id).where(posts.c.publish_id == ref),
        select(attempts.c.post_id).where(attempts.c.publish_id == ref),
    )
    query = whole().where(posts.c.workspace_id == workspace_id, posts.c.id.in_(meant))
    row = conn.execute(query).mappings().first()
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
