"""TikTok apps on SQL; their secrets are sealed before they reach a row."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from sqlalchemy import Connection, bindparam, select, update

from connector.domain.audit import UNAUDITED, Audit
from connector.engine.model_accounts import App, Lesson
from connector.kernel.jsontext import canonical
from connector.store.compiled import Compiled
from connector.store.database import Database
from connector.store.dialect import insert
from connector.store.rows import Row
from connector.store.sealing import Sealer, app_context
from connector.store.tables import apps, is_taken, posts

_ALL = Compiled(select(apps).order_by(apps.c.created_at, apps.c.id))
_MEANT = select(apps).where((apps.c.id == bindparam("ref")) | (apps.c.client_key == bindparam("ref")))


class SqlApps:
    """`connector.engine.ports_accounts.AppStore` on a database that `migrate` has prepared."""

    def __init__(self, database: Database, *, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def keep(self, app: App) -> App:
        """Store an app, or what has changed of one that is there."""

        def keep(conn: Connection) -> App:
            now = self._database.now(conn)
            sealed = self._sealer.seal(app.client_secret, app_context(app.client_key))
            fresh = {
                "client_secret": sealed.box,
                "seal_key_id": sealed.key_id,
                "label": app.label,
                "kind": app.kind,
                "redirect_uri": app.redirect_uri,
                "scopes": canonical(list(app.scopes)),
                "sandbox": app.sandbox,
                "updated_at": now,
            }
            known = {"audit": app.audit, "user_cap": app.user_cap, "lessons": _text(app.lessons)}
            row = {"id": app.id, "client_key": app.client_key, "created_at": now, **known, **fresh}
            statement = insert(conn, apps).values(row)
            conn.execute(statement.on_conflict_do_update(index_elements=["client_key"], set_=fresh))
            mine = select(apps).where(apps.c.client_key == app.client_key)
            return self._app_of(conn.execute(mine).mappings().one())

        return self._database.write(keep)

    def apps(self) -> list[App]:
        """List all apps, oldest first."""
        rows = self._database.read(_ALL.rows)
        return [self._app_of(row) for row in rows]

    def find(self, ref: str) -> App | None:
        """Find an app by its id or client key."""
        row = self._database.read(lambda conn: conn.execute(_MEANT, {"ref": ref}).mappings().first())
        return None if row is None else self._app_of(row)

    def set_audit(self, app_id: str, audit: Audit, user_cap: int | None) -> None:
        """Note what the operator knows, in place of what refusals taught."""

        def set_audit(conn: Connection) -> None:
            values = {"audit": audit, "user_cap": user_cap, "lessons": "{}"}
            mine = update(apps).where(apps.c.id == app_id)
            conn.execute(mine.values(**values, updated_at=self._database.now(conn)))

        self._database.write(set_audit)

    def learn(self, app_id: str, code: str, message: str, tiktok_log_id: str | None) -> None:
        """Note a refusal; the one that tells that the audit is missing settles that question."""

        def learn(conn: Connection) -> None:
            now = self._database.now(conn)
            mine = select(apps.c.lessons, apps.c.audit).where(apps.c.id == app_id).with_for_update()
            row = conn.execute(mine).one_or_none()
            if row is None:
                return
            lessons = _lessons(row.lessons)
            first_at = lessons[code].first_at if code in lessons else now
            lessons[code] = Lesson(
                code=code, message=message, first_at=first_at, last_at=now, tiktok_log_id=tiktok_log_id
            )
            audit = "unaudited" if code == UNAUDITED else row.audit
            values = {"lessons": _text(lessons), "audit": audit, "updated_at": now}
            conn.execute(update(apps).where(apps.c.id == app_id).values(values))

        self._database.write(learn)

    def active_accounts(self, app_id: str, since: int) -> frozenset[str]:
        """Return the accounts for which TikTok has taken a direct post of this app since a time."""
        lately = (posts.c.app_id == app_id) & (posts.c.created_at >= since)
        # Told apart here: for distinct ones SQLite would read all posts by their accounts.
        query = select(posts.c.account_id).where(is_taken, lately)
        return self._database.read(lambda conn: frozenset(conn.execute(query).scalars()))

    def _app_of(self, row: Row) -> App:
        secret = self._sealer.open(row["seal_key_id"], row["client_secret"], app_context(row["client_key"]))
        return App(
            id=row["id"],
            client_key=row["client_key"],
            client_secret=secret,
            label=row["label"],
            kind=row["kind"],
            redirect_uri=row["redirect_uri"],
            scopes=tuple(json.loads(row["scopes"])),
            sandbox=row["sandbox"],
            audit=row["audit"],
            user_cap=row["user_cap"],
            lessons=_lessons(row["lessons"]),
            created_at=row["created_at"],
        )


def _lessons(text: str) -> dict[str, Lesson]:
    return {code: Lesson(**told) for code, told in json.loads(text).items()}


def _text(lessons: Mapping[str, Lesson]) -> str:
    return canonical({code: asdict(lesson) for code, lesson in lessons.items()})
