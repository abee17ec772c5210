"""Authorization codes: one per approved consent page, single use, short-lived."""

from dataclasses import dataclass

from connector.kernel.clock import Clock
from connector.kernel.ids import Ids
from connector.sandbox.database import Database


@dataclass(frozen=True, kw_only=True)
class Code:
    """What a code stands for; `challenge` is the PKCE challenge as sent, times are UTC ms."""

    code: str
    client_key: str
    account: str
    redirect_uri: str
    scope: str
    challenge: str | None
    expires_at: int
    used_at: int | None


class Codes:
    """The table of codes."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    def issue(
        self,
        *,
        client_key: str,
        account: str,
        redirect_uri: str,
        scope: str,
        challenge: str | None,
        ttl_ms: int,
    ) -> str:
        """Make a code that is good for `ttl_ms` milliseconds; its `*` and `!` must be decoded by the app."""
        code = f"{self._ids.token()}*1!{len(scope)}.va"
        self._database.insert(
            "codes",
            code=code,
            client_key=client_key,
            account=account,
            redirect_uri=redirect_uri,
            scope=scope,
            challenge=challenge,
            expires_at=self._clock.now() + ttl_ms,
        )
        return code

    def good(self, code: str, client_key: str) -> Code | None:
        """Return what a code stands for; None: unknown, of another app, used, or expired."""
        sql = "SELECT * FROM codes WHERE code = :code AND client_key = :client_key AND used_at IS NULL"
        row = self._database.row(sql, code=code, client_key=client_key)
        if row is None or self._clock.now() >= row["expires_at"]:
            return None
        return Code(**dict(row))

    def spend(self, code: Code) -> bool:
        """Use a code; False: somebody else has used it since."""
        sql = "UPDATE codes SET used_at = :now WHERE code = :code AND used_at IS NULL"
        return bool(self._database.write(sql, now=self._clock.now(), code=code.code))

    def drop(self, client_key: str, account: str) -> None:
        """Forget a pair's codes: the consent has ended."""
        sql = "DELETE FROM codes WHERE client_key = :client_key AND account = :account"
        self._database.write(sql, client_key=client_key, account=account)
