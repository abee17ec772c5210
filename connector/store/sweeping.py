"""Retention on SQL: what is over goes whole, oldest first, in transactions of some hundred rows.

Each step looks at a page of the oldest rows from behind a mark, so that what has to stay is passed once in a
sweep, not once in a step. Rows that others hold at this moment are left for the next sweep.
"""

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    RowMapping,
    ScalarSelect,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from connector.domain.lifecycle import BADLY_OFF, PAST_DOUBT
from connector.domain.matching import SKEW_MS, WITHIN_MS
from connector.engine.listing import EARLIER_MS, RIVALS_MS
from connector.engine.ports_sweeping import Mark, Swept
from connector.store.accepting import GONE
from connector.store.database import Database
from connector.store.dialect import insert, locked
from connector.store.tables import (
    accounts,
    attempts,
    cron,
    deliveries,
    events,
    idempotency,
    is_for_a_person,
    is_over,
    journal,
    post_content,
    post_files,
    posts,
    swept_tasks,
)
from connector.store.tables import webhook_inbox as inbox

AT_ONCE = 200
"""Keys or webhooks that one step looks at."""

POSTS_AT_ONCE = 50
"""Posts that one step looks at."""

ROWS_AT_ONCE = 500
"""Rows that one step deletes with its posts, or those of one post."""

KEPT_MS = 30 * 24 * 3_600_000
"""Handled webhooks are kept for as long as the widest tolerance takes a replay for genuine."""

BEFORE_MS = EARLIER_MS + RIVALS_MS + 24 * 3_600_000
"""How long before a post that waits for a person others may be held against it, and a day."""

AFTER_MS = WITHIN_MS + SKEW_MS
"""How long after it: what was sent later cannot be what is found."""


class SqlSweeping:
    """`connector.engine.ports_sweeping.SweepingLedger` on a database that `migrate` has prepared."""

    _database: Database

    def take_turn(self, name: str, *, ttl_ms: int) -> int | None:
        """Take a turn that is due; looks before it writes, so that those who come in vain are cheap."""
        now = self._database.now

        def is_due(conn: Connection) -> bool:
            known = conn.execute(select(cron.c.next_at).where(cron.c.name == name)).scalar_one_or_none()
            return known is None or known <= now(conn)

        if not self._database.read(is_due):
            return None
        return self._database.write(lambda conn: _take_turn(conn, now(conn), name, ttl_ms))

    def keep_turn(self, name: str, turn: int, *, ttl_ms: int) -> int | None:
        """Let a turn last for longer, or end; None where it is another's."""

        def keep(conn: Connection) -> int | None:
            until = self._database.now(conn) + ttl_ms
            mine = update(cron).where(cron.c.name == name, cron.c.next_at == turn)
            return until if conn.execute(mine.values(next_at=until)).rowcount else None

        return self._database.write(keep)

    def sweep_keys(self, after: Mark) -> Swept:
        """Delete idempotency keys that bind no more."""
        return self._swept(lambda conn, now: _sweep_keys(conn, now, after))

    def sweep_webhooks(self, after: Mark) -> Swept:
        """Delete webhooks that were handled long ago and bear on no post any more."""
        return self._swept(lambda conn, now: _sweep_webhooks(conn, now - KEPT_MS, after))

    def sweep_posts(self, after: Mark, *, life_ms: int) -> Swept:
        """Delete posts that settled long ago, each with all that is known of it."""
        return self._swept(lambda conn, now: _sweep_posts(conn, now, now - life_ms, after))

    def was_swept(self, publish_id: str) -> bool:
        """Tell whether a publish id was that of a post which has been swept."""
        mine = select(swept_tasks.c.swept_at).where(swept_tasks.c.publish_id == publish_id)
        return self._database.read(lambda conn: conn.execute(mine).one_or_none() is not None)

    def _swept(self, fn: Callable[[Connection, int], Swept]) -> Swept:
        return self._database.write(lambda conn: fn(conn, self._database.now(conn)))


