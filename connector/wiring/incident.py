"""`postrail posts`, `pause`, `resume` and `audit`: the operations of an incident, beside running servers.

They are performed as the HTTP surface performs them, on the same ledger, by the operator instead of a key.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from connector.domain.lifecycle import State
from connector.engine.access import ALL_SCOPES
from connector.engine.accounts import resolve_account
from connector.engine.ask import Ask
from connector.engine.auditing import read_audit
from connector.engine.context import Context
from connector.engine.model import Principal
from connector.engine.model_incident import OPERATOR, Wanted
from connector.engine.outputs import error_body, post_row
from connector.engine.pausing import listed_pauses, pause_of
from connector.engine.perform import perform
from connector.engine.wait import WaitRoom
from connector.kernel.errors import PostrailError
from connector.settings import Settings
from connector.wiring.accounts import tiktok_of
from connector.wiring.bootstrap import ensure_workspace
from connector.wiring.library import open_stock
from connector.wiring.parts import build_context, open_existing

NO_RECEIPT: dict[str, object] = {"coerced": [], "ignored": [], "warnings": []}


@dataclass(frozen=True, kw_only=True)
class Counter:
    """The engine over the ledger of an installation, and who stands at it."""

    context: Context
    operator: Principal


@contextmanager
def counter(settings: Settings) -> Iterator[Counter]:
    """Open the engine for the first workspace. Raises SettingsError where there is no installation."""
    parts = open_existing(settings)
    try:
        api_url, web_url = tiktok_of(settings)
        context = build_context(
            parts,
            stock=open_stock(parts),
            tiktok_url=api_url,
            web_url=web_url,
            public_url=settings.public_url or "",
            stopping=lambda: False,
            wake=lambda: None,
            hears=lambda: False,
        )
        workspace_id = ensure_workspace(parts)
        operator = Principal(
            workspace_id=workspace_id, key_id=OPERATOR, scopes=ALL_SCOPES, name=OPERATOR, is_operator=True
        )
        yield Counter(context=context, operator=operator)
    finally:
        parts.database.close()


def run(settings: Settings, operation: str, rows: Mapping[str, object]) -> dict[str, object]:
    """Perform an operation; return its answer, or the failure answer of a refusal (`ok` tells which)."""
    with counter(settings) as at:
        contract = at.context.contract
        understood = contract.understand(operation, rows)
        room = WaitRoom(at.context.ledger, at.context.clock, capacity=0)
        try:
            if not understood.ok:
                raise understood.error()
            ask = Ask(principal=at.operator, operation=contract.operation(operation), understood=understood)
            return perform(at.context, room, ask).body
        except PostrailError as error:
            return error_body(contract, error, "")


def newest(
    settings: Settings, *, states: Sequence[str], account: str | None, limit: int
) -> dict[str, object]:
    """Return the newest posts in these states, as rows, and how many of all wait for a person.

    Raises PostrailError `account_not_found`.
    """
    with counter(settings) as at:
        context, operator = at.context, at.operator
        meant = resolve_account(context.access, operator, account).id if account else None
        wanted = Wanted(limit=limit, states=[State(name) for name in states], account_id=meant)
        known = {one.id: one for one in context.access.accounts(operator.workspace_id)}
        rows = [
            post_row(
                context.contract,
                post,
                known.get(post.account_id),
                context.web_url,
                receipt=NO_RECEIPT,
                paused=pause_of(context, post),
            )
            for post in context.ledger.newest(operator.workspace_id, wanted)
        ]
        waiting = asdict(context.ledger.waiting(operator.workspace_id))
        return {"ok": True, "posts": rows, "waiting": waiting}


def pauses(settings: Settings) -> dict[str, object]:
    """Return what is paused."""
    with counter(settings) as at:
        return {"ok": True, "pauses": listed_pauses(at.context, at.operator)}


def audit(settings: Settings, *, limit: int) -> dict[str, object]:
    """Return who has decided what, the newest first."""
    with counter(settings) as at:
        return read_audit(at.context, at.operator, limit=limit)
