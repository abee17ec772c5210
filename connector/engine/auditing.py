"""Use case: who has decided what, for those who may see the whole workspace."""

from connector.engine.access import demand
from connector.engine.context import Context
from connector.engine.model import Principal
from connector.engine.model_incident import AuditLine
from connector.kernel.clock import to_iso
from connector.kernel.errors import PostrailError

MOST = 200
"""Lines in one answer."""


def audit_row(line: AuditLine) -> dict[str, object]:
    """Return a line of the audit as answers tell it."""
    return {
        "id": str(line.id),
        "at": to_iso(line.at),
        "who": line.who,
        "who_name": line.who_name,
        "action": line.action,
        "target": line.target,
        "before": line.before,
        "after": line.after,
        "note": line.note or None,
    }


def read_audit(
    context: Context, principal: Principal, *, limit: int = MOST, before: int | None = None
) -> dict[str, object]:
    """Return what was done in a workspace, the newest first; `next_before` leads to what is older.

    Raises PostrailError `forbidden` for a key that is bound to one account.
    """
    demand(principal, "posts:read")
    if principal.account_id is not None:
        raise PostrailError("forbidden", "A key that is bound to one account does not see the audit.")
    lines = context.ledger.audit(principal.workspace_id, limit=min(limit, MOST), before=before)
    older = str(lines[-1].id) if len(lines) == min(limit, MOST) else None
    return {"ok": True, "audit": [audit_row(line) for line in lines], "next_before": older}
