"""Several writes in one statement, for PostgreSQL: what one post, its content, timeline and event become.

Each statement is one round trip where five would do the same. Its parts run in the order in which one needs
the other: the fenced row first, so that nothing else happens where the fence holds nobody; the lock of the
events last, since others wait for it, and the event's number only once that lock is had.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    bindparam,
    column,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from connector.kernel.jsontext import compact
from connector.store.compiled import Compiled
from connector.store.dialect import CHANNEL, EVENTS
from connector.store.journal import News
from connector.store.tables import events, journal, post_content, posts

_LINE = (
    column("call", Text),
    column("at", BigInteger),
    column("status", Integer),
    column("code", Text),
    column("log_id", Text),
    column("took_ms", BigInteger),
    column("decision", Text),
)
"""The columns of a line of the timeline."""

TIMES = ("next_at", "created_at", "updated_at")
"""The times of a post that has just been accepted: they are all the same."""

PREFIX = "new_"
"""What stands before the name of a column in the name of its value."""


def named(row: Mapping[str, object]) -> dict[str, object]:
    """Return the values of a row by the names that they have in these statements."""
    return {f"{PREFIX}{name}": value for name, value in row.items()}


def told(news: News) -> dict[str, object]:
    """Return the values by which news of a post are written."""
    lines: dict[str, object] = {"lines": compact(news.lines)}
    if news.event is None:
        return lines
    return {**lines, **{f"event_{name}": news.event[name] for name in ("kind", "payload", "at")}}


def _value(table_column: ColumnElement[Any]) -> ColumnElement[Any]:
    return bindparam(f"{PREFIX}{table_column.key}", type_=table_column.type)


def _values(table: Any, names: Iterable[str]) -> dict[str, ColumnElement[Any]]:  # noqa: ANN401 - a table
    return {name: _value(table.c[name]) for name in names}


def _lines(of: CTE, at: ColumnElement[int] | None = None) -> CTE:
    """Return the insert of timeline lines, which come as one JSON text, in its order; all `at` one time."""
    given = bindparam("lines", type_=Text).cast(JSONB)
    lines = func.jsonb_to_recordset(given).table_valued(*_LINE).render_derived(name="line", with_types=True)
    row = {one.key: lines.c[one.key] for one in _LINE} | ({} if at is None else {"at": at})
    query = select(of.c.id, *row.values()).select_from(of.join(lines, literal_column("true")))
    return insert(journal).inline().from_select(["post_id", *row], query).cte("lines")


def _event(of: CTE, at: ColumnElement[int]) -> CTE:
    """Return the insert of an event, told to every process, behind the lock under which it is numbered."""
    locked = (
        select(
            of,
            at.label("happened_at"),
            func.pg_notify(CHANNEL, literal_column("'posts'")).label("told"),
            func.pg_advisory_xact_lock(literal_column(str(EVENTS)), literal_column("0")).label("held"),
        )
        .cte("locked")
        .prefix_with("MATERIALIZED")
    )
    row: dict[str, ColumnElement[Any]] = {
        "workspace_id": locked.c.workspace_id,
        "kind": bindparam("event_kind", type_=Text),
        "post_id": locked.c.id,
        "account_id": locked.c.account_id,
        "payload": bindparam("event_payload", type_=Text),
        "at": locked.c.happened_at,
    }
    query = select(*row.values()).select_from(locked)
    return insert(events).inline().from_select(list(row), query).cte("event")


_told_of = (posts.c.id, posts.c.workspace_id, posts.c.account_id)
"""What is told of a post, wherever it is written."""


@cache
def changing(columns: tuple[str, ...], *, wide: tuple[str, ...], tells: bool) -> Compiled:
    """Return what writes `columns` of a post under its lease, `wide` ones of its content, lines and an event.

    It takes `its_id`, `its_lease`, the columns' values as `named` names them, and what `told` makes of the
    news; it gives one row, none where the lease does not hold the post.
    """
    mine = (posts.c.id == bindparam("its_id")) & (posts.c.lease == bindparam("its_lease"))
    hot = update(posts).where(mine).values(_values(posts, columns)).returning(*_told_of).cte("hot")
    parts = [_lines(hot)]
    if wide:
        its = post_content.c.post_id == hot.c.id
        parts.append(update(post_content).where(its).values(_values(post_content, wide)).cte("wide"))
    if tells:
        parts.append(_event(hot, bindparam("event_at", type_=BigInteger)))
    return Compiled(select(hot.c.id).add_cte(*parts))


def adding(taken: CTE, columns: Iterable[str], content: Iterable[str]) -> Compiled:
    """Return what inserts a post with its content, lines and event at the `created_at` of the row of `taken`.

    Where `taken` has no row, nothing is inserted. It takes the columns' values as `named` names them, and
    what `told` makes of the news; it gives one row, with the time, where it has inserted one.
    """
    row = {**_values(posts, columns), **dict.fromkeys(TIMES, taken.c.created_at)}
    made = insert(posts).inline().from_select(list(row), select(*row.values()).select_from(taken))
    hot = made.returning(*_told_of, posts.c.created_at).cte("hot")
    text = {"post_id": hot.c.id, **_values(post_content, content)}
    filled = insert(post_content).inline().from_select(list(text), select(*text.values()).select_from(hot))
    at = hot.c.created_at
    return Compiled(select(at).add_cte(filled.cte("wide"), _lines(hot, at), _event(hot, at)))
