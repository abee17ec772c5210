"""What webhooks need of TikTok's apps and accounts, on SQL."""

from sqlalchemy import exists, select

from connector.store.apps import SqlApps
from connector.store.consents import CONNECTED
from connector.store.database import Database
from connector.store.grants import SqlGrants
from connector.store.tables import apps, events, grants

REMOVED = "auth_removed"
"""The code of a grant that its creator has taken back; also TikTok's fail_reason of a post it cut short."""

SECOND_MS = 1000
"""TikTok dates its events to the second, rounded down."""


class SqlHookAccounts:
    """`connector.engine.ports_hooks.HookAccounts` on a database that `migrate` has prepared."""

    def __init__(self, database: Database, *, apps: SqlApps, grants: SqlGrants) -> None:
        self._database = database
        self._apps = apps
        self._grants = grants

    def client_secret(self, client_key: str) -> str | None:
        """Return the secret of a TikTok app, None for an unknown one."""
        app = self._apps.find(client_key)
        return app.client_secret if app is not None and app.client_key == client_key else None

    def accounts_of(self, client_key: str, open_id: str) -> frozenset[str]:
        """Return our ids of the account that an app knows, or knew, as `open_id`."""
        its = select(grants.c.account_id).join(apps, apps.c.id == grants.c.app_id)
        found = its.where(apps.c.client_key == client_key, grants.c.open_id == open_id)
        return self._database.read(lambda conn: frozenset(conn.execute(found).scalars()))

    def authorization_removed(self, client_key: str, open_id: str, *, at: int, reason: int | None) -> bool:
        """End what was granted before `at`; a removal that comes after the next consent ends nothing."""
        del reason
        mine = events.c.account_id.in_(self.accounts_of(client_key, open_id))
        again = exists().where(mine, events.c.kind == CONNECTED, events.c.at > at + SECOND_MS)
        if self._database.read(lambda conn: conn.execute(select(again)).scalar_one()):
            return False
        return bool(self._grants.end_removed(client_key, open_id, REMOVED))
