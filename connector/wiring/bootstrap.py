"""What a first start creates: a workspace, the TikTok app, a sandbox account, an API key."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from connector.engine.access import issue_first_key
from connector.engine.model_accounts import App, NewGrant, NewPair, Pair
from connector.engine.ports_tiktok import RedirectKind
from connector.kernel.errors import PostrailError
from connector.net import Broken, Egress, Unsent
from connector.settings import Settings, SettingsError
from connector.tiktok.oauth import redirect_kind
from connector.wiring.parts import Parts, write_private

FIRST_KEY_FILE = "first-key"
SANDBOX_USER = "sandbox_creator"
CALLBACK = "/connect/tiktok/callback"


def ensure_workspace(parts: Parts) -> str:
    """Return the id of the first workspace, created where there is none."""
    return parts.access.ensure_workspace(parts.ids.new("ws"), "default")


def callback_of(settings: Settings) -> str:
    """Return the redirect address of the apps for logins at this server.

    A public https address, or a loopback one, whose port may be any (`*`, as TikTok's portal spells it).
    """
    public = settings.public_url or ""
    return f"{public}{CALLBACK}" if public.startswith("https://") else f"http://127.0.0.1:*{CALLBACK}"


def kind_of(redirect_uri: str) -> RedirectKind:
    """Say which flow an address is for. Raises SettingsError for one that TikTok does not take."""
    try:
        return redirect_kind(redirect_uri.replace(":*", ":80", 1))
    except PostrailError as error:
        raise SettingsError(f"POSTRAIL_TIKTOK_REDIRECT_URI: {error.message}") from error


def ensure_app(parts: Parts) -> None:
    """Store the app of POSTRAIL_TIKTOK_CLIENT_KEY, as it is configured now."""
    settings = parts.settings
    if settings.tiktok_client_key is None:
        return
    if settings.tiktok_client_secret is None:
        raise SettingsError("POSTRAIL_TIKTOK_CLIENT_SECRET: needed with POSTRAIL_TIKTOK_CLIENT_KEY")
    redirect = settings.tiktok_redirect_uri or callback_of(settings)
    app = App(
        id=parts.ids.new("app"),
        client_key=settings.tiktok_client_key,
        client_secret=settings.tiktok_client_secret.get_secret_value(),
        label=settings.tiktok_app_label,
        kind=kind_of(redirect),
        redirect_uri=redirect,
        scopes=settings.tiktok_scopes,
    )
    parts.apps.keep(app)


def _ask_sandbox(
    egress: Egress, url: str, what: str, wanted: Mapping[str, object] | None = None, method: str = "POST"
) -> dict[str, Any]:
    """Read something of the sandbox at `url`, or make or change it as `wanted`. Raises SettingsError."""
    body = b"" if wanted is None else json.dumps(wanted).encode()
    try:
        reply = egress.send(
            "GET" if wanted is None else method,
            f"{url}/_sandbox/{what}",
            headers={"Content-Type": "application/json"},
            body=body,
            content_length=len(body),
        )
        answer: dict[str, Any] = json.loads(reply.body)
    except (Unsent, Broken, ValueError) as error:
        raise SettingsError(f"POSTRAIL_TIKTOK_BASE_URL: no sandbox answers at {url}: {error}") from error
    return answer


def ensure_sandbox_app(parts: Parts, egress: Egress, sandbox_url: str) -> App:
    """Store the sandbox's own app, and have it take logins back to this server.

    Raises SettingsError when no sandbox answers.
    """
    found = _ask_sandbox(egress, sandbox_url, "apps")["apps"][0]
    redirect = callback_of(parts.settings)
    wanted = {"kind": kind_of(redirect), "redirect_uris": [redirect]}
    _ask_sandbox(egress, sandbox_url, f"apps/{found['client_key']}", wanted, "PATCH")
    app = App(
        id=parts.ids.new("app"),
        client_key=found["client_key"],
        client_secret=found["client_secret"],
        label=found["name"],
        kind=kind_of(redirect),
        redirect_uri=redirect,
        scopes=tuple(found["scopes"]),
        sandbox=True,
        audit="audited" if found["audited"] else "unknown",
    )
    return parts.apps.keep(app)


def _sandbox_creator(egress: Egress, sandbox_url: str, open_id: str | None) -> dict[str, Any]:
    """Return the creator of the sandbox that every installation uses, made there unless it is there.

    Of two servers that start at once, one makes it. Raises SettingsError.
    """
    wanted = {"username": SANDBOX_USER, "rate_limits": False, "open_id": open_id}
    for _ in range(2):
        known = _ask_sandbox(egress, sandbox_url, "accounts")["accounts"]
        found: dict[str, Any] | None = next(
            (item for item in known if item["username"] == SANDBOX_USER), None
        )
        made = found or _ask_sandbox(egress, sandbox_url, "accounts", wanted)
        if "access_token" in made:
            return made
    raise SettingsError(f"POSTRAIL_TIKTOK_BASE_URL: the sandbox at {sandbox_url} makes no account: {made}")


def ensure_sandbox_account(
    parts: Parts, egress: Egress, sandbox_url: str, workspace_id: str, app: App
) -> None:
    """Connect an account of the sandbox, unless the workspace has one that this sandbox still knows.

    The account may be there already: from another data folder, or from a start that was cut short. Where the
    sandbox's world was wiped, the account that was connected begins anew there, under the same id.
    Raises SettingsError when no sandbox answers.
    """
    there = {item["open_id"] for item in _ask_sandbox(egress, sandbox_url, "accounts")["accounts"]}
    connected = [account for account in parts.access.accounts(workspace_id) if account.grant_id]
    if any(account.open_id in there for account in connected):
        return
    lost = next((one.open_id for one in connected if one.sandbox and one.username == SANDBOX_USER), None)
    _connect_creator(parts, workspace_id, app, _sandbox_creator(egress, sandbox_url, lost))


def connect_new_creators(
    parts: Parts, egress: Egress, sandbox_url: str, workspace_id: str, names: Iterable[str]
) -> None:
    """Make creators of these names in the sandbox and connect them. Raises SettingsError."""
    app = ensure_sandbox_app(parts, egress, sandbox_url)
    for name in names:
        made = _ask_sandbox(egress, sandbox_url, "accounts", {"username": name, "rate_limits": False})
        _connect_creator(parts, workspace_id, app, made)


def _connect_creator(parts: Parts, workspace_id: str, app: App, taken: Mapping[str, Any]) -> None:
    """Connect a creator of the sandbox, as its control API tells of it, without a login and unpaced."""
    tokens = NewPair(
        pair=Pair(access=taken["access_token"]),
        expires_in_s=None,
        refresh_expires_in_s=None,
        scopes=frozenset(str(taken["scope"]).split(",")),
        renew_in_ms=None,
    )
    new = NewGrant(
        id=parts.ids.new("grant"),
        account_id=parts.ids.new("acct"),
        workspace_id=workspace_id,
        app_id=app.id,
        open_id=taken["open_id"],
        username=taken["username"],
        tokens=tokens,
        paced=False,
        sandbox=True,
    )
    parts.grants.connect(new)


def ensure_first_key(parts: Parts, workspace_id: str, *, on_terminal: bool) -> str:
    """Issue the first API key; return the line that tells where it is, or how to get another.

    The secret is told on a terminal only; elsewhere it goes to a file that only its owner may read.
    """
    secret = issue_first_key(parts.access, parts.ids, parts.clock, workspace_id=workspace_id)
    if secret is None:
        return f"API keys: `postrail keys issue --home {parts.settings.home}` makes another one"
    if on_terminal:
        return f"API key (shown once): {secret}"
    path = parts.settings.home / FIRST_KEY_FILE
    write_private(path, secret + "\n")
    return f"API key: in {path}"
