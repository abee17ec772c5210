"""Accepting a post: one key, one post; the same input twice in a short while is refused."""

import json
from dataclasses import replace
from functools import cache

from sqlalchemy import BigInteger, Connection, bindparam, literal_column, or_, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.sql.dml import ReturningInsert

from connector.domain.lifecycle import State
from connector.engine.model import Accepted, NewPost, Post
from connector.kernel.errors import PostrailError
from connector.kernel.jsontext import compact
from connector.store import files, journal
from connector.store.dialect import REPEATS, hold, insert_on
from connector.store.posts import whole
from connector.store.rows import UNKNOWN_YET, new_content, new_post, post_of
from connector.store.tables import idempotency, post_content, posts

KEY_LIFE_MS = 30 * 24 * 3_600_000
"""A key binds its post for 30 days."""

# Built once: to build a statement takes longer than to run it.
_ADD_POST = plain_insert(posts)
_ADD_CONTENT = plain_insert(post_content)
_POST = whole().where(posts.c.id == bindparam("its_id"))

_OF_A_KEY = ("input_hash", "post_id", "receipt", "created_at", "expires_at")
"""What a key that is taken anew has anew."""

GONE = (State.FAILED.value, State.CANCELLED.value)
"""The states of a post that is no obstacle to another one of the same input."""

_SAME = (
    select(posts.c.id)
    .where(
        posts.c.account_id == bindparam("its_account"),
        posts.c.input_hash == bindparam("its_hash"),
        or_(posts.c.created_at > bindparam("since"), posts.c.retried_at > bindparam("since")),
        posts.c.state.not_in(GONE),
    )
    .order_by(posts.c.created_at)
    .limit(literal_column("1"))
)


def accept(conn: Connection, now: int, new: NewPost) -> Accepted:
    """Store a new post with its key, or return the post that the key binds already.

    Raises PostrailError `idempotency_conflict` or `duplicate_request`, each naming the first post, and
    `media_expired`.
    """
    if new.idempotency_key is not None and not _take_key(conn, now, new, new.idempotency_key):
        return _replay(conn, new, new.idempotency_key)
    if new.idempotency_key is None:
        _refuse_repeat(conn, now, new)
    hot, wide = new_post(new, now), new_content(new)
    conn.execute(_ADD_POST, hot)
    conn.execute(_ADD_CONTENT, wide)
    files.note_uploads(conn, now, new)
    post = post_of({**UNKNOWN_YET, **hot, **wide})
    journal.tell(conn, now, post, None)
    return Accepted(post=post, replayed=False)


def _load(conn: Connection, post_id: str) -> Post:
    return post_of(conn.execute(_POST, {"its_id": post_id}).mappings().one())


def _take_key(conn: Connection, now: int, new: NewPost, key: str) -> bool:
    """Bind the key to the new post; False when it is bound already.

    A twin that arrives at the same instant waits here for the first one's commit. A key past its time is
    free, whether it has been swept or not.
    """
    fresh = {
        "input_hash": new.input_hash,
        "post_id": new.id,
        "receipt": compact(new.receipt),
        "created_at": now,
        "expires_at": now + KEY_LIFE_MS,
    }
    name = {"workspace_id": new.workspace_id, "operation": new.operation, "key": key}
    taken = conn.execute(_taking(conn.dialect.name), {**name, **fresh, "now": now})
    return taken.one_or_none() is not None


@cache
def _taking(dialect: str) -> ReturningInsert[tuple[str]]:
    """Return the statement that takes a key which is free, or past its time."""
    statement = insert_on(dialect, idempotency)
    fresh = {name: statement.excluded[name] for name in _OF_A_KEY}
    over = idempotency.c.expires_at <= bindparam("now", type_=BigInteger)
    taken = statement.on_conflict_do_update(
        index_elements=["workspace_id", "operation", "key"], set_=fresh, where=over
    )
    return taken.returning(idempotency.c.post_id)


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


def _refuse_repeat(conn: Connection, now: int, new: NewPost) -> None:
    if not new.repeat_window_ms:
        return
    hold_repeats(conn, new.input_hash)
    since = now - new.repeat_window_ms
    same = {"its_account": new.account_id, "its_hash": new.input_hash, "since": since}
    first = conn.execute(_SAME, same).scalar_one_or_none()
    if first is not None:
        raise PostrailError(
            "duplicate_request",
            f"The same input was accepted as {first} a short while ago.",
            extra={"post_id": first},
        )
