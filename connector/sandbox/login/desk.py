"""The login tables together: whom a bearer speaks for, and what consent, exchange and refresh do to them."""

from collections.abc import Iterable
from dataclasses import replace

from connector.kernel.clock import Clock
from connector.kernel.ids import Ids
from connector.sandbox.accounts import Account, Accounts
from connector.sandbox.behaviour import Behaviour
from connector.sandbox.database import Database
from connector.sandbox.login.apps import App, Apps
from connector.sandbox.login.codes import Code, Codes
from connector.sandbox.login.grants import Grants, common
from connector.sandbox.login.tokens import Pair, Tokens
from connector.sandbox.schema import DEFAULT_APP


class LoginDesk:
    """Apps, consents, codes and tokens over one file."""

    def __init__(self, database: Database, clock: Clock, ids: Ids, accounts: Accounts) -> None:
        self._database = database
        self._accounts = accounts
        self.apps = Apps(database, clock, ids)
        self.grants = Grants(database, clock)
        self.codes = Codes(database, clock, ids)
        self.tokens = Tokens(database, clock, ids)

    def bearer(self, token: str) -> Account | None:
        """Return the creator whom an access token speaks for, with the scopes it has now."""
        held = self.tokens.holder(token)
        if held is None:
            return self._lasting(token)
        grant = self.grants.live(held.client_key, held.account)
        account = self._accounts.by_id(held.account)
        if grant is None or account is None:
            return None
        return replace(
            account,
            access_token=token,
            scope=common(held.scope, grant.scope),
            client_key=held.client_key,
            seen_as=grant.open_id,
        )

    def consent(self, app: App, account: Account, asked: Iterable[str], granted: Iterable[str]) -> None:
        """Let a creator grant some of the `asked` scopes; what was not asked about stays as it was."""
        before = self.grants.live(app.client_key, account.open_id)
        kept = [] if before is None else [name for name in before.scope.split(",") if name not in {*asked}]
        self.grants.give(app.client_key, account.open_id, ",".join([*kept, *granted]))

    def exchange(self, code: Code) -> Pair | None:
        """Give the tokens of a code; None: it was used a moment ago."""
        with self._database.transaction():
            if not self.codes.spend(code):
                return None
            return self.tokens.issue(code.client_key, code.account, code.scope)

    def refresh(self, token: str, client_key: str, behaviour: Behaviour) -> Pair | None:
        """Exchange a refresh token; scopes that the creator took back are gone from then on."""
        with self._database.transaction():
            held = self.tokens.refresh_holder(token)
            grant = None if held is None else self.grants.live(held.client_key, held.account)
            if held is None or grant is None:
                return None
            return self.tokens.refresh(token, client_key, common(held.scope, grant.scope), behaviour)

    def forget(self, client_key: str, account: Account) -> bool:
        """End a creator's consent to an app with all its tokens; False: there was none."""
        with self._database.transaction():
            if client_key == DEFAULT_APP and not self.grants.has_ended(client_key, account.open_id):
                self._note_default(account)
            if not self.grants.remove(client_key, account.open_id):
                return False
            self.codes.drop(client_key, account.open_id)
            self.tokens.drop(client_key, account.open_id)
            return True

    def _lasting(self, token: str) -> Account | None:
        """Return the creator of a token that was made without a browser, of the default app, for good."""
        account = self._accounts.holder(token)
        if account is None or self.grants.has_ended(DEFAULT_APP, account.open_id):
            return None
        grant = self.grants.live(DEFAULT_APP, account.open_id)
        return account if grant is None else replace(account, scope=common(account.scope, grant.scope))

    def _note_default(self, account: Account) -> None:
        if self.grants.live(DEFAULT_APP, account.open_id) is None:
            self.grants.give(DEFAULT_APP, account.open_id, account.scope)
