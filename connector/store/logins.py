"""Logins under way and invitations on SQL; a state is kept as a hash, a verifier sealed."""

from collections.abc import Iterable

from sqlalchemy import Connection, RowMapping, delete, select, update
from sqlalchemy import insert as plain_insert

from connector.engine.model_accounts import Invitation, Login
from connector.store.database import Database
from connector.store.sealing import Sealer, login_context
from connector.store.tables import invitations, logins

KEPT_MS = 24 * 3_600_000
"""How long a login is remembered after its time, so that a late callback can be told from a forged one."""


class SqlLogins:
    """`connector.engine.ports_accounts.LoginStore` on a database that `migrate` has prepared."""

    def __init__(self, database: Database, *, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def begin(self, login: Login) -> None:
        """Store a login; those long past their time are deleted."""

        def begin(conn: Connection) -> None:
            now = self._database.now(conn)
            row = {**vars(login), "created_at": now}
            if login.verifier is not None:
                sealed = self._sealer.seal(login.verifier, login_context(login.id))
                row |= {"verifier": sealed.box, "seal_key_id": sealed.key_id}
            conn.execute(delete(logins).where(logins.c.expires_at <= now - KEPT_MS))
            conn.execute(plain_insert(logins).values(row))

        self._database.write(begin)

    def use(self, login_id: str, bound_to: str) -> Login | None:
        """Take a login, once, for whoever began it."""

        def use(conn: Connection) -> RowMapping | None:
            now = self._database.now(conn)
            mine = (logins.c.id == login_id) & (logins.c.bound_to == bound_to)
            fresh = logins.c.used_at.is_(None) & (logins.c.expires_at > now)
            taken = update(logins).where(mine, fresh).values(used_at=now).returning(logins)
            return conn.execute(taken).mappings().one_or_none()

        row = self._database.write(use)
        return None if row is None else self._login_of(row)

    def _login_of(self, row: RowMapping) -> Login:
        verifier = None
        if row["verifier"] is not None:
            verifier = self._sealer.open(row["seal_key_id"], row["verifier"], login_context(row["id"]))
        return Login(
            id=row["id"],
            workspace_id=row["workspace_id"],
            app_id=row["app_id"],
            bound_to=row["bound_to"],
            redirect_uri=row["redirect_uri"],
            expires_at=row["expires_at"],
            verifier=verifier,
            invitation_id=row["invitation_id"],
        )

    def invite(self, new: Iterable[Invitation]) -> None:
        """Store invitations, all or none."""
        many = list(new)

        def invite(conn: Connection) -> None:
            now = self._database.now(conn)
            if many:
                conn.execute(plain_insert(invitations), [{**vars(one), "created_at": now} for one in many])

        self._database.write(invite)

    def invitation(self, invitation_id: str) -> Invitation | None:
        """Return an invitation."""
        mine = select(invitations).where(invitations.c.id == invitation_id)
        row = self._database.read(lambda conn: conn.execute(mine).mappings().one_or_none())
        return None if row is None else Invitation(**row)

    def invitations(self, workspace_id: str) -> list[Invitation]:
        """List the invitations of a workspace, oldest first."""
        mine = select(invitations).where(invitations.c.workspace_id == workspace_id)
        ordered = mine.order_by(invitations.c.created_at, invitations.c.id)
        rows = self._database.read(lambda conn: conn.execute(ordered).mappings().all())
        return [Invitation(**row) for row in rows]

    def connected(self, invitation_id: str, account_id: str) -> None:
        """Note that an invitation has led to an account."""

        def connected(conn: Connection) -> None:
            mine = update(invitations).where(invitations.c.id == invitation_id)
            conn.execute(mine.values(account_id=account_id, connected_at=self._database.now(conn)))

        self._database.write(connected)