def _take_turn(conn: Connection, now: int, name: str, ttl_ms: int) -> int | None:
    until = now + ttl_ms
    mine = insert(conn, cron).values(name=name, next_at=until)
    taken = mine.on_conflict_do_update(
        index_elements=["name"], set_={"next_at": until}, where=cron.c.next_at <= now
    )
    return conn.execute(taken.returning(cron.c.next_at)).scalar_one_or_none()


def _page(
    query: Select[Any], at: ColumnElement[int], key: ColumnElement[str], limit: int
) -> Select[tuple[Any, ...]]:
    """Return the query of the oldest rows by `at` and `key`, up to `:before`, from behind a mark."""
    beyond = or_(at > bindparam("from_at", type_=BigInteger), key > bindparam("from_key"))
    return (
        query.where(
            at <= bindparam("before", type_=BigInteger), at >= bindparam("from_at", type_=BigInteger), beyond
        )
        .order_by(at, key)
        .limit(literal_column(str(limit)))
    )


def _values(before: int, after: Mark) -> dict[str, object]:
    return {"before": before, "from_at": after.at, "from_key": after.id}


def _mark(looked_at: Sequence[RowMapping], *, is_more: bool) -> Mark | None:
    """Return the mark behind the last row that was looked at."""
    return Mark(at=looked_at[-1]["at"], id=looked_at[-1]["key"]) if is_more else None


_KEYS = locked(
    _page(
        select(idempotency.c.expires_at.label("at"), idempotency.c.post_id.label("key")),
        idempotency.c.expires_at,
        idempotency.c.post_id,
        AT_ONCE,
    ),
    skip=True,
    of=idempotency,
)


def _sweep_keys(conn: Connection, now: int, after: Mark) -> Swept:
    """Delete keys by their posts: one that binds another post by now has another time too."""
    found = conn.execute(_KEYS, _values(now, after)).mappings().all()
    of_these = idempotency.c.post_id.in_({row["key"] for row in found})
    gone = conn.execute(delete(idempotency).where(of_these, idempotency.c.expires_at <= now)).rowcount
    return Swept(gone=gone, mark=_mark(found, is_more=len(found) == AT_ONCE))


_bears_on_a_post = (
    exists()
    .where(attempts.c.publish_id == inbox.c.publish_id, posts.c.id == attempts.c.post_id)
    .where(posts.c.state.not_in(sorted(PAST_DOUBT)))
)
_WEBHOOKS = _page(
    select(inbox.c.handled_at.label("at"), inbox.c.digest.label("key"), _bears_on_a_post.label("stays")),
    inbox.c.handled_at,
    inbox.c.digest,
    AT_ONCE,
)


def _sweep_webhooks(conn: Connection, before: int, after: Mark) -> Swept:
    found = conn.execute(_WEBHOOKS, _values(before, after)).mappings().all()
    over = [row["key"] for row in found if not row["stays"]]
    gone = conn.execute(delete(inbox).where(inbox.c.digest.in_(over))).rowcount if over else 0
    return Swept(gone=gone, mark=_mark(found, is_more=len(found) == AT_ONCE))


_doubt, _its, _mine, _twin = posts.alias(), accounts.alias(), accounts.alias(), posts.alias()
_is_same_account = or_(_mine.c.open_id == _its.c.open_id, _mine.c.union_id == _its.c.union_id)
_is_near_a_doubt = exists().where(
    is_for_a_person(_doubt),
    # Both, for the sake of the index: an account is of one workspace.
    _its.c.id == _doubt.c.account_id,
    _its.c.workspace_id == _doubt.c.workspace_id,
    _is_same_account,
    _mine.c.id == posts.c.account_id,
    _doubt.c.created_at <= posts.c.updated_at + BEFORE_MS,
    _doubt.c.updated_at >= posts.c.created_at - AFTER_MS,
)
"""Another post of the same TikTok account waits for a person, and may be held against this one.

It may be looked for in the account's list: a video there must not be taken for it that is known to be this
one's.
"""

