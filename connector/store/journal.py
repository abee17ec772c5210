"""What is only ever appended: the timeline of outside calls, and the events that triggers read."""

from collections.abc import Iterable

from sqlalchemy import Connection, select
from sqlalchemy import insert as plain_insert

from connector.domain.lifecycle import TABLE, State
from connector.engine.model import Entry, Post
from connector.kernel.jsontext import canonical
from connector.store.dialect import EVENTS, hold, tell_and_hold
from connector.store.rows import entry_of
from connector.store.tables import events, journal

STATE = "state"
"""What a line of the timeline is called that records a post's new state."""

# Built once: to build a statement takes longer than to run it. Nobody asks for the numbers that are given.
_APPEND = plain_insert(journal).inline()
_TELL = plain_insert(events).inline()


def append(conn: Connection, now: int, post_id: str, entries: Iterable[Entry]) -> None:
    """Append `entries` to a post's timeline; those without a time happened `now`."""
    for entry in entries:
        conn.execute(_APPEND, {**vars(entry), "at": entry.at or now, "post_id": post_id})


def timeline(conn: Connection, post_id: str) -> list[Entry]:
    """Return a post's timeline as it was written."""
    columns = [column for column in journal.c if column.name not in {"id", "post_id"}]
    query = select(*columns).where(journal.c.post_id == post_id).order_by(journal.c.id)
    return [entry_of(row) for row in conn.execute(query).mappings()]


def tell(conn: Connection, now: int, post: Post, before: State | None) -> None:
    """Write a post's new state into its timeline, and its event, the last statement of its transaction.

    Numbers are given under a lock that is held until the commit, so no event can appear behind one that a
    reader has already passed.
    """
    append(conn, now, post.id, [Entry(call=STATE, decision=post.state.value)])
    tell_and_hold(conn, "posts", EVENTS)
    payload = canonical({"from": before, "to": post.state, "version": post.version})
    row = {
        "workspace_id": post.workspace_id,
        "kind": TABLE[post.state].trigger,
        "post_id": post.id,
        "account_id": post.account_id,
        "payload": payload,
        "at": now,
    }
    conn.execute(_TELL, row)


def tell_account(
    conn: Connection, now: int, kind: str, workspace_id: str, account_id: str, **payload: object
) -> None:
    """Write an event about an account, the last statement of its transaction."""
    hold(conn, EVENTS)
    row = {"workspace_id": workspace_id, "kind": kind, "account_id": account_id, "at": now}
    conn.execute(_TELL, {**row, "payload": canonical(payload)})
