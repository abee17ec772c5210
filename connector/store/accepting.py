"""Accepting a post: one key, one post; the same input twice in a short while is refused."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, Table, bindparam, literal_column, not_, or_, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.sql.dml import ReturningInsert

from connector.domain.lifecycle import State
from connector.engine.model import Accepted, NewPost, Post
from connector.kernel.errors import PostrailError
from connector.kernel.jsontext import compact
from connector.store import at_once, files, journal
from connector.store.compiled import Compiled
from connector.store.dialect import REPEATS, hold, insert_on, one_of, store_time
from connector.store.posts import whole
from connector.store.rows import UNKNOWN_YET, new_content, new_post, post_of
from connector.store.tables import idempotency, post_content, posts

KEY_LIFE_MS = 30 * 24 * 3_600_000
"""A key binds its post for 30 days."""

_POST = Compiled(whole().where(posts.c.id == bindparam("its_id")))

_OF_A_KEY = ("input_hash", "post_id", "receipt", "created_at", "expires_at")
"""What a key that is taken anew has anew."""

GONE = (State.FAILED.value, State.CANCELLED.value)
"""The states of a post that is no obstacle to another one of the same input."""


@Compiled
def _same(dialect: str) -> Select[tuple[str]]:
    """Return the query of the first post of an input that is no older than a window."""
    since = store_time(dialect) - bindparam("window_ms", type_=BigInteger)
    return (
        select(posts.c.id)
        .where(
            posts.c.account_id == bindparam("its_account"),
            posts.c.input_hash == bindparam("its_hash"),
            or_(posts.c.created_at > since, posts.c.retried_at > since),
            not_(one_of(posts.c.state, GONE)),
        )
        .order_by(posts.c.created_at)
        .limit(literal_column("1"))
    )


def is_whole(new: NewPost) -> bool:
    """Tell whether accepting a post is whole by each of its statements, and may be done again.

    That is so where its key tells whether it was done, and no upload has to be held for it.
    """
    return new.idempotency_key is not None and not new.uploads


def accept(conn: Connection, now: int | None, new: NewPost) -> Accepted:
    """Store a new post with its key, or return the post that the key binds already.

    `now` None: by the server's time. Raises PostrailError `idempotency_conflict` or `duplicate_request`, each
    naming the first post, and `media_expired`.
    """
    if new.idempotency_key is None:
        _refuse_repeat(conn, now, new)
    store = _at_once if conn.dialect.name == "postgresql" else _one_by_one
    post = store(conn, now, new)
    if post is None:
        return _replay(conn, new)
    files.note(conn, new.id, files.live_uploads(conn, post.created_at, new))
    return Accepted(post=post, replayed=False)


def _at_once(conn: Connection, now: int | None, new: NewPost) -> Post | None:
    """Insert a post with all that belongs to it by one statement; None where its key is bound."""
    hot, wide, post, news = _made(new, 0)
    statement = _adding_at_once(tuple(hot), tuple(wide), keyed=new.idempotency_key is not None)
    given = at_once.named({**hot, **wide, **_key_row(new)})
    row = statement.first(conn, {**given, **at_once.told(news), "now": now})
    return None if row is None else replace(post, **dict.fromkeys(at_once.TIMES, row["created_at"]))


@cache
def _adding_at_once(columns: tuple[str, ...], content: tuple[str, ...], *, keyed: bool) -> Compiled:
    at = store_time("postgresql").label("created_at")
    taken = _taking("postgresql") if keyed else select(at)
    return at_once.adding(taken.cte("taken"), columns, content)


def _one_by_one(conn: Connection, now: int | None, new: NewPost) -> Post | None:
    """Insert a post with all that belongs to it, one table after the other; None where its key is bound."""
    if new.idempotency_key is not None:
        row = _TAKE_KEY.first(conn, {**at_once.named(_key_row(new)), "now": now})
        if row is None:
            return None
    hot, wide, post, news = _made(new, now or 0)
    _adding(posts, tuple(hot)).run(conn, hot)
    _adding(post_content, ("post_id", *wide)).run(conn, {"post_id": new.id, **wide})
    journal.add(conn, new.id, news)
    return post


def _made(new: NewPost, at: int) -> tuple[dict[str, object], dict[str, object], Post, journal.News]:
    """Return the rows of a new post, the post, and its news, all at a time."""
    hot, wide = new_post(new, at), new_content(new)
    post = post_of({**UNKNOWN_YET, **hot, **wide})
    return hot, wide, post, journal.news_of(at, post, (), None)


@cache
def _adding(table: Table, columns: tuple[str, ...]) -> Compiled:
    return Compiled(plain_insert(table).inline(), columns)


def _load(conn: Connection, post_id: str) -> Post:
    (row,) = _POST.rows(conn, {"its_id": post_id})
    return post_of(row)


_KEY_ROW = ("workspace_id", "operation", "key", "input_hash", "post_id", "receipt")


def _key_row(new: NewPost) -> dict[str, object]:
    """Return what the row of a post's key is given."""
    values = (
        new.workspace_id,
        new.operation,
        new.idempotency_key,
        new.input_hash,
        new.id,
        compact(new.receipt),
    )
    return dict(zip(_KEY_ROW, values, strict=True))


