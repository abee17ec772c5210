"""Posts as the ledger holds them, for whatever writes TikTok's requests."""

from collections.abc import Mapping
from typing import Any

from connector.domain.lifecycle import State
from connector.engine.model import Post


def post(kind: str, content: Mapping[str, object], mode: str = "direct") -> Post:
    """Return a post that is being sent."""
    plain: dict[str, Any] = {"kind": kind, "mode": mode, "transfer": "upload", "state": State.SENDING}
    return Post(
        id="post_1",
        workspace_id="w",
        account_id="a",
        operation=f"post_{kind}",
        input=content,
        receipt={},
        created_at=0,
        updated_at=0,
        **plain,
    )
