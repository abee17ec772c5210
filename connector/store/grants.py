"""Grants on SQL: an account's tokens for one app, renewed by one owner at a time."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection, RowMapping, bindparam, func, select, update

from connector.engine.model_accounts import (
    Grant,
    GrantClaim,
    GrantLease,
    GrantState,
    NewGrant,
    NewPair,
)
from connector.engine.ports import LeaseLost
from connector.kernel.ids import Ids
from connector.store import journal
from connector.store.consents import store_consent
from connector.store.database import Database
from connector.store.dialect import locked
from connector.store.grant_rows import grant_of, token_columns
from connector.store.sealing import Sealer, grant_context
from connector.store.tables import apps, grants

T = TypeVar("T")

LIVE = "live"
ENDINGS: dict[GrantState, str] = {
    "reconnect": "account_needs_reconnect",
    "disconnected": "account_disconnected",
}
"""The event of each way in which a grant can end."""

_OF_WORKSPACE = (
    select(grants)
    .where(grants.c.workspace_id == bindparam("its_workspace"))
    .order_by(grants.c.created_at, grants.c.id)
)


class SqlGrants:
    """`connector.engine.ports_accounts.GrantStore` on a database that `migrate` has prepared.

    `ids` gives the lease tokens.
    """

    def __init__(self, database: Database, *, ids: Ids, sealer: Sealer) -> None:
        self._database = database
        self._ids = ids
        self._sealer = sealer

    def _write(self, fn: Callable[[Connection, int], T]) -> T:
        return self._database.write(lambda conn: fn(conn, self._database.now(conn)))

    def connect(self, new: NewGrant) -> Grant:
        """Store a consent with its account, and let the posts that wait for it go on."""
        return self._write(lambda conn, now: store_consent(conn, now, self._sealer, new))

    def grant(self, grant_id: str) -> Grant | None:
        """Return a grant by its id."""
        mine = select(grants).where(grants.c.id == grant_id)
        row = self._database.read(lambda conn: conn.execute(mine).mappings().one_or_none())
        return None if row is None else grant_of(row, self._sealer)

    def grants(self, workspace_id: str) -> list[Grant]:
        """List the grants of a workspace, oldest first."""
        mine = {"its_workspace": workspace_id}
        rows = self._database.read(lambda conn: conn.execute(_OF_WORKSPACE, mine).mappings().all())
        return [grant_of(row, self._sealer) for row in rows]

    def claim_due(self, owner: str, *, limit: int, ttl_ms: int) -> list[GrantClaim]:
        """Lease due grants to `owner`; looks before it writes, so that an idle loop is cheap."""
        due = select(grants).where(grants.c.state == LIVE).order_by(grants.c.next_at).limit(limit)

        def is_due(conn: Connection) -> bool:
            earliest = _next_due(conn)
            return earliest is not None and earliest <= self._database.now(conn)

        def claim(conn: Connection, now: int) -> list[GrantClaim]:
            query = locked(due.where(grants.c.next_at <= now), skip=True, of=grants)
            rows = conn.execute(query).mappings().all()
            return [self._lease(conn, now, row, owner, ttl_ms) for row in rows]

        return self._write(claim) if self._database.read(is_due) else []

    def take(self, grant_id: str, owner: str, *, ttl_ms: int) -> GrantClaim | None:
        """Lease one live grant now, unless somebody holds it whose lease has not run out."""

        def take(conn: Connection, now: int) -> GrantClaim | None:
            free = grants.c.lease.is_(None) | (grants.c.next_at <= now)
            mine = select(grants).where(grants.c.id == grant_id, grants.c.state == LIVE, free)
            row = conn.execute(locked(mine, of=grants)).mappings().one_or_none()
            return None if row is None else self._lease(conn, now, row, owner, ttl_ms)

        return self._write(take)

    def _lease(self, conn: Connection, now: int, row: RowMapping, owner: str, ttl_ms: int) -> GrantClaim:
        """Lease a row that is locked; an old lease on it means that its holder never gave it back."""
        lease = GrantLease(grant_id=row["id"], token=self._ids.token(), owner=owner)
        mine = update(grants).where(grants.c.id == row["id"])
        conn.execute(mine.values(lease=lease.token, owner=owner, next_at=now + ttl_ms))
        grant = grant_of({**row, "next_at": now + ttl_ms}, self._sealer)
        return GrantClaim(grant=grant, lease=lease, in_doubt=row["lease"] is not None)

    def extend(self, lease: GrantLease, *, ttl_ms: int) -> None:
        """Let a lease last for `ttl_ms` from now. Raises LeaseLost."""
        self._write(lambda conn, now: _write_held(conn, lease, {"next_at": now + ttl_ms}))

    def store_pair(self, lease: GrantLease, tokens: NewPair) -> Grant:
        """Replace a grant's tokens and give it back. Raises LeaseLost; ValueError for an empty token."""

        def store(conn: Connection, now: int) -> Grant:
            before = grant_of(_held(conn, lease), self._sealer)
            context = grant_context(before.app_id, before.open_id, before.workspace_id)
            _write_held(conn, lease, token_columns(now, tokens, before, context, self._sealer))
            return grant_of(_row(conn, lease.grant_id), self._sealer)

        return self._write(store)

    def give_back(self, lease: GrantLease, *, next_in_ms: int | None, tries: int) -> None:
        """Give a grant back as it is. Raises LeaseLost."""

        def give_back(conn: Connection, now: int) -> None:
            next_at = None if next_in_ms is None else now + next_in_ms
            _write_held(conn, lease, {"lease": None, "owner": None, "next_at": next_at, "tries": tries})

        self._write(give_back)

    def end(self, grant_id: str, state: GrantState, reason: str, *, lease: GrantLease | None = None) -> bool:
        """End a grant and tell of it; False when it had ended so before. Raises LeaseLost."""

        def end(conn: Connection, now: int) -> bool:
            row = _held(conn, lease) if lease else _row(conn, grant_id)
            return _end(conn, now, row, state, reason)

        return self._write(end)

    def end_removed(self, client_key: str, open_id: str, reason: str) -> list[Grant]:
        """End an account's live grants for an app, in every workspace that has it."""

        def end_all(conn: Connection, now: int) -> list[Grant]:
            its = select(grants).join(apps, apps.c.id == grants.c.app_id)
            found = its.where(apps.c.client_key == client_key, grants.c.open_id == open_id)
            rows = conn.execute(locked(found, of=grants)).mappings().all()
            ended = [row["id"] for row in rows if _end(conn, now, row, "reconnect", reason)]
            return [grant_of(_row(conn, grant_id), self._sealer) for grant_id in ended]

        return self._write(end_all)

    def warn(self, grant: Grant, expires_at: int, what: str) -> bool:
        """Write the event `account_token_expiring` once for each time of expiry; say whether it was new."""

        def warn(conn: Connection, now: int) -> bool:
            other = grants.c.warned_of.is_(None) | (grants.c.warned_of != expires_at)
            mine = update(grants).where(grants.c.id == grant.id, grants.c.state == LIVE, other)
            if conn.execute(mine.values(warned_of=expires_at)).rowcount != 1:
                return False
            told = {"app_id": grant.app_id, "what": what, "expires_at": expires_at}
            _tell(conn, now, "account_token_expiring", grant.workspace_id, grant.account_id, told)
            return True

        return self._write(warn)

    def next_due(self) -> int | None:
        """Return the earliest `next_at` of any grant."""
        return self._database.read(_next_due)