_has_a_twin = posts.c.state.not_in(GONE) & exists().where(
    _twin.c.account_id == posts.c.account_id,
    _twin.c.input_hash == posts.c.input_hash,
    _twin.c.id != posts.c.id,
    _twin.c.state.in_(sorted(BADLY_OFF)),
)
"""Another post of the same input could be tried anew, and must not be, since this one is there."""

_is_bound = exists().where(
    idempotency.c.post_id == posts.c.id, idempotency.c.expires_at > bindparam("now", type_=BigInteger)
)
_is_told_of = exists().where(
    attempts.c.post_id == posts.c.id,
    inbox.c.publish_id == attempts.c.publish_id,
    inbox.c.handled_at.is_(None),
    inbox.c.next_at.is_not(None),
)
_is_owed = exists().where(
    events.c.post_id == posts.c.id, deliveries.c.event_id == events.c.id, deliveries.c.next_at.is_not(None)
)


def _lines(table: Table) -> ScalarSelect[int]:
    """Return how many rows of a table are a post's."""
    return select(func.count()).where(table.c.post_id == posts.c.id).scalar_subquery()


_OVER = locked(
    _page(
        select(
            posts.c.settled_at.label("at"),
            posts.c.id.label("key"),
            or_(_is_bound, _is_told_of, _is_owed, _is_near_a_doubt, _has_a_twin).label("stays"),
            (_lines(journal) + _lines(events)).label("lines"),
        ).where(
            is_over,
            posts.c.next_at.is_(None),
            posts.c.lease.is_(None),
            posts.c.parked_due.is_(None),
            posts.c.updated_at <= bindparam("before", type_=BigInteger),
        ),
        posts.c.settled_at,
        posts.c.id,
        POSTS_AT_ONCE,
    ),
    skip=True,
)

_ids = bindparam("ids", type_=Text, expanding=True)
_its_events = select(events.c.id).where(events.c.post_id.in_(_ids))
_TASKS = select(attempts.c.publish_id).where(attempts.c.post_id.in_(_ids), attempts.c.publish_id.is_not(None))
_WHOLE = (
    delete(deliveries).where(deliveries.c.event_id.in_(_its_events)),
    *(
        delete(table).where(table.c.post_id.in_(_ids))
        for table in (events, journal, attempts, post_files, post_content, idempotency)
    ),
    delete(posts).where(posts.c.id.in_(_ids)),
)
"""All that is known of posts, in the order in which it refers to each other."""


def _sweep_posts(conn: Connection, now: int, before: int, after: Mark) -> Swept:
    page = conn.execute(_OVER, {**_values(before, after), "now": now}).mappings().all()
    found = _few(page)
    ids = [row["key"] for row in found if not row["stays"]]
    if ids:
        _note_tasks(conn, now, ids)
        for part in _WHOLE:
            conn.execute(part, {"ids": ids})
    is_more = len(page) == POSTS_AT_ONCE or len(found) < len(page)
    return Swept(gone=len(ids), mark=_mark(found, is_more=is_more))


def _few(page: Sequence[RowMapping]) -> Sequence[RowMapping]:
    """Return the first rows of a page that have no more lines to delete than go at once; one at least."""
    lines = accumulate(0 if row["stays"] else row["lines"] for row in page)
    return [row for row, total in zip(page, lines, strict=True) if total <= ROWS_AT_ONCE] or page[:1]


def _note_tasks(conn: Connection, now: int, ids: Sequence[str]) -> None:
    """Remember the publish ids of posts, so that what TikTok still tells of them is no riddle."""
    rows = [{"publish_id": task, "swept_at": now} for task in conn.execute(_TASKS, {"ids": ids}).scalars()]
    if rows:
        conn.execute(insert(conn, swept_tasks).on_conflict_do_nothing(), rows)
