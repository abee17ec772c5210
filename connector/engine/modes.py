"""Chooses how a post reaches TikTok, and as which app: published directly, or left in the creator's inbox."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.contract import Understanding
from connector.domain.audit import (
    CAP_HOLD_MS,
    CAP_WINDOW_MS,
    LESSONS,
    UNAUDITED,
    UNAUDITED_USERS,
    USER_CAP,
    narrowed,
)
from connector.domain.drafts import left_out
from connector.domain.scopes import PUBLISH, SCOPE_OF_MODE, UPLOAD
from connector.engine.accounts import resolve_account
from connector.engine.context import Context
from connector.engine.model import Account, Change, Kind, Mode, Post, Principal
from connector.engine.model_accounts import App
from connector.engine.ports import TikTokError
from connector.engine.steps import usable
from connector.kernel.errors import PostrailError, Problem

NO_AUDIT = "TikTok has not audited the app, so the post goes to the creator's inbox to be finished there."
NO_PERMISSION = "The app may not publish directly, so the post goes to the creator's inbox."


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a post goes: as which app (in `account`), directly or as a draft, and what is said about that."""

    account: Account
    mode: Mode
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Actor:
    """The account as one of its apps may act for it."""

    account: Account
    app: App | None

    def may(self, scope: str) -> bool:
        return self.account.scopes is None or scope in self.account.scopes

    @property
    def unaudited(self) -> bool:
        return self.app is not None and self.app.audit == "unaudited"


def choose(context: Context, account: Account, content: Mapping[str, object]) -> Way:
    """Choose the way of a post of `account`.

    Raises PostrailError: `account_needs_reconnect` where no app may act for the account,
    `scope_not_authorized` where none may do this, and TikTok's own code where it is known already that TikTok
    will refuse.
    """
    actors, wanted = _actors(context, usable(account)), content.get("post_mode") or "auto"
    full = next((one for one in actors if one.may(PUBLISH) and not one.unaudited), None)
    publisher = full or next((one for one in actors if one.may(PUBLISH)), None)
    drafter = next((one for one in actors if one.may(UPLOAD)), None)
    if wanted == "inbox" or (wanted == "auto" and full is None and drafter is not None):
        why = () if wanted == "inbox" else (NO_AUDIT if publisher else NO_PERMISSION,)
        return Way(account=_able(drafter, account, "inbox").account, mode="inbox", warnings=why)
    direct = _able(publisher, account, "direct")
    if direct.app is not None:
        check_audit(direct.app, content)
        _check_cap(context, direct.app, account)
    return Way(account=direct.account, mode="direct")


def only_lacks_privacy(context: Context, principal: Principal, understood: Understanding) -> bool:
    """Whether a post lacks nothing but `privacy`, and does not need it: it will be a draft for the inbox."""
    if {(problem.field, problem.problem) for problem in understood.problems} != {("privacy", "required")}:
        return False
    if understood.input.get("post_mode", "auto") != "auto":
        return False
    named = understood.input.get("account")
    try:
        account = resolve_account(context.access, principal, None if named is None else str(named))
        return choose(context, account, understood.content).mode == "inbox"
    except PostrailError:
        # Whatever else is wrong is told once the request is complete.
        return False


def _actors(context: Context, account: Account) -> list[_Actor]:
    """Return the account as each app that may act for it, the best one first."""
    apps = {app.id: app for app in context.desk.apps.apps()}
    found = [_Actor(account=account, app=apps.get(account.app_id or ""))]
    if len(apps) == 1:
        # An account has one grant for each app: there is no other.
        return found
    for grant in context.desk.grants.grants(account.workspace_id):
        if (grant.account_id, grant.state) == (account.id, "live") and grant.app_id != account.app_id:
            other = context.access.account(account.id, grant.app_id)
            found += [_Actor(account=other, app=apps.get(grant.app_id))] if other else []
    return found


def _able(actor: _Actor | None, account: Account, mode: Mode) -> _Actor:
    if actor is not None:
        return actor
    scope = SCOPE_OF_MODE[mode]
    problem = Problem(
        field="account",
        problem="permission_missing",
        got=", ".join(sorted(account.scopes or ())) or "no permission",
        expected=scope,
        fix="connect the account again and leave the permission on, or choose the other post_mode",
        code="scope_not_authorized",
    )
    message = f"@{account.username} has not allowed {scope}, which post_mode {mode} needs."
    raise PostrailError("scope_not_authorized", message, details=[problem])


def check_audit(app: App, content: Mapping[str, object]) -> None:
    """Raise PostrailError where an app without its audit would be refused this post."""
    if problems := narrowed(content, app.audit):
        message = f"TikTok has not audited {app.label}: it may post with SELF_ONLY to private accounts only."
        raise PostrailError(UNAUDITED, message, details=problems)


def _check_cap(context: Context, app: App, account: Account) -> None:
    """Raise PostrailError `reached_active_user_cap` where one more account today is known to be too many."""
    lesson = app.lessons.get(USER_CAP)
    cap = app.user_cap or (UNAUDITED_USERS if app.audit == "unaudited" else None)
    if cap is None and lesson is None:
        return
    now = context.ledger.now()
    held = lesson is not None and lesson.last_at > now - CAP_HOLD_MS
    if cap is None and not held:
        return
    active = context.desk.apps.active_accounts(app.id, now - CAP_WINDOW_MS)
    if account.id in active or (not held and cap is not None and len(active) < cap):
        return
    raise PostrailError(
        USER_CAP,
        f"{app.label} has posted for as many accounts as TikTok lets it within 24 hours.",
        retry_at=lesson.last_at + CAP_HOLD_MS if held and lesson is not None else now + CAP_HOLD_MS,
    )


def with_draft(
    kind: Kind, content: Mapping[str, object], receipt: Mapping[str, object], *warnings: str
) -> dict[str, object]:
    """Return a receipt that also says what a draft leaves out, and why it became one."""
    ignored, warned = receipt.get("ignored"), receipt.get("warnings")
    return {
        **receipt,
        "ignored": [*(ignored if isinstance(ignored, list) else []), *left_out(kind, content)],
        "warnings": [*(warned if isinstance(warned, list | tuple) else []), *warnings],
    }


def learn(context: Context, account: Account, error: TikTokError) -> None:
    """Note what a refusal says about the app."""
    if account.app_id is not None and error.code in LESSONS:
        context.desk.apps.learn(account.app_id, error.code, error.message, error.call.log_id)


def to_inbox(post: Post, account: Account) -> Change | None:
    """Return the change that makes a draft of a post, None where it must stay direct.

    A post whose mode was left to us becomes one once TikTok has said that the app is not audited: the refusal
    had no effect.
    """
    left_to_us = post.mode == "direct" and post.input.get("post_mode", "auto") == "auto"
    if not left_to_us or account.scopes is None or UPLOAD not in account.scopes:
        return None
    return Change(mode="inbox", receipt=with_draft(post.kind, post.input, post.receipt, NO_AUDIT), tries=0)
