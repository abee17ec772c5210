"""Connects a TikTok account: out to TikTok's consent page, and back with a code that becomes tokens."""

import hashlib
import re
from dataclasses import dataclass, replace

from connector.domain.renewal import renew_in_ms
from connector.engine.context import Context
from connector.engine.model import Account
from connector.engine.model_accounts import App, Grant, Login, NewGrant, NewPair, Pair
from connector.engine.ports import TikTokError
from connector.engine.ports_tiktok import LoginError, TokenPair
from connector.kernel.errors import PostrailError, Problem
from connector.kernel.log import get_log

log = get_log("connect")

CALLBACK = "/connect/tiktok/callback"
LOGIN_LIFE_MS = 600_000
"""A login must come back within ten minutes."""

_ANY_PORT = ":*"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who connects: for which workspace, and what the login is bound to (a session or a key), as a hash."""

    workspace_id: str
    bound_to: str
    invitation_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Connected:
    """An account that has just been connected, by which app."""

    account: Account
    grant: Grant
    app: App


def bound(kind: str, secret: str) -> str:
    """Return what a login is bound to, as a hash: a browser `session`, or an API `key`."""
    return hashlib.sha256(f"{kind}:{secret}".encode()).hexdigest()


def is_registered(app: App, uri: str) -> bool:
    """Tell whether an address is the one registered for an app, `*` standing for any port."""
    if _ANY_PORT not in app.redirect_uri:
        return uri == app.redirect_uri
    before, _, after = app.redirect_uri.partition(_ANY_PORT)
    return re.fullmatch(f"{re.escape(before)}:[0-9]{{1,5}}{re.escape(after)}", uri) is not None


def callback_here(context: Context, app: App) -> str | None:
    """Return the address at this server to which an app's logins come back; None when it is elsewhere."""
    here = f"{context.public_url}{CALLBACK}"
    return here if is_registered(app, here) else None


def loopback_address(app: App, port: object) -> str:
    """Return the loopback address of a desktop app, on `port` where the registered one leaves it open.

    Raises PostrailError `invalid_request` for a web app, and for what is no port.
    """
    if app.kind != "desktop":
        raise PostrailError(
            "invalid_request", f"{app.label} is registered for logins at {app.redirect_uri}: connect there."
        )
    if _ANY_PORT not in app.redirect_uri:
        return app.redirect_uri
    text = str(port)
    if not re.fullmatch("[0-9]{1,5}", text):
        problem = Problem(field="port", problem="not_a_port", got=text, expected="the port listened on")
        raise PostrailError("invalid_request", "Say which loopback port is listened on.", details=[problem])
    return app.redirect_uri.replace(_ANY_PORT, f":{text}", 1)


def begin(context: Context, app: App, caller: Caller, redirect_uri: str, *, always_ask: bool = False) -> str:
    """Note a login and return the address of TikTok's consent page for it.

    `always_ask` shows the page although TikTok knows the user: to connect another account. PKCE is used where
    the redirect's kind demands it, and on web where the operator wants it. Raises PostrailError
    `invalid_request` for an address that is not the app's.
    """
    desk = context.desk
    if not is_registered(app, redirect_uri):
        problem = Problem(
            field="redirect_uri",
            problem="not_registered",
            got=redirect_uri,
            expected=app.redirect_uri,
            fix="use the address that is registered for the app at TikTok",
        )
        raise PostrailError("invalid_request", f"{app.label} has another address.", details=[problem])
    state = context.ids.token()
    proven = desk.pkce_on_web or desk.login.redirect_kind(redirect_uri) == "desktop"
    verifier = context.ids.token() if proven else None
    login = Login(
        id=bound("state", state),
        workspace_id=caller.workspace_id,
        app_id=app.id,
        bound_to=caller.bound_to,
        redirect_uri=redirect_uri,
        expires_at=context.ledger.now() + LOGIN_LIFE_MS,
        verifier=verifier,
        invitation_id=caller.invitation_id,
    )
    desk.logins.begin(login)
    return desk.login.authorize_url(
        app.client_key, redirect_uri, app.scopes, state, verifier=verifier, always_ask=always_ask
    )


