"""What is only ever appended: the timeline of outside calls, and the events that triggers read.

Events are numbered under a lock that is held until the commit, so none can appear behind one that a reader
has already passed: they are written last in a transaction, since others wait for that lock.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy import insert as plain_insert

from connector.domain.lifecycle import TABLE, State
from connector.engine.model import Entry, Post
from connector.kernel.jsontext import canonical
from connector.store.compiled import Compiled
from connector.store.dialect import EVENTS, hold
from connector.store.rows import entry_of
from connector.store.tables import events, journal

STATE = "state"
"""What a line of the timeline is called that records a post's new state."""

# Nobody asks for the numbers that are given.
_APPEND = Compiled(plain_insert(journal).inline(), [one.name for one in journal.c if one.name != "id"])
_TELL = Compiled(plain_insert(events).inline(), [one.name for one in events.c if one.name != "id"])


def append(conn: Connection, now: int, post_id: str, entries: Iterable[Entry]) -> None:
    """Append `entries` to a post's timeline; those without a time happened `now`."""
    for entry in entries:
        _APPEND.run(conn, {**_line_of(entry, now), "post_id": post_id})


def _line_of(entry: Entry, now: int) -> dict[str, object]:
    """Return the columns of a line of a timeline; one without a time happened `now`."""
    return {**vars(entry), "at": entry.at or now}


def timeline(conn: Connection, post_id: str) -> list[Entry]:
    """Return a post's timeline as it was written."""
    columns = [column for column in journal.c if column.name not in {"id", "post_id"}]
    query = select(*columns).where(journal.c.post_id == post_id).order_by(journal.c.id)
    return [entry_of(row) for row in conn.execute(query).mappings()]


@dataclass(frozen=True, kw_only=True)
class News:
    """What a change is told by: rows of the timeline, and the event of a new state (None: it has none)."""

    lines: list[dict[str, object]]
    event: dict[str, object] | None


def news_of(now: int, post: Post, entries: Iterable[Entry], before: State | None) -> News:
    """Return the news of a post that was in the state `before`; `entries` came with the change."""
    if post.state is before:
        return News(lines=[_line_of(entry, now) for entry in entries], event=None)
    lines = [*entries, Entry(call=STATE, decision=post.state.value)]
    event: dict[str, object] = {
        "workspace_id": post.workspace_id,
        "kind": TABLE[post.state].trigger,
        "post_id": post.id,
        "account_id": post.account_id,
        "payload": canonical({"from": before, "to": post.state, "version": post.version}),
        "at": now,
    }
    return News(lines=[_line_of(entry, now) for entry in lines], event=event)


def add(conn: Connection, post_id: str, news: News) -> None:
    """Write the news of a post on SQLite, where nobody else writes meanwhile."""
    for line in news.lines:
        _APPEND.run(conn, {**line, "post_id": post_id})
    if news.event is not None:
        _TELL.run(conn, news.event)


def tell_account(
    conn: Connection, now: int, kind: str, workspace_id: str, account_id: str, **payload: object
) -> None:
    """Write an event about an account, the last statement of its transaction."""
    hold(conn, EVENTS)
    row = {"workspace_id": workspace_id, "kind": kind, "account_id": account_id, "at": now}
    _TELL.run(conn, {**row, "post_id": None, "payload": canonical(payload)})
