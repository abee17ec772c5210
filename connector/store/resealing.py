"""Sealing everything anew under the present key, while servers go on."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Column, Connection, RowMapping, Select, Table, select, update

from connector.store.database import Database
from connector.store.dialect import locked
from connector.store.sealing import Sealer, app_context, grant_context, login_context
from connector.store.tables import apps, grants, logins

BATCH = 50
"""Rows that are sealed anew in one transaction, so that nobody waits long."""


@dataclass(frozen=True)
class Box:
    """Where sealed texts lie, and what each is."""

    table: Table
    column: Column[bytes]
    context: Callable[[RowMapping], str]


BOXES = (
    Box(apps, apps.c.client_secret, lambda row: app_context(row["client_key"])),
    Box(grants, grants.c.pair, lambda row: grant_context(row["app_id"], row["open_id"], row["workspace_id"])),
    Box(logins, logins.c.verifier, lambda row: login_context(row["id"])),
)
"""Every column that holds something sealed; its key id stands in `seal_key_id` beside it."""


class Resealer:
    """Seals anew what an older key has sealed."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def reseal(self) -> int:
        """Seal everything under the present key, in small transactions; return how many texts that were."""
        return sum(self._all_of(box) for box in BOXES)

    def _all_of(self, box: Box) -> int:
        done = 0
        while count := self._database.write(lambda conn: self._batch(conn, box)):
            done += count
        return done

    def _batch(self, conn: Connection, box: Box) -> int:
        now = self._sealer.key_id
        query = select(box.table).where(box.column.is_not(None), box.table.c.seal_key_id != now).limit(BATCH)
        rows = conn.execute(locked(query, of=box.table)).mappings().all()
        for row in rows:
            context = box.context(row)
            text = self._sealer.open(row["seal_key_id"], row[box.column.name], context)
            sealed = self._sealer.seal(text, context)
            mine = update(box.table).where(box.table.c.id == row["id"])
            conn.execute(mine.values({box.column.name: sealed.box, "seal_key_id": sealed.key_id}))
        return len(rows)

    def when_done(self, act: Callable[[], None]) -> bool:
        """Do `act` while nobody can write, if nothing is left that an older key sealed; say whether it was.

        That holds on SQLite, whose transactions are alone. `act` may be done twice.
        """

        def check(conn: Connection) -> bool:
            now = self._sealer.key_id
            if any(conn.execute(_older(box, now)).first() for box in BOXES):
                return False
            act()
            return True

        return self._database.write(check)


def _older(box: Box, key_id: str) -> Select[tuple[str]]:
    """Return the query of one row that another key sealed."""
    there = box.column.is_not(None) & (box.table.c.seal_key_id != key_id)
    return select(box.table.c.id).where(there).limit(1)
