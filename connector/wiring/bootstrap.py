"""What a first start creates: a workspace, a sandbox account, an API key."""

import json

from connector.engine.access import issue_key
from connector.engine.model import Account
from connector.net import Egress
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


def ensure_sandbox_account(parts: Parts, egress: Egress, sandbox_url: str, workspace_id: str) -> None:
    """Connect an account of the sandbox, unless the workspace has one that this sandbox still knows."""
    headers = {"Content-Type": "application/json"}
    known = json.loads(egress.send("GET", f"{sandbox_url}/_sandbox/accounts", headers=headers).body)
    there = {item["open_id"] for item in known["accounts"]}
    if any(account.open_id in there for account in parts.access.accounts(workspace_id)):
        return
    wanted = json.dumps({"username": SANDBOX_USER, "rate_limits": False}).encode()
    reply = egress.send(
        "POST", f"{sandbox_url}/_sandbox/accounts", headers=headers, body=wanted, content_length=len(wanted)
    )
    made = json.loads(reply.body)
    account = Account(
        id=parts.ids.new("acct"),
        workspace_id=workspace_id,
        open_id=made["open_id"],
        username=made["username"],
        access_token=made["access_token"],
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
