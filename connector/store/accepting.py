"""Accepting a post: one key, one post; the same input twice in a short while is refused."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, literal_column, not_, or_, select
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
_NOW = Compiled(lambda dialect: select(store_time(dialect).label("store_now")))

_OF_A_KEY = ("input_hash", "post_id", "receipt", "created_at", "expires_at")
"""What a key that is taken anew has anew."""

GONE = (State.FAILED.value, State.CANCELLED.value)
"""The states of a post that is no obstacle to another one of the same input."""

_SAME = Compiled(
    select(posts.c.id)
    .where(
        posts.c.account_id == bindparam("its_account"),
        posts.c.input_hash == bindparam("its_hash"),
        or_(posts.c.created_at > bindparam("since"), posts.c.retried_at > bindparam("since")),
        not_(one_of(posts.c.state, GONE)),
    )
    .order_by(posts.c.created_at)
    .limit(literal_column("1"))
)


def accept(conn: Connection, now: int | None, new: NewPost) -> Accepted:
    """Store a new post with its key, or return the post that the key binds already.

    `now` None: by the server's time. Raises PostrailError `idempotency_conflict` or `duplicate_request`, each
    naming the first post, and `media_expired`.
    """
    if new.idempotency_key is None:
        at = _refuse_repeat(conn, now, new)
    elif (taken_at := _take_key(conn, now, new, new.idempotency_key)) is None:
        return _replay(conn, new, new.idempotency_key)
    else:
        at = taken_at
    hot, wide = new_post(new, at), new_content(new)
    post = post_of({**UNKNOWN_YET, **hot, **wide})
    add = _at_once if conn.dialect.name == "postgresql" else _one_by_one
    uploads = files.live_uploads(conn, at, new)
    add(conn, hot, wide, journal.news_of(at, post, (), None))
    files.note(conn, new.id, uploads)
    return Accepted(post=post, replayed=False)


def _at_once(
    conn: Connection, hot: Mapping[str, object], wide: Mapping[str, object], news: journal.News
) -> None:
    """Insert a post with all that belongs to it by one statement."""
    statement = at_once.adding(tuple(hot), tuple(wide))
    statement.run(conn, {**at_once.named(hot), **at_once.named(wide), **at_once.told(news)})


def _one_by_one(
    conn: Connection, hot: Mapping[str, object], wide: Mapping[str, object], news: journal.News
) -> None:
    """Insert a post with all that belongs to it, one table after the other."""
    _adding(posts, tuple(hot)).run(conn, hot)
    _adding(post_content, ("post_id", *wide)).run(conn, {"post_id": hot["id"], **wide})
    journal.add(conn, str(hot["id"]), news)


@cache
def _adding(table: Table, columns: tuple[str, ...]) -> Compiled:
    return Compiled(plain_insert(table).inline(), columns)


def _load(conn: Connection, post_id: str) -> Post:
    (row,) = _POST.rows(conn, {"its_id": post_id})
    return post_of(row)


def _take_key(conn: Connection, now: int | None, new: NewPost, key: str) -> int | None:
    """Bind the key to the new post, and return the time; None when it is bound already.

    A twin that arrives at the same instant waits here for the first one's commit. A key past its time is
    free, whether it has been swept or not.
    """
    given = {
        "workspace_id": new.workspace_id,
        "operation": new.operation,
        "key": key,
        "input_hash": new.input_hash,
        "post_id": new.id,
        "receipt": compact(new.receipt),
    }
    taken = _taking.first(conn, {**{f"new_{name}": value for name, value in given.items()}, "now": now})
    return None if taken is None else int(taken["created_at"])


@Compiled
def _taking(dialect: str) -> ReturningInsert[tuple[int]]:
    """Return the statement that takes a key which is free, or past its time."""
    given = ("workspace_id", "operation", "key", "input_hash", "post_id", "receipt")
    row: dict[str, Any] = {name: bindparam(f"new_{name}", type_=idempotency.c[name].type) for name in given}
    now = store_time(dialect)
    statement = insert_on(dialect, idempotency).values(**row, created_at=now, expires_at=now + KEY_LIFE_MS)
    fresh = {name: statement.excluded[name] for name in _OF_A_KEY}
    taken = statement.on_conflict_do_update(
        index_elements=["workspace_id", "operation", "key"], set_=fresh, where=idempotency.c.expires_at <= now
    )
    return taken.returning(idempotency.c.created_at)


def _replay(conn: Connection, new: NewPost, key: str) -> Accepted:
    """Answer with the bound post as it stands, and with the receipt as first given."""
    bound = conn.execute(
        select(idempotency.c.input_hash, idempotency.c.post_id, idempotency.c.receipt).where(
            idempotency.c.workspace_id == new.workspace_id,
            idempotency.c.operation == new.operation,
            idempotency.c.key == key,
        )
    ).one()
    if bound.input_hash != new.input_hash:
        raise PostrailError(
            "idempotency_conflict",
            f"The idempotency key is bound to {bound.post_id}, which has another input.",
            extra={"post_id": bound.post_id},
        )
    post = replace(_load(conn, bound.post_id), receipt=json.loads(bound.receipt))
    return Accepted(post=post, replayed=True)


def hold_repeats(conn: Connection, input_hash: str) -> None:
    """Let equal inputs look for each other one after the other."""
    hold(conn, REPEATS, int.from_bytes(bytes.fromhex(input_hash[:8]), "big", signed=True))


def _refuse_repeat(conn: Connection, now: int | None, new: NewPost) -> int:
    """Refuse what was accepted a short while ago; return the time."""
    if new.repeat_window_ms:
        hold_repeats(conn, new.input_hash)
    at = now if now is not None else int(_NOW.rows(conn, {"now": None})[0]["store_now"])
    if not new.repeat_window_ms:
        return at
    since = at - new.repeat_window_ms
    same = {"its_account": new.account_id, "its_hash": new.input_hash, "since": since}
    first = _SAME.first(conn, same)
    if first is not None:
        raise PostrailError(
            "duplicate_request",
            f"The same input was accepted as {first['id']} a short while ago.",
            extra={"post_id": first["id"]},
        )
    return at
