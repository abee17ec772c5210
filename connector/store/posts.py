"""Posts: found, held by their lease, and changed under it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import BigInteger, Connection, Select, bindparam, case, select, union_all, update
from sqlalchemy.sql.dml import ReturningUpdate

from connector.domain.lifecycle import POLLED, AttemptState
from connector.engine.model import Change, Entry, Gate, Lease, Post
from connector.engine.ports import LeaseLost
from connector.store import at_once, files, journal
from connector.store.changes import changed, leaves_sending
from connector.store.compiled import Compiled
from connector.store.covering import is_covered
from connector.store.dialect import locked, one_of, store_time
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

_its_lease = (posts.c.id == bindparam("its_id")) & (posts.c.lease == bindparam("its_lease"))
_WIDE = ("receipt", "media", "raw_status", "failure")
"""The columns of the content that a fenced write may alter."""

_WRITE_WIDE = Compiled(update(post_content).where(post_content.c.post_id == bindparam("its_id")), _WIDE)
_told = (posts.c.wake_seq != posts.c.wake_seen) & one_of(posts.c.state, POLLED)


def _mine(dialect: str) -> Select[tuple[object, ...]]:
    """Return the query of the post that a lease holds, locked, with the time."""
    return locked(whole().add_columns(store_time(dialect).label("store_now")).where(_its_lease))


_HELD = Compiled(_mine)
_HELD_OR_PAUSED = Compiled(lambda dialect: _mine(dialect).add_columns(is_covered().label("is_paused")))


@Compiled
def _give_back(dialect: str) -> ReturningUpdate[tuple[int]]:
    """Return the statement that gives a post back, due at once where TikTok has told of it meanwhile."""
    now = store_time(dialect)
    next_at = case((_told, now), else_=bindparam("due", type_=BigInteger))
    given = update(posts).where(_its_lease).values(**GIVEN_BACK, next_at=next_at)
    return given.returning(now.label("store_now"))


def _key(lease: Lease) -> dict[str, object]:
    return {"its_id": lease.post_id, "its_lease": lease.token}


@dataclass(frozen=True, kw_only=True)
class Held:
    """A post that a lease holds, locked until the transaction ends, and the store's time, UTC milliseconds.

    `is_told`: TikTok has told of it since the lease was taken. `is_paused`: a pause covers it; looked up
    where that was asked for.
    """

    post: Post
    now: int
    is_told: bool
    is_paused: bool


def held(conn: Connection, now: int | None, lease: Lease, *, pauses: bool = False) -> Held:
    """Return the post that `lease` holds, at `now` (None: by the server's time). Raises LeaseLost.

    `pauses`: look for one that covers it; nobody may pause meanwhile.
    """
    row = (_HELD_OR_PAUSED if pauses else _HELD).first(conn, {**_key(lease), "now": now})
    if row is None:
        raise LeaseLost(lease.post_id)
    return Held(
        post=post_of(row),
        now=row["store_now"],
        is_told=row["wake_seq"] != row["wake_seen"],
        is_paused=bool(row.get("is_paused")),
    )


_FENCE = Compiled(
    lambda dialect: locked(select(store_time(dialect).label("store_now"), posts.c.id).where(_its_lease))
)


def fence(conn: Connection, now: int | None, lease: Lease) -> int:
    """Lock the row of the post that `lease` holds until the transaction ends; return the time.

    Raises LeaseLost.
    """
    row = _FENCE.first(conn, {**_key(lease), "now": now})
    if row is None:
        raise LeaseLost(lease.post_id)
    return int(row["store_now"])


def apply(conn: Connection, lease: Lease, mine: Held, change: Change, entries: Iterable[Entry]) -> Post:
    """Write what `change` makes of a post in hand, `entries`, and the event of a new state."""
    after = changed(mine.post, change, mine.now)
    _write(conn, mine.now, lease, mine.post, after, {}, entries)
    return after


def _write(
    conn: Connection,
    now: int,
    lease: Lease,
    before: Post,
    after: Post,
    handover: Mapping[str, object],
    entries: Iterable[Entry] = (),
) -> None:
    """Write `after` over `before`; the event comes last, since others wait for its lock."""
    if after.media != before.media:
        files.note(conn, after.id, [item.media_id for item in after.media])
    if leaves_sending(before, after):
        void_sending(conn, now, after.id)
    hot = {**hot_columns(after), **handover}
    wide = wide_columns(after) if _wide(after) != _wide(before) else {}
    news = journal.news_of(now, after, entries, before.state)
    write = _at_once if conn.dialect.name == "postgresql" else _one_by_one
    if not write(conn, lease, hot, wide, news):
        raise LeaseLost(lease.post_id)


def _at_once(
    conn: Connection, lease: Lease, hot: Mapping[str, object], wide: Mapping[str, object], news: journal.News
) -> bool:
    """Write a change by one statement; False where the lease does not hold the post."""
    statement = at_once.changing(tuple(hot), wide=tuple(wide), tells=news.event is not None)
    given = {**_key(lease), **at_once.named(hot), **at_once.named(wide), **at_once.told(news)}
    return statement.first(conn, given) is not None


def _one_by_one(
    conn: Connection, lease: Lease, hot: Mapping[str, object], wide: Mapping[str, object], news: journal.News
) -> bool:
    """Write a change, one table after the other; False where the lease does not hold the post."""
    if _writing(tuple(hot)).run(conn, {**_key(lease), **hot}) != 1:
        return False
    if wide:
        _WRITE_WIDE.run(conn, {"its_id": lease.post_id, **wide})
    journal.add(conn, lease.post_id, news)
    return True


@cache
def _writing(columns: tuple[str, ...]) -> Compiled:
    return Compiled(update(posts).where(_its_lease), columns)


def _wide(post: Post) -> tuple[object, ...]:
    """Return what the wide row is written from."""
    return post.receipt, post.media, post.raw_status, post.failure


def put(
    conn: Connection, now: int, lease: Lease, before: Post, after: Post, columns: Mapping[str, object]
) -> None:
    """Write what a person has made of the post that `lease` holds, with `columns`, and give it back."""
    _write(conn, now, lease, before, after, {**GIVEN_BACK, **columns})


_VOID_SENDING = Compiled(
    update(attempts)
    .where((attempts.c.post_id == bindparam("its_post")) & is_sending)
    .values(state=AttemptState.VOID.value, resolved_at=bindparam("over_at", type_=BigInteger))
)


def void_sending(conn: Connection, now: int, post_id: str) -> None:
    """Shut the gate of an attempt that has no answer yet: its bytes will never leave."""
    _VOID_SENDING.run(conn, {"its_post": post_id, "over_at": now})


def save(conn: Connection, now: int | None, lease: Lease, change: Change, entries: Iterable[Entry]) -> Post:
    """Apply `change` and keep the lease. Raises LeaseLost and ValueError."""
    return apply(conn, lease, held(conn, now, lease), change, entries)


def release(
    conn: Connection,
    now: int | None,
    lease: Lease,
    next_at: int | None,
    change: Change | None,
    entries: Iterable[Entry] = (),
) -> None:
    """Apply `change`, append `entries`, and give the post back. Raises LeaseLost and ValueError.

    It is due at once when TikTok has told of it meanwhile and may be asked about it.
    """
    if change is None:
        row = _give_back.first(conn, {**_key(lease), "now": now, "due": next_at})
        if row is None:
            raise LeaseLost(lease.post_id)
        journal.append(conn, row["store_now"], lease.post_id, entries)
        return
    mine = held(conn, now, lease)
    after = changed(mine.post, change, mine.now)
    due = mine.now if mine.is_told and after.state in POLLED else next_at
    _write(conn, mine.now, lease, mine.post, after, {**GIVEN_BACK, "next_at": due}, entries)


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


_GATE = Compiled(
    select(attempts.c.state, post_content.c.media)
    .join(post_content, post_content.c.post_id == attempts.c.post_id)
    .where(attempts.c.id == bindparam("token"))
)


def gate(conn: Connection, token: str) -> Gate | None:
    """Return the state of the attempt `token` and the files of its post."""
    row = _GATE.first(conn, {"token": token})
    return None if row is None else Gate(state=AttemptState(row["state"]), media=media_of(row["media"]))
