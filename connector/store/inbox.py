"""TikTok's webhooks on SQL: each kept once, leased like posts, marked when it has been acted on."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, func, select, update
from sqlalchemy import insert as plain_insert

from connector.engine.model import Entry
from connector.engine.ports import LeaseLost
from connector.engine.ports_hooks import Alarm, Arrival, Letter
from connector.kernel.ids import Ids
from connector.kernel.jsontext import canonical
from connector.store import claims, journal
from connector.store.database import Database
from connector.store.dialect import EVENTS, hold, insert, tell
from connector.store.tables import events
from connector.store.tables import webhook_inbox as inbox

T = TypeVar("T")

# The condition changes nothing but lets SQLite use the index.
_EARLIEST = select(func.min(inbox.c.next_at)).where(inbox.c.next_at.is_not(None))


class SqlInbox:
    """`connector.engine.ports_hooks.HookInbox` on a database that `migrate` has prepared.

    `ids` gives the lease tokens.
    """

    def __init__(self, database: Database, *, ids: Ids) -> None:
        self._database = database
        self._ids = ids

    def _write(self, fn: Callable[[Connection, int], T]) -> T:
        return self._database.write(lambda conn: fn(conn, self._database.now(conn)))

    def keep(self, arrival: Arrival) -> bool:
        """Store a webhook, due now; False when it is there already."""
        return self._write(lambda conn, now: _keep(conn, now, arrival))

    def claim(self, owner: str, *, limit: int, ttl_ms: int) -> list[Letter]:
        """Lease webhooks that are due; looks before it writes, so that an idle loop is cheap."""

        def is_due(conn: Connection) -> bool:
            earliest = conn.execute(_EARLIEST).scalar_one()
            return earliest is not None and earliest <= self._database.now(conn)

        if not self._database.read(is_due):
            return []
        token = self._ids.token()
        return self._write(lambda conn, now: _claim(conn, now, owner, token, limit=limit, ttl_ms=ttl_ms))

    def next_due(self) -> int | None:
        """Return the earliest time at which a webhook is due."""
        return self._time(_EARLIEST)

    def about(self, publish_id: str) -> list[bytes]:
        """Return the bodies of all that TikTok has told of a publish task."""
        told = select(inbox.c.body).where(inbox.c.publish_id == publish_id)
        ordered = told.order_by(inbox.c.received_at, inbox.c.digest)
        return self._database.read(lambda conn: [bytes(body) for body in conn.execute(ordered).scalars()])

    def finish(
        self,
        letter: Letter,
        outcome: str,
        *,
        post_id: str | None = None,
        entry: Entry | None = None,
        wake: bool = False,
        alarm: Alarm | None = None,
    ) -> None:
        """Mark a webhook as handled, with all that follows from it. Raises LeaseLost."""

        def finish(conn: Connection, now: int) -> None:
            _give_back(conn, letter, {"next_at": None, "handled_at": now, "outcome": outcome})
            if post_id is not None and entry is not None:
                journal.append(conn, now, post_id, [entry])
            if post_id is not None and wake:
                claims.wake(conn, now, post_id)
            if alarm is not None:
                _raise_alarm(conn, now, alarm)

        self._write(finish)

    def again(self, letter: Letter, *, next_at: int | None, outcome: str) -> None:
        """Give a webhook back, due again at `next_at`. Raises LeaseLost."""
        values = {"next_at": next_at, "tries": letter.tries, "outcome": outcome}
        self._write(lambda conn, _now: _give_back(conn, letter, values))

    def last_received(self) -> int | None:
        """Return when the last webhook came."""
        return self._time(select(func.max(inbox.c.received_at)))

    def _time(self, query: Select[Any]) -> int | None:
        found: int | None = self._database.read(lambda conn: conn.execute(query).scalar_one())
        return found


def _keep(conn: Connection, now: int, arrival: Arrival) -> bool:
    row = {**vars(arrival), "received_at": now, "next_at": now, "tries": 0}
    kept = insert(conn, inbox).values(row).on_conflict_do_nothing(index_elements=["digest"])
    fresh = conn.execute(kept.returning(inbox.c.digest)).one_or_none() is not None
    if fresh:
        tell(conn, "webhooks")
    return fresh


def _claim(conn: Connection, now: int, owner: str, token: str, *, limit: int, ttl_ms: int) -> list[Letter]:
    due = (
        select(inbox.c.digest, inbox.c.body, inbox.c.tries)
        .where(inbox.c.next_at <= now)
        .order_by(inbox.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = conn.execute(due).all()
    taken = update(inbox).where(inbox.c.digest.in_([row.digest for row in found]))
    conn.execute(taken.values(lease=token, owner=owner, next_at=now + ttl_ms))
    return [Letter(digest=row.digest, body=bytes(row.body), tries=row.tries, lease=token) for row in found]


def _give_back(conn: Connection, letter: Letter, values: Mapping[str, object]) -> None:
    mine = (inbox.c.digest == letter.digest) & (inbox.c.lease == letter.lease)
    if conn.execute(update(inbox).where(mine).values(lease=None, owner=None, **values)).rowcount != 1:
        raise LeaseLost(letter.digest)


def _raise_alarm(conn: Connection, now: int, alarm: Alarm) -> None:
    """Write the event of an alarm: the last statement of its transaction, since others wait for its lock."""
    hold(conn, EVENTS)
    conn.execute(
        plain_insert(events).values(
            workspace_id=alarm.post.workspace_id,
            kind=alarm.kind,
            post_id=alarm.post.id,
            account_id=alarm.post.account_id,
            payload=canonical(alarm.payload),
            at=now,
        )
    )
