"""What a first start creates: a workspace, a sandbox account, an API key."""

import json
from collections.abc import Mapping
from typing import Any

from connector.engine.access import issue_key
from connector.engine.model import Account
from connector.net import Broken, Egress, Unsent
from connector.settings import SettingsError
from connector.wiring.parts import Parts, write_private

FIRST_KEY_FILE = "first-key"
SANDBOX_USER = "sandbox_creator"


def ensure_workspace(parts: Parts) -> str:
    """Return the id of the first workspace, created where there is none."""
    found = parts.access.first_workspace()
    if found is not None:
        return found
    workspace_id = parts.ids.new("ws")
    parts.access.add_workspace(workspace_id, "default")
    return workspace_id


def _ask_sandbox(egress: Egress, url: str, wanted: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Read the accounts of the sandbox at `url`, or have one made as `wanted`. Raises SettingsError."""
    method, body = ("GET", b"") if wanted is None else ("POST", json.dumps(wanted).encode())
    try:
        reply = egress.send(
            method,
            f"{url}/_sandbox/accounts",
            headers={"Content-Type": "application/json"},
            body=body,
            content_length=len(body),
        )
        answer: dict[str, Any] = json.loads(reply.body)
    except (Unsent, Broken, ValueError) as error:
        raise SettingsError(f"POSTRAIL_TIKTOK_BASE_URL: no sandbox answers at {url}: {error}") from error
    return answer


def ensure_sandbox_account(parts: Parts, egress: Egress, sandbox_url: str, workspace_id: str) -> None:
    """Connect an account of the sandbox, unless the workspace has one that this sandbox still knows.

    The account may be there already: from another data folder, or from a start that was cut short.
    Raises SettingsError when no sandbox answers.
    """
    known = _ask_sandbox(egress, sandbox_url)["accounts"]
    there = {item["open_id"] for item in known}
    if any(account.open_id in there for account in parts.access.accounts(workspace_id)):
        return
    found = next((item for item in known if item["username"] == SANDBOX_USER), None)
    wanted = {"username": SANDBOX_USER, "rate_limits": False}
    taken = found or _ask_sandbox(egress, sandbox_url, wanted)
    account = Account(
        id=parts.ids.new("acct"),
        workspace_id=workspace_id,
        open_id=taken["open_id"],
        username=taken["username"],
        access_token=taken["access_token"],
        paced=False,
        sandbox=True,
    )
    parts.access.add_account(account)


def ensure_first_key(parts: Parts, workspace_id: str, *, on_terminal: bool) -> str | None:
    """Issue the first API key; return the line that tells where it is, None when there is a key already.

    The secret is told on a terminal only; elsewhere it goes to a file that only its owner may read.
    """
    if parts.access.keys(workspace_id):
        return None
    _key, secret = issue_key(parts.access, parts.ids, parts.clock, workspace_id=workspace_id, name="first")
    if on_terminal:
        return f"API key (shown once): {secret}"
    path = parts.settings.home / FIRST_KEY_FILE
    write_private(path, secret + "\n")
    return f"API key: in {path}"