def finish(context: Context, query: str, bound_to: str) -> Connected:
    """Take what TikTok's consent page came back with, and connect the account.

    Raises PostrailError: `login_not_known` for a state that is not this caller's, was used or is too old,
    TikTok's own code where the creator or TikTok refused, `tiktok_unreachable` where TikTok did not answer.
    """
    desk = context.desk
    back = desk.login.read_callback(query)
    login = desk.logins.use(bound("state", back.state), bound_to)
    if login is None:
        raise PostrailError(
            "login_not_known", "This login was not begun here, has been used, or took over ten minutes."
        )
    if back.error is not None:
        hint = f" ({back.error_type})" if back.error_type else ""
        message = back.error_description or "TikTok did not let the login through."
        raise PostrailError(back.error, f"{message}{hint}")
    app = desk.apps.find(login.app_id)
    if back.code is None or app is None:
        raise PostrailError("bad_request", "TikTok came back with neither a code nor an error.")
    try:
        tokens = desk.login.exchange(app.keys, back.code, login.redirect_uri, login.verifier)
    except LoginError as error:
        raise _not_exchanged(error) from error
    granted = tokens.scopes if tokens.scopes is not None else back.scopes
    return _store(context, app, login, replace(tokens, scopes=granted))


def _not_exchanged(error: LoginError) -> PostrailError:
    code = error.code if error.outcome == "refused" else "tiktok_unreachable"
    message = error.message or "TikTok gave no tokens for the code."
    return PostrailError(code, message, tiktok_log_id=error.call.log_id)


def new_pair(tokens: TokenPair, renew_after: float) -> NewPair:
    """Return tokens from TikTok as they are stored, with the time of their renewal."""
    return NewPair(
        pair=Pair(access=tokens.access_token, refresh=tokens.refresh_token),
        expires_in_s=tokens.expires_in_s,
        refresh_expires_in_s=tokens.refresh_expires_in_s,
        scopes=tokens.scopes,
        renew_in_ms=renew_in_ms(
            tokens.expires_in_s, renewable=tokens.refresh_token is not None, renew_after=renew_after
        ),
    )


def _store(context: Context, app: App, login: Login, tokens: TokenPair) -> Connected:
    bare = Account(
        id="",
        workspace_id=login.workspace_id,
        open_id=tokens.open_id,
        username="",
        access_token=tokens.access_token,
        sandbox=app.sandbox,
        app_id=app.id,
        scopes=tokens.scopes,
    )
    known = _profile(context, bare)
    new = NewGrant(
        id=context.ids.new("grant"),
        account_id=context.ids.new("acct"),
        workspace_id=login.workspace_id,
        app_id=app.id,
        open_id=tokens.open_id,
        username=known.username or known.display_name or tokens.open_id,
        display_name=known.display_name,
        union_id=known.union_id,
        tokens=new_pair(tokens, context.desk.renew_after),
        sandbox=app.sandbox,
    )
    grant = context.desk.grants.connect(new)
    if login.invitation_id is not None:
        context.desk.logins.connected(login.invitation_id, grant.account_id)
    context.wake()
    account = context.access.account(grant.account_id, app.id)
    if account is None:
        raise AssertionError("an account that was just stored is not there")
    log.info("account_connected", account_id=account.id, app_id=app.id, scopes=sorted(grant.scopes))
    return Connected(account=account, grant=grant, app=app)


@dataclass(frozen=True, kw_only=True)
class _Profile:
    username: str | None = None
    display_name: str | None = None
    union_id: str | None = None


def _profile(context: Context, account: Account) -> _Profile:
    """Ask who the account is, as far as its permissions allow; nothing of it is worth failing a login."""
    scopes, tiktok = account.scopes or frozenset(), context.desk.tiktok
    told = _Profile()
    try:
        if "user.info.basic" in scopes:
            user = tiktok.user_info(account, scopes)
            told = _Profile(username=user.username, display_name=user.display_name, union_id=user.union_id)
        if told.username is None and "video.publish" in scopes:
            creator = tiktok.creator_info(account)
            told = replace(told, username=creator.username, display_name=creator.nickname or None)
    except TikTokError as error:
        log.warning("profile_not_read", code=error.code, call=error.call.name)
    return told
