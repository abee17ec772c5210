"""Attempts to publish: the gate, as compare-and-set on one row.

sending ──> accepted ──> rejected
   │  └───> uncertain ─────┘ ^
   └──────> void, rejected ──┘     only what is accepted gives bytes
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from sqlalchemy import ColumnElement, Connection, and_, bindparam, or_, select, true, update
from sqlalchemy.sql.dml import ReturningInsert

from connector.domain.lifecycle import AttemptState, State
from connector.domain.publish_ids import sort_of
from connector.engine.model import Attempt, Change, Claim, Entry, Lease, Post, Transfer
from connector.engine.ports import AccountBusy, LeaseLost
from connector.engine.ports_incident import Paused
from connector.store import journal, pausing
from connector.store.compiled import Compiled
from connector.store.dialect import insert_on, one_of
from connector.store.posts import IDS_PER_SELECT, Held, apply, fence, held, void_sending, whole
from connector.store.rows import attempt_of, post_of
from connector.store.tables import LIVE, accounts, attempts, is_sending, posts

_MAY_BECOME = {
    AttemptState.SENDING: {AttemptState.VOID, AttemptState.REJECTED, AttemptState.UNCERTAIN},
    AttemptState.ACCEPTED: {AttemptState.REJECTED, AttemptState.UNCERTAIN},
    AttemptState.UNCERTAIN: {AttemptState.REJECTED},
}

_COLUMNS = tuple(column.name for column in attempts.c)
_OF_POST = Compiled(
    select(attempts.c.number, attempts.c.state).where(attempts.c.post_id == bindparam("its_post"))
)


@Compiled
def _opening(dialect: str) -> ReturningInsert[tuple[str]]:
    """Return the insert of an attempt that gives nothing back where the account has one that is `sending`."""
    row = {name: bindparam(f"new_{name}", type_=attempts.c[name].type) for name in _COLUMNS}
    opened = insert_on(dialect, attempts).values(row)
    free = opened.on_conflict_do_nothing(index_elements=["account_id"], index_where=is_sending)
    return free.returning(attempts.c.id)


@cache
def _writing(columns: tuple[str, ...], *states: AttemptState) -> Compiled:
    """Return the compare-and-set of one attempt of a post: `columns`, while it is in one of `states`."""
    mine = (
        (attempts.c.id == bindparam("its_id"))
        & (attempts.c.post_id == bindparam("its_post"))
        & one_of(attempts.c.state, [state.value for state in states])
    )
    return Compiled(update(attempts).where(mine).returning(attempts), columns)


def begin(
    conn: Connection, now: int | None, lease: Lease, attempt_id: str, transfer: Transfer, entry: Entry
) -> Attempt:
    """Void the attempt that is still `sending`, open a new one, move the post to `sending`.

    Raises LeaseLost, Paused, AccountBusy (another post of the account is `sending`), and ValueError when the
    post has an attempt that TikTok may still publish.
    """
    mine = _held_unless_paused(conn, now, lease)
    post, earlier = mine.post, _OF_POST.rows(conn, {"its_post": mine.post.id})
    states = {row["state"] for row in earlier}
    if AttemptState.SENDING in states:
        void_sending(conn, mine.now, post.id)
    if not states.isdisjoint((AttemptState.ACCEPTED, AttemptState.UNCERTAIN)):
        raise ValueError(f"{post.id} has an attempt that may still be published")
    attempt = Attempt(
        id=attempt_id,
        post_id=post.id,
        account_id=post.account_id,
        number=max((row["number"] for row in earlier), default=0) + 1,
        state=AttemptState.SENDING,
        transfer=transfer,
        created_at=mine.now,
    )
    _open(conn, attempt)
    apply(conn, lease, mine, Change(state=State.SENDING), [entry])
    return attempt


def _held_unless_paused(conn: Connection, now: int | None, lease: Lease) -> Held:
    """Hold a post of which something may be sent, until the transaction ends. Raises LeaseLost, Paused."""
    pausing.keep_out(conn)
    mine = held(conn, now, lease, pauses=True)
    if mine.is_paused:
        raise Paused(lease.post_id)
    return mine


def _open(conn: Connection, attempt: Attempt) -> None:
    """Insert the attempt; on PostgreSQL this waits for another post's insert that has not been committed."""
    row = {**vars(attempt), "state": attempt.state.value}
    if _opening.first(conn, {f"new_{name}": row[name] for name in _COLUMNS}) is None:
        raise AccountBusy(attempt.account_id)


def accept(
    conn: Connection,
    now: int | None,
    lease: Lease,
    attempt_id: str,
    given: Mapping[str, object],
    change: Change,
    entry: Entry,
) -> Claim:
    """Move the attempt `sending -> accepted`, storing `given`, and apply `change` to its post.

    Raises LeaseLost, also when the attempt is not `sending` any more, and Paused: what a pause has overtaken
    on its way to TikTok gets no byte.
    """
    mine = _held_unless_paused(conn, now, lease)
    values = {**given, "state": AttemptState.ACCEPTED.value}
    accepted = _compare_and_set(conn, lease, attempt_id, (AttemptState.SENDING,), values)
    return Claim(post=apply(conn, lease, mine, change, [entry]), lease=lease, attempt=accepted)


