"""Rows of grants to the engine's values and back; both tokens travel in one sealed box."""

import json
from typing import Any

from connector.engine.model_accounts import Grant, NewPair, Pair
from connector.kernel.jsontext import canonical
from connector.store.rows import Row
from connector.store.sealing import Sealer, grant_context

S = 1000
"""Milliseconds in a second: TikTok gives lifetimes in seconds."""


def pair_of(row: Row, sealer: Sealer) -> Pair | None:
    """Open a grant's tokens; None when it has none any more."""
    if row["pair"] is None:
        return None
    context = grant_context(row["app_id"], row["open_id"], row["workspace_id"])
    told = json.loads(sealer.open(row["seal_key_id"], row["pair"], context))
    return Pair(access=told["access"], refresh=told["refresh"])


def grant_of(row: Row, sealer: Sealer) -> Grant:
    """Read a grant."""
    return Grant(
        id=row["id"],
        workspace_id=row["workspace_id"],
        account_id=row["account_id"],
        app_id=row["app_id"],
        open_id=row["open_id"],
        state=row["state"],
        scopes=frozenset(json.loads(row["scopes"])),
        pair=pair_of(row, sealer),
        reason=row["reason"],
        expires_at=row["expires_at"],
        refresh_expires_at=row["refresh_expires_at"],
        next_at=row["next_at"],
        tries=row["tries"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def token_columns(
    now: int, new: NewPair, before: Grant | None, context: str, sealer: Sealer
) -> dict[str, Any]:
    """Return what new tokens make of a grant's row; what TikTok left out stays as it was `before`.

    Raises ValueError for an empty token: what is stored must never be replaced by nothing.
    """
    old = before.pair if before else None
    refresh = new.pair.refresh or (old.refresh if old else None)
    if not new.pair.access or new.pair.refresh == "":
        raise ValueError("an empty token would replace a good one")
    sealed = sealer.seal(canonical({"access": new.pair.access, "refresh": refresh}), context)
    columns: dict[str, Any] = {
        "state": "live",
        "reason": None,
        "pair": sealed.box,
        "seal_key_id": sealed.key_id,
        "expires_at": None if new.expires_in_s is None else now + new.expires_in_s * S,
        "next_at": None if new.renew_in_ms is None else now + new.renew_in_ms,
        "lease": None,
        "owner": None,
        "tries": 0,
        "updated_at": now,
    }
    if new.refresh_expires_in_s is not None:
        columns["refresh_expires_at"] = now + new.refresh_expires_in_s * S
    if new.scopes is not None:
        columns["scopes"] = canonical(sorted(new.scopes))
    return columns
