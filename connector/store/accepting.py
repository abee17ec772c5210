"""Accepting a post: one key, one post; the same input twice in a short while is refused."""

import json
from dataclasses import replace

from sqlalchemy import Connection, or_, select
from sqlalchemy import insert as plain_insert

from connector.domain.lifecycle import State
from connector.engine.model import Accepted, NewPost, Post
from connector.kernel.errors import PostrailError
from connector.kernel.jsontext import compact
from connector.store import files, journal
from connector.store.dialect import REPEATS, hold, insert
from connector.store.posts import whole
from connector.store.rows import new_content, new_post, post_of
from connector.store.tables import idempotency, post_content, posts

KEY_LIFE_MS = 30 * 24 * 3_600_000
"""A key binds its post for 30 days."""

GONE = (State.FAILED.value, State.CANCELLED.value)
"""The states of a post that is no obstacle to another one of the same input."""


def accept(conn: Connection, now: int, new: NewPost) -> Accepted:
    """Store a new post with its key, or return the post that the key binds already.

    Raises PostrailError `idempotency_conflict` or `duplicate_request`, each naming the first post, and
    `media_expired`.
    """
    if new.idempotency_key is not None and not _take_key(conn, now, new, new.idempotency_key):
        return _replay(conn, new, new.idempotency_key)
    if new.idempotency_key is None:
        _refuse_repeat(conn, now, new)
    conn.execute(plain_insert(posts).values(new_post(new, now)))
    conn.execute(plain_insert(post_content).values(new_content(new)))
    files.note_uploads(conn, now, new)
    post = _load(conn, new.id)
    journal.tell(conn, now, post, None)
    return Accepted(post=post, replayed=False)


def _load(conn: Connection, post_id: str) -> Post:
    return post_of(conn.execute(whole().where(posts.c.id == post_id)).mappings().one())


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
    statement = insert(conn, idempotency).values(**name, **fresh)
    taken = statement.on_conflict_do_update(
        index_elements=list(name), set_=fresh, where=idempotency.c.expires_at <= now
    ).returning(idempotency.c.post_id)
    return conn.execute(taken).one_or_none() is not None


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
    first = conn.execute(
        select(posts.c.id)
        .where(
            posts.c.account_id == new.account_id,
            posts.c.input_hash == new.input_hash,
            or_(posts.c.created_at > since, posts.c.retried_at > since),
            posts.c.state.not_in(GONE),
        )
        .order_by(posts.c.created_at)
        .limit(1)
    ).scalar_one_or_none()
    if first is not None:
        raise PostrailError(
            "duplicate_request",
            f"The same input was accepted as {first} a short while ago.",
            extra={"post_id": first},
        )
