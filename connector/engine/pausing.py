"""Use cases: let nothing new be sent to TikTok for a while, and let it go on.

While a scope is paused its posts are accepted and parked; what TikTok has accepted already goes on, and is
asked about.
"""

from collections.abc import Mapping
from itertools import count

from connector.domain.lifecycle import UNSENT, State
from connector.engine.accounts import resolve_account
from connector.engine.budget import init_kind, reserve
from connector.engine.context import Context
from connector.engine.deciding import NOTE_LIMIT, deed_of, name_of
from connector.engine.model import Post, Principal
from connector.engine.model_accounts import App
from connector.engine.model_incident import Parked, Pause, Scope, ScopeKind
from connector.engine.standing import visible
from connector.kernel.clock import to_iso
from connector.kernel.errors import PostrailError, Problem
from connector.kernel.redact import redact

AT_ONCE = 500
"""Posts that are made due in one transaction."""

EVERYTHING = "everything"
WORKSPACE = "this workspace"


def begin_pause(context: Context, principal: Principal, given: Mapping[str, object]) -> dict[str, object]:
    """Pause what `given` names; tell whether that is new, and what is paused now.

    When it returns, nothing new of it reaches TikTok. Raises PostrailError `forbidden`, and what names no
    account or app.
    """
    scope = _scope(context, principal, given)
    reason = redact(str(given.get("reason") or "").strip())[:NOTE_LIMIT]
    pause = Pause(scope=scope, since=0, by=name_of(principal), reason=reason)
    everywhere = not scope.workspace_id
    deed = deed_of(principal, "pause", _spelled(scope), reason, everywhere=everywhere)
    changed = context.ledger.pause(pause, deed)
    return {"ok": True, "changed": changed, "pauses": listed_pauses(context, principal)}


def lift_pause(
    context: Context, principal: Principal, given: Mapping[str, object]
) -> tuple[dict[str, object], list[str]]:
    """Lift a pause; tell whether there was one, how many posts are due again, and what else keeps them.

    Raises PostrailError as `begin_pause` does.
    """
    scope = _scope(context, principal, given)
    deed = deed_of(principal, "resume", _spelled(scope), everywhere=not scope.workspace_id)
    changed = context.ledger.end_pause(scope, deed)
    released = let_go(context)
    left = context.ledger.pauses(principal.workspace_id)
    said = [
        f"{_name_of(context, principal, one)} is still paused by {one.by} since {to_iso(one.since)}."
        for one in left
        if _covers(one.scope, scope)
    ]
    body = {"ok": True, "changed": changed, "released": released, "pauses": listed_pauses(context, principal)}
    return body, said


def let_go(context: Context, *, most: int | None = None) -> int:
    """Make due what is parked under no pause any more, in `most` steps; return how many posts.

    Also finishes what a process left that died while it lifted a pause.
    """
    released = 0
    for _ in count() if most is None else range(most):
        found = context.ledger.parked(AT_ONCE)
        if not found:
            break
        released += context.ledger.unpark({one.post_id: _due(context, one) for one in found})
    if released:
        context.wake()
    return released


def _due(context: Context, parked: Parked) -> int:
    """Return when a parked post is due: as it was, so that all go on in their order.

    One that was to be sent has missed the slot of its account's rate, and is given another.
    """
    now = context.ledger.now()
    post = context.ledger.post(parked.workspace_id, parked.post_id) if parked.has_media else None
    account = context.access.account(post.account_id, post.app_id) if post else None
    if post is None or account is None or parked.due > now:
        return parked.due
    wait = reserve(context, account, init_kind(post))
    return now + wait if wait else parked.due


def pause_of(context: Context, post: Post) -> dict[str, object] | None:
    """Return the pause that keeps a post from being sent, as its answer tells it; None where none does."""
    if post.state not in UNSENT and post.state is not State.SENDING:
        return None
    found = context.ledger.pause_over(post.id)
    if found is None:
        return None
    return {
        "scope": found.scope.kind,
        "since": to_iso(found.since),
        "by": found.by,
        "reason": found.reason or None,
        "message": f"paused by {found.by} since {to_iso(found.since)}",
    }


def _scope(context: Context, principal: Principal, given: Mapping[str, object]) -> Scope:
    kind, workspace_id = str(given["scope"]), principal.workspace_id
    if kind == "all":
        if not principal.is_operator:
            raise _forbidden("Everything is paused and resumed by `postrail pause all` alone.")
        return Scope(kind="all")
    if kind == "account":
        named = None if given.get("account") is None else str(given["account"])
        account = resolve_account(context.access, principal, named)
        return Scope(kind="account", target=account.id, workspace_id=workspace_id)
    if principal.account_id is not None:
        raise _forbidden("A key that is bound to one account pauses and resumes that account alone.")
    if kind == "workspace":
        return Scope(kind="workspace", target=workspace_id, workspace_id=workspace_id)
    app = _app(context, None if given.get("app") is None else str(given["app"]))
    return Scope(kind="app", target=app.id, workspace_id="" if principal.is_operator else workspace_id)


def _forbidden(message: str) -> PostrailError:
    return PostrailError("forbidden", message)


def _app(context: Context, ref: str | None) -> App:
    """Return the app of that client key, id or label; without `ref` the only one.

    Raises PostrailError `invalid_request`.
    """
    known = context.desk.apps.apps()
    found = [app for app in known if ref in {None, app.id, app.client_key, app.label}]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{app.client_key} ({app.label})" for app in known) or "none"
    problem = Problem(
        field="app",
        problem="which_app",
        got=ref or "nothing",
        expected=f"one of {names}",
        fix="send the client key of the app",
    )
    raise PostrailError("invalid_request", "Say which TikTok app is meant.", details=[problem])


def _covers(wider: Scope, scope: Scope) -> bool:
    """Tell whether a pause of `wider` also keeps what a pause of `scope` kept."""
    order: tuple[ScopeKind, ...] = ("account", "app", "workspace", "all")
    if wider.kind == scope.kind:
        return wider.target == scope.target
    return wider.kind in {"workspace", "all"} and order.index(wider.kind) > order.index(scope.kind)


def listed_pauses(context: Context, principal: Principal) -> list[dict[str, object]]:
    """Return the pauses that a principal may know of: a bound key those that touch its account."""
    touching = {None, principal.account_id}
    return [
        {
            "scope": one.scope.kind,
            "target": one.scope.target or None,
            "name": _name_of(context, principal, one),
            "since": to_iso(one.since),
            "by": one.by,
            "reason": one.reason or None,
        }
        for one in context.ledger.pauses(principal.workspace_id)
        if principal.account_id is None or one.scope.kind != "account" or one.scope.target in touching
    ]


def _name_of(context: Context, principal: Principal, pause: Pause) -> str:
    """Return what people call a scope."""
    scope = pause.scope
    if scope.kind == "account":
        named = (one for one in visible(context, principal) if one.id == scope.target)
        return next((f"@{account.username}" for account in named), scope.target)
    if scope.kind == "app":
        app = context.desk.apps.find(scope.target)
        return app.label if app else scope.target
    return EVERYTHING if scope.kind == "all" else WORKSPACE


def _spelled(scope: Scope) -> str:
    """Return a scope as the audit names it."""
    return f"{scope.kind} {scope.target}".rstrip()
