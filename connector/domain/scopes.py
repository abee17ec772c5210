"""What the permissions that a creator left on allow: pure.

Source: the scopes page and the reference pages of the Content Posting API. A creator may take off any
permission at login; renewing tokens never adds one.
"""

from collections.abc import Collection
from dataclasses import dataclass

PUBLISH = "video.publish"
UPLOAD = "video.upload"
VIDEO_LIST = "video.list"
"""To read the account's public videos: how a post is found again of which TikTok does not tell."""

SCOPE_OF_MODE = {"direct": PUBLISH, "inbox": UPLOAD}
"""The permission that each way of posting needs."""

NEEDS: tuple[tuple[str, str | None, str], ...] = (
    ("post_video", "direct", PUBLISH),
    ("post_video", "inbox", UPLOAD),
    ("post_photos", "direct", PUBLISH),
    ("post_photos", "inbox", UPLOAD),
    ("get_creator_info", None, PUBLISH),
)
"""(operation, post mode, permission) of everything that needs one."""


@dataclass(frozen=True, kw_only=True)
class Ability:
    """Whether an operation works for an account; `why` says what is missing where it does not."""

    operation: str
    post_mode: str | None
    needs: str
    works: bool
    why: str | None


def abilities(granted: Collection[str], asked: Collection[str]) -> list[Ability]:
    """Say of each operation whether `granted` permissions allow it; `asked` are those a login asks for."""
    return [
        Ability(
            operation=operation,
            post_mode=mode,
            needs=scope,
            works=scope in granted,
            why=None if scope in granted else _why(scope, asked),
        )
        for operation, mode, scope in NEEDS
    ]


def _why(scope: str, asked: Collection[str]) -> str:
    if scope in asked:
        return f"the creator left {scope} off at login; connect again and leave it on"
    return f"the TikTok app does not ask for {scope}"
