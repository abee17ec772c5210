"""Workspaces, API keys and accounts on SQL."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    bindparam,
    case,
    literal_column,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy import insert as plain_insert

from connector.engine.model import Account, ApiKey
from connector.kernel.jsontext import canonical
from connector.store.compiled import Compiled
from connector.store.database import Database
from connector.store.dialect import FIRST_START, hold, store_time
from connector.store.grant_rows import pair_of
from connector.store.rows import account_of, key_of
from connector.store.sealing import Sealer
from connector.store.tables import accounts, api_keys, apps, grants, workspaces

NOTE_EVERY_MS = 60_000
"""The use of a key is noted once a minute at most, so that a busy key costs reads alone."""

SEVERAL = 2
"""Accounts among which one has to be named."""


class SqlAccess:
    """`connector.engine.ports.AccessStore` on a database that `migrate` has prepared.

    `sealer` opens the tokens of the grants.
    """

    def __init__(self, database: Database, *, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def first_workspace(self) -> str | None:
        """Return the id of the oldest workspace."""
        return self._database.read(lambda conn: conn.execute(_OLDEST_WORKSPACE).scalar_one_or_none())

    def ensure_workspace(self, workspace_id: str, name: str) -> str:
        """Return the id of the oldest workspace; creates this one where there is none, once for all."""

        def ensure(conn: Connection) -> str:
            hold(conn, FIRST_START)
            found: str | None = conn.execute(_OLDEST_WORKSPACE).scalar_one_or_none()
            if found is not None:
                return found
            row = {"id": workspace_id, "name": name, "created_at": self._database.now(conn)}
            conn.execute(plain_insert(workspaces).values(row))
            return workspace_id

        return self.first_workspace() or self._database.write(ensure)

    def add_workspace(self, workspace_id: str, name: str) -> None:
        """Create a workspace."""

        def add(conn: Connection) -> None:
            row = {"id": workspace_id, "name": name, "created_at": self._database.now(conn)}
            conn.execute(plain_insert(workspaces).values(row))

        self._database.write(add)

    def add_key(self, key: ApiKey, secret_hash: str) -> None:
        """Store a key by the hash of its secret."""
        row = _row_of(key, secret_hash)
        self._database.write(lambda conn: conn.execute(plain_insert(api_keys).values(row)))

    def add_first_key(self, key: ApiKey, secret_hash: str) -> bool:
        """Store a key unless its workspace has one, revoked or not; say whether it was stored."""
        row = _row_of(key, secret_hash)

        def add(conn: Connection) -> bool:
            hold(conn, FIRST_START)
            mine = select(api_keys.c.id).where(api_keys.c.workspace_id == key.workspace_id).limit(1)
            if conn.execute(mine).one_or_none() is not None:
                return False
            conn.execute(plain_insert(api_keys).values(row))
            return True

        return self._database.write(add)

    def find_key(self, secret_hash: str) -> ApiKey | None:
        """Find a key and note its use, once a minute at most; that of a revoked one is not noted."""

        def find(conn: Connection) -> tuple[ApiKey | None, int]:
            row = _KEY.first(conn, {"its_hash": secret_hash, "now": self._database.own_time()})
            return (None, 0) if row is None else (key_of(row), row["store_now"])

        key, now = self._database.read(find)
        if key is None or key.revoked_at is not None or now - (key.last_used_at or 0) < NOTE_EVERY_MS:
            return key
        used = update(api_keys).where(api_keys.c.id == key.id).values(last_used_at=now)
        self._database.write(lambda conn: conn.execute(used))
        return replace(key, last_used_at=now)

    def keys(self, workspace_id: str) -> list[ApiKey]:
        """List the keys of a workspace, oldest first."""
        mine = select(api_keys).where(api_keys.c.workspace_id == workspace_id)
        ordered = mine.order_by(api_keys.c.created_at, api_keys.c.id)
        return self._database.read(lambda conn: [key_of(row) for row in conn.execute(ordered).mappings()])

    def revoke_key(self, workspace_id: str, key_id: str) -> bool:
        """Revoke a key; the time of the first revocation stays."""

        def revoke(conn: Connection) -> bool:
            mine = (api_keys.c.workspace_id == workspace_id) & (api_keys.c.id == key_id)
            conn.execute(
                update(api_keys)
                .where(mine, api_keys.c.revoked_at.is_(None))
                .values(revoked_at=self._database.now(conn))
            )
            return conn.execute(select(api_keys.c.id).where(mine)).one_or_none() is not None

        return self._database.write(revoke)

    def account(self, account_id: str, app_id: str | None = None) -> Account | None:
        """Return an account by our id, with the tokens of `app_id` or of the best of its apps."""
        mine = {"its_id": account_id}
        found = (
            self._accounts(_ACCOUNT, mine)
            if app_id is None
            else self._accounts(_ACCOUNT_OF_APP, {**mine, "its_app": app_id})
        )
        if found or app_id is None:
            return found[0] if found else None
        # The account is known, but not to that app: nobody may act for it there.
        bare = self._accounts(_ACCOUNT, mine)
        return replace(bare[0], access_token="", app_id=app_id, grant_id=None, scopes=None) if bare else None

    def accounts(self, workspace_id: str) -> list[Account]:
        """List the accounts of a workspace, oldest first."""
        return self._accounts(_ACCOUNTS, {"its_workspace": workspace_id})

    def meant(self, workspace_id: str, ref: str) -> list[Account]:
        """Return the accounts that `ref` may mean, by our id, open_id or @handle, oldest first."""
        handle = ref.removeprefix("@").lower()
        return self._accounts(_MEANT, {"its_workspace": workspace_id, "ref": ref, "its_handle": handle})

    def only(self, workspace_id: str) -> Account | None:
        """Return the only account that is connected, or the only one that there is."""
        mine = {"its_workspace": workspace_id}
        known = self._accounts(_FIRST_TWO, mine)
        if len(known) < SEVERAL:
            return known[0] if known else None
        connected = self._accounts(_TWO_CONNECTED, mine)
        return connected[0] if len(connected) == 1 else None

    def _accounts(self, query: Compiled, values: Mapping[str, object]) -> list[Account]:
        """Return the accounts that are meant, each with its best grant."""
        rows = self._database.read(lambda conn: query.rows(conn, values))
        best = {row["id"]: row for row in reversed(rows)}
        return [self._account_of(row) for row in rows if best[row["id"]] is row]

    def _account_of(self, row: Mapping[str, Any]) -> Account:
        grant = {name: row[label] for name, label in _GRANT_LABELS.items()}
        pair = None if grant["id"] is None else pair_of(grant, self._sealer)
        return account_of(row, grant, "" if pair is None else pair.access)


def _row_of(key: ApiKey, secret_hash: str) -> dict[str, object]:
    return {**vars(key), "scopes": canonical(sorted(key.scopes)), "secret_hash": secret_hash}


_OLDEST_WORKSPACE = select(workspaces.c.id).order_by(workspaces.c.created_at, workspaces.c.id).limit(1)
_KEY = Compiled(
    lambda dialect: select(api_keys, store_time(dialect).label("store_now")).where(
        api_keys.c.secret_hash == bindparam("its_hash")
    )
)
_GRANT_LABELS = {column.name: f"grant_{column.name}" for column in grants.c}
_BEST_FIRST = (
    case((grants.c.state == "live", 0), else_=1),
    case((apps.c.audit == "audited", 0), (apps.c.audit == "unknown", 1), else_=2),
    grants.c.created_at,
    grants.c.id,
)
"""Which app acts for an account where nobody names one."""


def _with_grants(meant: ColumnElement[bool]) -> Select[Any]:
    """Return the query of the accounts that are meant, the best grant of each first."""
    joined = accounts.outerjoin(grants, grants.c.account_id == accounts.c.id)
    return (
        select(accounts, *(grants.c[name].label(label) for name, label in _GRANT_LABELS.items()))
        .select_from(joined.outerjoin(apps, apps.c.id == grants.c.app_id))
        .where(meant)
        .order_by(accounts.c.created_at, accounts.c.id, *_BEST_FIRST)
    )


_ACCOUNTS = Compiled(_with_grants(accounts.c.workspace_id == bindparam("its_workspace")))
_ACCOUNT = Compiled(_with_grants(accounts.c.id == bindparam("its_id")))
_mine = accounts.c.workspace_id == bindparam("its_workspace")
_ref = bindparam("ref", type_=Text)
# A union, since PostgreSQL reads all of the workspace for an OR across three indices.
_ids_meant = union_all(
    select(accounts.c.id).where(accounts.c.id == _ref),
    select(accounts.c.id).where(_mine, accounts.c.open_id == _ref),
    select(accounts.c.id).where(_mine, accounts.c.handle == bindparam("its_handle")),
)
_MEANT = Compiled(_with_grants(_mine & accounts.c.id.in_(_ids_meant)))
_two = select(accounts.c.id).where(_mine).limit(literal_column("2"))
_FIRST_TWO = Compiled(_with_grants(accounts.c.id.in_(_two)))
_state = (
    select(grants.c.state)
    .join(apps, apps.c.id == grants.c.app_id)
    .where(grants.c.account_id == accounts.c.id)
    .order_by(*_BEST_FIRST)
    .limit(literal_column("1"))
    .scalar_subquery()
)
"""How the best grant of an account stands; NULL where it has none."""
_two_connected = _two.where(or_(_state.is_(None), _state != literal_column("'disconnected'")))
_TWO_CONNECTED = Compiled(_with_grants(accounts.c.id.in_(_two_connected)))
_ACCOUNT_OF_APP = Compiled(
    _with_grants((accounts.c.id == bindparam("its_id")) & (grants.c.app_id == bindparam("its_app")))
)