def resolve(
    conn: Connection,
    now: int | None,
    lease: Lease,
    attempt_id: str,
    state: AttemptState,
    change: Change,
    entry: Entry,
) -> Claim:
    """Move a live attempt to `state` and apply `change` to its post.

    Raises LeaseLost, also when the compare-and-set is lost: the attempt is over, or TikTok has accepted what
    was to become void.
    """
    mine = held(conn, now, lease)
    befores = tuple(before for before, after in _MAY_BECOME.items() if state in after)
    ended = None if state.value in LIVE else mine.now
    values = {"state": state.value, "resolved_at": ended}
    after = _compare_and_set(conn, lease, attempt_id, befores, values)
    post = apply(conn, lease, mine, change, [entry])
    return Claim(post=post, lease=lease, attempt=after if ended is None else None)


def record_upload(
    conn: Connection,
    now: int | None,
    lease: Lease,
    attempt_id: str,
    progress: Mapping[str, object],
    entries: Iterable[Entry],
) -> Attempt:
    """Store the progress of an upload; that the last PUT was started is never taken back.

    Raises LeaseLost, also when the attempt is not accepted.
    """
    at = fence(conn, now, lease)
    attempt = _compare_and_set(conn, lease, attempt_id, (AttemptState.ACCEPTED,), progress)
    journal.append(conn, at, lease.post_id, entries)
    return attempt


def _compare_and_set(
    conn: Connection,
    lease: Lease,
    attempt_id: str,
    states: tuple[AttemptState, ...],
    values: Mapping[str, object],
) -> Attempt:
    """Write one attempt of the held post while it is in one of `states`; LeaseLost when it is not."""
    if not states:
        raise LeaseLost(lease.post_id)
    statement = _writing(tuple(values), *states)
    row = statement.first(conn, {"its_id": attempt_id, "its_post": lease.post_id, **values})
    if row is None:
        raise LeaseLost(lease.post_id)
    return attempt_of(row)


def told_of(conn: Connection, publish_id: str) -> tuple[Post, Attempt] | None:
    """Return the attempt to which TikTok gave `publish_id`, with its post, whatever became of them."""
    query = select(attempts).where(attempts.c.publish_id == publish_id)
    row = conn.execute(query.order_by(attempts.c.number.desc()).limit(1)).mappings().one_or_none()
    if row is None:
        return None
    attempt = attempt_of(row)
    post = conn.execute(whole().where(posts.c.id == attempt.post_id)).mappings().one()
    return post_of(post), attempt


def around(conn: Connection, account_id: str, since: int) -> list[tuple[Post, Attempt]]:
    """Return what was sent for a TikTok account: every attempt with a publish id from `since` on, its post.

    A post that was tried anew comes with each of its attempts: any of them may have been published. Several
    workspaces may have the account: under one open_id, or as apps of one developer see it, one union_id.
    """
    it = accounts.alias()
    is_same = or_(accounts.c.open_id == it.c.open_id, accounts.c.union_id == it.c.union_id)
    same = select(accounts.c.id).join(it, is_same).where(it.c.id == account_id)
    sent = select(attempts).where(
        attempts.c.account_id.in_(same), attempts.c.created_at >= since, attempts.c.publish_id.is_not(None)
    )
    found = [attempt_of(row) for row in conn.execute(sent.order_by(attempts.c.created_at)).mappings()]
    tried = {post.id: post for post in _posts_of(conn, sorted({attempt.post_id for attempt in found}))}
    return [(tried[attempt.post_id], attempt) for attempt in found]


def _posts_of(conn: Connection, ids: Sequence[str]) -> Iterator[Post]:
    for first in range(0, len(ids), IDS_PER_SELECT):
        some = whole().where(posts.c.id.in_(ids[first : first + IDS_PER_SELECT]))
        yield from map(post_of, conn.execute(some).mappings())


def adopt(
    conn: Connection,
    now: int,
    account_ids: Iterable[str],
    publish_id: str,
    created: tuple[int, int],
    entry: Entry,
) -> bool:
    """Give `publish_id` to the newest void attempt of these accounts that was `created` from, to (UTC ms).

    An attempt of another sort than the id says is never meant: another kind of post, or another transfer.
    Of several that it may belong to nobody can tell which; none of them has had a byte. False where there is
    none, or the id is known by now. Raises AccountBusy while one of the accounts has an init under way, whose
    answer may be that very id. The order of the three looks matters on PostgreSQL.
    """
    mine = attempts.c.account_id.in_(sorted(account_ids))
    busy = conn.execute(select(attempts.c.account_id).where(mine, is_sending)).scalars().first()
    if busy is not None:
        raise AccountBusy(busy)
    if told_of(conn, publish_id) is not None:
        return False
    orphan = (
        select(attempts.c.id, attempts.c.post_id)
        .join(posts, posts.c.id == attempts.c.post_id)
        .where(
            mine,
            _of_sort(publish_id),
            attempts.c.state == AttemptState.VOID.value,
            attempts.c.publish_id.is_(None),
            attempts.c.created_at.between(*created),
        )
        .order_by(attempts.c.created_at.desc(), attempts.c.number.desc())
        .limit(1)
    )
    found = conn.execute(orphan).one_or_none()
    if found is None:
        return False
    conn.execute(update(attempts).where(attempts.c.id == found.id).values(publish_id=publish_id))
    journal.append(conn, now, found.post_id, [entry])
    return True


def _of_sort(publish_id: str) -> ColumnElement[bool]:
    """Return the condition on attempts, joined with posts, that a publish id can belong to."""
    sort = sort_of(publish_id)
    return true() if sort is None else and_(posts.c.kind == sort[0], attempts.c.transfer == sort[1])


_ALL = Compiled(
    select(attempts).where(attempts.c.post_id == bindparam("its_post")).order_by(attempts.c.number)
)


def of_post(conn: Connection, post_id: str) -> list[Attempt]:
    """Return a post's attempts, oldest first."""
    return [attempt_of(row) for row in _ALL.rows(conn, {"its_post": post_id})]
