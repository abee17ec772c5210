"""Access and refresh tokens: issued, rotated once each, expired, dropped (reference 2.5 and 2.7)."""

import sqlite3
from dataclasses import dataclass

from connector.kernel.clock import Clock
from connector.kernel.ids import Ids
from connector.sandbox.behaviour import Behaviour
from connector.sandbox.database import Database

ACCESS_LIFE = 24 * 3600 * 1000
REFRESH_LIFE = 365 * 24 * 3600 * 1000
"""Milliseconds, both."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A token answer: the two tokens, whom they speak for, and the seconds each is good for."""

    access_token: str
    refresh_token: str
    client_key: str
    account: str
    scope: str
    expires_in: int
    refresh_expires_in: int


@dataclass(frozen=True, kw_only=True)
class Held:
    """Whom an access token speaks for."""

    client_key: str
    account: str
    scope: str


class Tokens:
    """The two tables of tokens."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    def issue(self, client_key: str, account: str, scope: str) -> Pair:
        """Make a pair for a consent."""
        refresh = self._new_refresh(client_key, account, scope, self._clock.now() + REFRESH_LIFE)
        return self._pair(self._refresh_row(refresh))

    def refresh(self, token: str, client_key: str, scope: str, behaviour: Behaviour) -> Pair | None:
        """Exchange a refresh token; None: unknown, of another app, expired, or used before.

        `scope` is what the consent still allows of the token's own. Within `behaviour.refresh_grace_s` a used
        token gives its successor once more, so that a lost answer can be asked for again.
        """
        with self._database.transaction():
            row = self._usable(token, client_key, behaviour)
            if row is None:
                return None
            if behaviour.refresh_ends_access:
                self._drop_access(row["client_key"], row["account"])
            successor = self._successor(row, scope, behaviour)
            return self._pair(self._refresh_row(successor))

    def holder(self, access_token: str) -> Held | None:
        """Return whom an access token speaks for, while it is good."""
        row = self._database.row("SELECT * FROM access_tokens WHERE token = :value", value=access_token)
        if row is None or self._clock.now() >= row["expires_at"]:
            return None
        return Held(client_key=row["client_key"], account=row["account"], scope=row["scope"])

    def refresh_holder(self, refresh_token: str) -> Held | None:
        """Return whom a refresh token speaks for, used or not."""
        row = self._database.row("SELECT * FROM refresh_tokens WHERE token = :value", value=refresh_token)
        if row is None:
            return None
        return Held(client_key=row["client_key"], account=row["account"], scope=row["scope"])

    def drop(self, client_key: str, account: str) -> None:
        """Forget a pair's tokens: the consent has ended."""
        self._drop_access(client_key, account)
        sql = "DELETE FROM refresh_tokens WHERE client_key = :client_key AND account = :account"
        self._database.write(sql, client_key=client_key, account=account)

    def new_client_token(self) -> str:
        """Return a token of the app itself; the endpoints served here know no use for it."""
        return f"clt.{self._ids.token()}!va"

    def _usable(self, token: str, client_key: str, behaviour: Behaviour) -> sqlite3.Row | None:
        row = self._database.row("SELECT * FROM refresh_tokens WHERE token = :value", value=token)
        now = self._clock.now()
        if row is None or row["client_key"] != client_key or now >= row["expires_at"]:
            return None
        if row["used_at"] is None:
            return row
        in_grace = now < row["used_at"] + round(behaviour.refresh_grace_s * 1000)
        if not in_grace or self._refresh_row(row["successor"])["used_at"] is not None:
            return None
        return row

    def _successor(self, row: sqlite3.Row, scope: str, behaviour: Behaviour) -> str:
        if row["successor"] is not None:
            return str(row["successor"])
        now = self._clock.now()
        expires_at = now + REFRESH_LIFE if behaviour.refresh_extends else row["expires_at"]
        if not behaviour.rotation:
            sql = "UPDATE refresh_tokens SET expires_at = :expires_at, scope = :scope WHERE token = :token"
            self._database.write(sql, expires_at=expires_at, scope=scope, token=row["token"])
            return str(row["token"])
        successor = self._new_refresh(row["client_key"], row["account"], scope, expires_at)
        sql = "UPDATE refresh_tokens SET used_at = :now, successor = :successor WHERE token = :token"
        self._database.write(sql, now=now, successor=successor, token=row["token"])
        return successor

    def _new_refresh(self, client_key: str, account: str, scope: str, expires_at: int) -> str:
        token = f"rft.{self._ids.token()}!{len(scope)}.va"
        self._database.insert(
            "refresh_tokens",
            token=token,
            client_key=client_key,
            account=account,
            scope=scope,
            expires_at=expires_at,
        )
        return token

    def _refresh_row(self, token: str) -> sqlite3.Row:
        return self._database.rows("SELECT * FROM refresh_tokens WHERE token = :value", value=token)[0]

    def _pair(self, refresh: sqlite3.Row) -> Pair:
        """Make an access token beside a refresh token."""
        token = f"act.{self._ids.token()}!{len(refresh['scope'])}.va"
        now = self._clock.now()
        self._database.insert(
            "access_tokens",
            token=token,
            client_key=refresh["client_key"],
            account=refresh["account"],
            scope=refresh["scope"],
            expires_at=now + ACCESS_LIFE,
        )
        return Pair(
            access_token=token,
            refresh_token=refresh["token"],
            client_key=refresh["client_key"],
            account=refresh["account"],
            scope=refresh["scope"],
            expires_in=ACCESS_LIFE // 1000,
            refresh_expires_in=(refresh["expires_at"] - now) // 1000,
        )

    def _drop_access(self, client_key: str, account: str) -> None:
        sql = "DELETE FROM access_tokens WHERE client_key = :client_key AND account = :account"
        self._database.write(sql, client_key=client_key, account=account)