def _next_due(conn: Connection) -> int | None:
    # The condition changes nothing but lets SQLite use the index.
    query = select(func.min(grants.c.next_at)).where(grants.c.next_at.is_not(None))
    earliest: int | None = conn.execute(query).scalar_one()
    return earliest


def _row(conn: Connection, grant_id: str) -> RowMapping:
    query = locked(select(grants).where(grants.c.id == grant_id), of=grants)
    return conn.execute(query).mappings().one()


def _held(conn: Connection, lease: GrantLease) -> RowMapping:
    """Return the grant that `lease` holds, locked until the transaction ends. Raises LeaseLost."""
    held = select(grants).where(grants.c.id == lease.grant_id, grants.c.lease == lease.token)
    row = conn.execute(locked(held, of=grants)).mappings().one_or_none()
    if row is None:
        raise LeaseLost(lease.grant_id)
    return row


def _write_held(conn: Connection, lease: GrantLease, values: Mapping[str, Any]) -> None:
    fenced = update(grants).where(grants.c.id == lease.grant_id, grants.c.lease == lease.token)
    if conn.execute(fenced.values(values)).rowcount != 1:
        raise LeaseLost(lease.grant_id)


def _end(conn: Connection, now: int, row: RowMapping, state: GrantState, reason: str) -> bool:
    """Erase a grant's tokens and tell why, unless it has ended before.

    One that waits for a new consent can still be taken off.
    """
    if row["state"] != LIVE and (row["state"], state) != ("reconnect", "disconnected"):
        return False
    erased = {"pair": None, "seal_key_id": None, "expires_at": None, "next_at": None, "lease": None}
    values = {**erased, "owner": None, "tries": 0, "state": state, "reason": reason, "updated_at": now}
    conn.execute(update(grants).where(grants.c.id == row["id"]).values(values))
    told = {"app_id": row["app_id"], "reason": reason}
    _tell(conn, now, ENDINGS[state], row["workspace_id"], row["account_id"], told)
    return True


def _tell(
    conn: Connection, now: int, kind: str, workspace_id: str, account_id: str, told: Mapping[str, object]
) -> None:
    journal.tell_account(conn, now, kind, workspace_id, account_id, **told)
