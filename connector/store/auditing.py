"""The audit on SQL: lines are written with what they tell of, and never changed."""

from sqlalchemy import Connection, or_, select
from sqlalchemy import insert as plain_insert

from connector.engine.model_incident import AuditLine, Deed
from connector.store.tables import audit


def write(conn: Connection, now: int, deed: Deed, before: str, after: str) -> None:
    """Write down a deed in the transaction that does it."""
    conn.execute(plain_insert(audit).values(**vars(deed), at=now, before=before, after=after))


def lines(conn: Connection, workspace_id: str, *, limit: int, before: int | None) -> list[AuditLine]:
    """Return what was done in a workspace and to all of them, the newest first."""
    mine = or_(audit.c.workspace_id == workspace_id, audit.c.workspace_id.is_(None))
    query = select(audit).where(mine).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [AuditLine(**row) for row in conn.execute(query).mappings()]
