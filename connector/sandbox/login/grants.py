"""Consents: which creator lets which app do what. One per pair; the creator's latest word holds."""

import hashlib
import sqlite3
from dataclasses import dataclass

from connector.kernel.clock import Clock, to_iso
from connector.kernel.jsontext import Json
from connector.sandbox.database import Database
from connector.sandbox.schema import DEFAULT_APP


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A consent. `account` is the creator's own open_id, `open_id` the one this app sees; times in UTC ms."""

    client_key: str
    account: str
    open_id: str
    scope: str
    granted_at: int
    removed_at: int | None

    def as_dict(self) -> dict[str, Json]:
        """Return the consent as the control API shows it."""
        return {
            "client_key": self.client_key,
            "open_id": self.open_id,
            "scope": self.scope,
            "granted_at": to_iso(self.granted_at),
            "removed_at": None if self.removed_at is None else to_iso(self.removed_at),
        }


class Grants:
    """The table of consents."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def give(self, client_key: str, account: str, scope: str) -> Grant:
        """Let an app do what `scope` (comma-separated) says, and no more, from now on."""
        self._database.write(
            "INSERT INTO grants (client_key, account, open_id, scope, granted_at)"
            " VALUES (:client_key, :account, :open_id, :scope, :now)"
            " ON CONFLICT DO UPDATE SET scope = :scope, granted_at = :now, removed_at = NULL",
            client_key=client_key,
            account=account,
            open_id=open_id_for(client_key, account),
            scope=scope,
            now=self._clock.now(),
        )
        return self._one(client_key, account)

    def narrow(self, client_key: str, account: str, scope: str) -> None:
        """Change what a creator lets an app do, as the app's switches in TikTok's settings do."""
        sql = "UPDATE grants SET scope = :scope WHERE client_key = :client_key AND account = :account"
        self._database.write(sql, client_key=client_key, account=account, scope=scope)

    def remove(self, client_key: str, account: str) -> bool:
        """End a consent; False: there is none that stands."""
        sql = (
            "UPDATE grants SET removed_at = :now"
            " WHERE client_key = :client_key AND account = :account AND removed_at IS NULL"
        )
        now = self._clock.now()
        return bool(self._database.write(sql, now=now, client_key=client_key, account=account))

    def live(self, client_key: str, account: str) -> Grant | None:
        """Return the consent of a pair that stands."""
        row = self._row(client_key, account)
        return None if row is None or row["removed_at"] is not None else Grant(**dict(row))

    def has_ended(self, client_key: str, account: str) -> bool:
        """Say whether there was a consent of this pair and stands no more."""
        row = self._row(client_key, account)
        return row is not None and row["removed_at"] is not None

    def of(self, account: str) -> list[Grant]:
        """Return a creator's consents, ended ones too."""
        sql = "SELECT * FROM grants WHERE account = :value ORDER BY rowid"
        return [Grant(**dict(row)) for row in self._database.rows(sql, value=account)]

    def _one(self, client_key: str, account: str) -> Grant:
        row = self._row(client_key, account)
        if row is None:
            raise LookupError(client_key)
        return Grant(**dict(row))

    def _row(self, client_key: str, account: str) -> sqlite3.Row | None:
        sql = "SELECT * FROM grants WHERE client_key = :client_key AND account = :account"
        return self._database.row(sql, client_key=client_key, account=account)


def open_id_for(client_key: str, account: str) -> str:
    """Return the open_id under which an app sees a creator: one per pair, stable (reference 2.5)."""
    if client_key == DEFAULT_APP:
        return account
    return f"-000{hashlib.sha256(f'{client_key} {account}'.encode()).hexdigest()[:32]}"


def common(scope: str, *others: str) -> str:
    """Return the scopes of `scope` that stand in all `others` as well, in its order."""
    allowed = [set(other.split(",")) for other in others]
    return ",".join(name for name in scope.split(",") if all(name in other for other in allowed))
