"""Use cases: let nothing new be sent to TikTok for a while, and let it go on.

While a scope is paused its posts are accepted and parked; what TikTok has accepted already goes on, and is
asked about.
"""

from collections.abc import Mapping, Sequence
from math import inf

from connector.domain.lifecycle import UNSENT, State
from connector.engine.accounts import resolve_account
from connector.engine.budget import init_kind, slot_of
from connector.engine.context import Context
from connector.engine.deciding import NOTE_LIMIT, deed_of, name_of
from connector.engine.model import Account, Post, Principal
from connector.engine.model_accounts import App
from connector.engine.model_incident import Parked, Pause, Scope, ScopeKind, Slot
from connector.engine.standing import visible
from connector.kernel.clock import to_iso
from connector.kernel.errors import PostrailError, Problem
from connector.kernel.redact import redact

AT_ONCE = 500
"""Posts that are made due in one transaction."""

PATIENCE_S = 2.0
"""Seconds for which whoever lifts a pause is kept waiting while posts are made due."""

REST = "Not all of the posts are due yet: the workers go on with the rest, in their order."

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
    """Lift a pause; tell whether there was one, how many posts this made due, and what else keeps them.

    Where that takes longer than a caller should wait, the workers go on with it, and the answer says so.

    Raises PostrailError as `begin_pause` does.
    """
    scope = _scope(context, principal, given)
    deed = deed_of(principal, "resume", _spelled(scope), everywhere=not scope.workspace_id)
    changed = context.ledger.end_pause(scope, deed)
    released = let_go(context, within_s=PATIENCE_S)
    left = context.ledger.pauses(principal.workspace_id)
    said = [
        f"{_name_of(context, principal, one)} is still paused by {one.by} since {to_iso(one.since)}."
        for one in left
        if _covers(one.scope, scope)
    ]
    if context.ledger.parked(1):
        said.append(REST)
    body = {"ok": True, "changed": changed, "released": released, "pauses": listed_pauses(context, principal)}
    return body, said


def let_go(context: Context, *, within_s: float = inf) -> int:
    """Make due what is parked under no pause any more, for `within_s` seconds or so; return how many posts.

    Also finishes what a process left that died while it lifted a pause.
    """
    end = context.clock.ticks() + within_s
    released = 0
    while found := context.ledger.parked(AT_ONCE):
        freed = context.ledger.unpark(_slots(context, found))
        if freed:
            context.wake()
        released += freed
        if context.clock.ticks() >= end or context.stopping():
            break
    return released


def _slots(context: Context, found: Sequence[Parked]) -> dict[str, Slot | None]:
    """Return for each post the slot that it needs.

    One that was to be sent has missed that of its account's rate. All others are due as they were, so that
    they go on in their order.
    """
    now = context.ledger.now()
    late = [one for one in found if one.has_media and one.due <= now]
    accounts = {key: _account(context, *key) for key in {(one.account_id, one.app_id) for one in late}}
    needed = {one.post_id: _slot(one, accounts[one.account_id, one.app_id]) for one in late}
    return {one.post_id: needed.get(one.post_id) for one in found}


def _slot(parked: Parked, account: Account | None) -> Slot | None:
    return None if account is None else slot_of(account, init_kind(parked))


def _account(context: Context, account_id: str, app_id: str | None) -> Account | None:
    """Return an account; None also where it cannot be read: whoever works on the post says why."""
    try:
        return context.access.account(account_id, app_id)
    except PostrailError:
        return None


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
