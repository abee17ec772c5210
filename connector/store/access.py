"""Workspaces, API keys and accounts on SQL; tokens are sealed before they reach a row."""

import hashlib
from dataclasses import replace

from sqlalchemy import Connection, RowMapping, select, update
from sqlalchemy import insert as plain_insert

from connector.engine.model import Account, ApiKey
from connector.kernel.ids import Ids
from connector.kernel.jsontext import canonical
from connector.store.database import Database
from connector.store.dialect import insert
from connector.store.rows import account_of, key_of
from connector.store.secrets import NONCE_SIZE, Sealed, Secrets
from connector.store.tables import accounts, api_keys, workspaces

NOTE_EVERY_MS = 60_000
"""The use of a key is noted once a minute at most, so that a busy key costs reads alone."""


class SqlAccess:
    """`connector.engine.ports.AccessStore` on a database that `migrate` has prepared.

    `ids` gives the nonces under which `secrets` seals tokens.
    """

    def __init__(self, database: Database, *, ids: Ids, secrets: Secrets) -> None:
        self._database = database
        self._ids = ids
        self._secrets = secrets

    def first_workspace(self) -> str | None:
        """Return the id of the oldest workspace."""
        oldest = select(workspaces.c.id).order_by(workspaces.c.created_at, workspaces.c.id).limit(1)
        return self._database.read(lambda conn: conn.execute(oldest).scalar_one_or_none())

    def add_workspace(self, workspace_id: str, name: str) -> None:
        """Create a workspace."""

        def add(conn: Connection) -> None:
            row = {"id": workspace_id, "name": name, "created_at": self._database.now(conn)}
            conn.execute(plain_insert(workspaces).values(row))

        self._database.write(add)

    def add_key(self, key: ApiKey, secret_hash: str) -> None:
        """Store a key by the hash of its secret."""
        row = {**vars(key), "scopes": canonical(sorted(key.scopes)), "secret_hash": secret_hash}
        self._database.write(lambda conn: conn.execute(plain_insert(api_keys).values(row)))

    def find_key(self, secret_hash: str) -> ApiKey | None:
        """Find a key and note its use, once a minute at most; that of a revoked one is not noted."""

        def find(conn: Connection) -> tuple[ApiKey | None, int]:
            row = conn.execute(select(api_keys).where(api_keys.c.secret_hash == secret_hash)).mappings()
            found = row.one_or_none()
            return (None if found is None else key_of(found)), self._database.now(conn)

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

    def add_account(self, account: Account) -> None:
        """Store an account; one that is there already keeps its id and takes the new token and name."""

        def add(conn: Connection) -> None:
            now = self._database.now(conn)
            sealed = self._seal(account)
            fresh = {
                "username": account.username,
                "access_token": sealed.box,
                "token_key_id": sealed.key_id,
                "paced": account.paced,
                "sandbox": account.sandbox,
                "updated_at": now,
            }
            name = {"workspace_id": account.workspace_id, "open_id": account.open_id}
            row = {"id": account.id, "created_at": now, **name, **fresh}
            statement = insert(conn, accounts).values(row)
            conn.execute(statement.on_conflict_do_update(index_elements=list(name), set_=fresh))

        self._database.write(add)

    def account(self, account_id: str) -> Account | None:
        """Return an account by our id."""
        mine = select(accounts).where(accounts.c.id == account_id)
        row = self._database.read(lambda conn: conn.execute(mine).mappings().one_or_none())
        return None if row is None else self._open(row)

    def accounts(self, workspace_id: str) -> list[Account]:
        """List the accounts of a workspace, oldest first."""
        mine = select(accounts).where(accounts.c.workspace_id == workspace_id)
        ordered = mine.order_by(accounts.c.created_at, accounts.c.id)
        rows = self._database.read(lambda conn: conn.execute(ordered).mappings().all())
        return [self._open(row) for row in rows]

    def _seal(self, account: Account) -> Sealed:
        # The ids' tokens are unguessable and never repeat, whatever they are spelt like: so is their hash.
        nonce = hashlib.sha256(self._ids.token().encode()).digest()[:NONCE_SIZE]
        return self._secrets.seal(
            account.access_token, nonce=nonce, context=_context(account.workspace_id, account.open_id)
        )

    def _open(self, row: RowMapping) -> Account:
        sealed = Sealed(row["token_key_id"], bytes(row["access_token"]))
        token = self._secrets.unseal(sealed, context=_context(row["workspace_id"], row["open_id"]))
        return account_of(row, token)


def _context(workspace_id: str, open_id: str) -> str:
    return f"access_token of {open_id} in {workspace_id}"
