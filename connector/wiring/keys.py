"""`postrail keys`: API keys of the first workspace."""

from connector.engine.access import issue_key
from connector.engine.accounts import resolve_account
from connector.engine.model import ApiKey, Principal
from connector.settings import Settings
from connector.wiring.bootstrap import ensure_workspace
from connector.wiring.parts import open_existing, open_parts

DAY_MS = 86_400_000


def issue(settings: Settings, *, name: str, account: str | None, days: int | None) -> str:
    """Issue a key and return its secret. Raises PostrailError `account_not_found`."""
    parts = open_parts(settings)
    try:
        workspace_id = ensure_workspace(parts)
        account_id = None
        if account is not None:
            anyone = Principal(workspace_id=workspace_id, key_id="")
            account_id = resolve_account(parts.access, anyone, account).id
        _key, secret = issue_key(
            parts.access,
            parts.ids,
            parts.clock,
            workspace_id=workspace_id,
            name=name,
            account_id=account_id,
            expires_at=parts.clock.now() + days * DAY_MS if days else None,
        )
        return secret
    finally:
        parts.database.close()


def listed(settings: Settings) -> list[ApiKey]:
    """Return every key, oldest first. Raises SettingsError where there is no installation."""
    parts = open_existing(settings)
    try:
        return parts.access.keys(ensure_workspace(parts))
    finally:
        parts.database.close()


def revoke(settings: Settings, key_id: str) -> bool:
    """Revoke a key; False when there is none of that id. Raises SettingsError as `listed`."""
    parts = open_existing(settings)
    try:
        return parts.access.revoke_key(ensure_workspace(parts), key_id)
    finally:
        parts.database.close()
