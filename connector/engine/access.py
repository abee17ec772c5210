"""API keys: issued once, kept as a hash, checked on every request."""

import hashlib
from collections.abc import Iterable

from connector.engine.model import ApiKey, Principal
from connector.engine.ports import AccessStore
from connector.kernel.clock import Clock
from connector.kernel.errors import PostrailError
from connector.kernel.ids import Ids

KEY_PREFIX = "pr_key_"
CONNECT_SCOPE = "accounts:write"
"""What a key needs to connect accounts."""

ALL_SCOPES = frozenset({"posts:write", "posts:read", CONNECT_SCOPE})


def hash_secret(secret: str) -> str:
    """Return the SHA-256 (hex) that stands for a key; the secret itself has 256 random bits, so no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue_key(
    access: AccessStore,
    ids: Ids,
    clock: Clock,
    *,
    workspace_id: str,
    name: str,
    scopes: Iterable[str] = ALL_SCOPES,
    account_id: str | None = None,
    expires_at: int | None = None,
) -> tuple[ApiKey, str]:
    """Create a key and return it with its secret, which is never to be had again."""
    secret = KEY_PREFIX + ids.token()
    key = ApiKey(
        id=ids.new("key"),
        workspace_id=workspace_id,
        name=name,
        created_at=clock.now(),
        scopes=frozenset(scopes),
        account_id=account_id,
        expires_at=expires_at,
    )
    access.add_key(key, hash_secret(secret))
    return key, secret


def issue_first_key(access: AccessStore, ids: Ids, clock: Clock, *, workspace_id: str) -> str | None:
    """Create the first key of a workspace and return its secret; None where the workspace has a key."""
    secret = KEY_PREFIX + ids.token()
    key = ApiKey(
        id=ids.new("key"),
        workspace_id=workspace_id,
        name="first",
        created_at=clock.now(),
        scopes=ALL_SCOPES,
    )
    return secret if access.add_first_key(key, hash_secret(secret)) else None


def authenticate(access: AccessStore, clock: Clock, secret: str | None) -> Principal:
    """Turn the secret of a request into the principal behind it.

    Raises PostrailError `unauthorized` (none given), `invalid_api_key` (unknown or revoked) or
    `api_key_expired`.
    """
    if not secret:
        raise PostrailError("unauthorized", "The request carries no API key.")
    key = access.find_key(hash_secret(secret))
    if key is None or key.revoked_at is not None:
        raise PostrailError("invalid_api_key", "The API key is unknown or has been revoked.")
    if key.expires_at is not None and key.expires_at <= clock.now():
        raise PostrailError("api_key_expired", "The API key has expired.")
    return Principal(
        workspace_id=key.workspace_id,
        key_id=key.id,
        scopes=key.scopes,
        account_id=key.account_id,
        name=key.name,
    )


def demand(principal: Principal, scope: str) -> None:
    """Raise PostrailError `forbidden` unless the principal has `scope`."""
    if scope not in principal.scopes:
        raise PostrailError("forbidden", f"The API key does not have the scope {scope}.")


def demand_to_connect(principal: Principal) -> None:
    """Raise PostrailError `forbidden` unless the principal may connect accounts to its workspace."""
    demand(principal, CONNECT_SCOPE)
    if principal.account_id is not None:
        raise PostrailError("forbidden", "A key that is bound to one account connects no other.")
