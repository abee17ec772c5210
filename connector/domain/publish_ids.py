"""What TikTok's publish ids say of the task they name: pure."""

from typing import Literal

_FORMS: dict[str, tuple[Literal["video", "photo"], Literal["upload", "pull"]]] = {
    "v_pub_file~": ("video", "upload"),
    "v_inbox_file~": ("video", "upload"),
    "v_pub_url~": ("video", "pull"),
    "v_inbox_url~": ("video", "pull"),
    "p_pub_url~": ("photo", "pull"),
    "p_inbox_url~": ("photo", "pull"),
}
"""How an id begins, by the kind of post and how its bytes travel (reference pages of the three inits)."""


def sort_of(publish_id: str) -> tuple[Literal["video", "photo"], Literal["upload", "pull"]] | None:
    """Return the kind of post and the transfer that a publish id is for; None for a form not known."""
    return next((sort for start, sort in _FORMS.items() if publish_id.startswith(start)), None)