def _taking(dialect: str) -> ReturningInsert[tuple[int]]:
    """Return the statement that binds a key which is free, or past its time, to a new post.

    It gives no row where the key is bound. A twin that arrives at the same instant waits for the first one's
    commit. A key past its time is free, whether it has been swept or not.
    """
    row: dict[str, Any] = {
        name: bindparam(f"{at_once.PREFIX}{name}", type_=idempotency.c[name].type) for name in _KEY_ROW
    }
    now = store_time(dialect)
    statement = insert_on(dialect, idempotency).values(**row, created_at=now, expires_at=now + KEY_LIFE_MS)
    fresh = {name: statement.excluded[name] for name in _OF_A_KEY}
    taken = statement.on_conflict_do_update(
        index_elements=["workspace_id", "operation", "key"], set_=fresh, where=idempotency.c.expires_at <= now
    )
    return taken.returning(idempotency.c.created_at)


_TAKE_KEY = Compiled(_taking)
_BOUND = Compiled(
    select(idempotency.c.input_hash, idempotency.c.post_id, idempotency.c.receipt).where(
        idempotency.c.workspace_id == bindparam("its_workspace"),
        idempotency.c.operation == bindparam("its_operation"),
        idempotency.c.key == bindparam("its_key"),
    )
)


def _replay(conn: Connection, new: NewPost) -> Accepted:
    """Answer with the bound post as it stands, and with the receipt as first given.

    It may be the new post itself, which was stored by a run that was cut off before it heard of it.
    """
    named = {
        "its_workspace": new.workspace_id,
        "its_operation": new.operation,
        "its_key": new.idempotency_key,
    }
    (bound,) = _BOUND.rows(conn, named)
    if bound["input_hash"] != new.input_hash:
        raise PostrailError(
            "idempotency_conflict",
            f"The idempotency key is bound to {bound['post_id']}, which has another input.",
            extra={"post_id": bound["post_id"]},
        )
    post = replace(_load(conn, bound["post_id"]), receipt=json.loads(bound["receipt"]))
    return Accepted(post=post, replayed=True)


def hold_repeats(conn: Connection, input_hash: str) -> None:
    """Let equal inputs look for each other one after the other."""
    hold(conn, REPEATS, int.from_bytes(bytes.fromhex(input_hash[:8]), "big", signed=True))


def _refuse_repeat(conn: Connection, now: int | None, new: NewPost) -> None:
    if not new.repeat_window_ms:
        return
    hold_repeats(conn, new.input_hash)
    same = {"its_account": new.account_id, "its_hash": new.input_hash, "window_ms": new.repeat_window_ms}
    first = _same.first(conn, {**same, "now": now})
    if first is not None:
        raise PostrailError(
            "duplicate_request",
            f"The same input was accepted as {first['id']} a short while ago.",
            extra={"post_id": first["id"]},
        )
