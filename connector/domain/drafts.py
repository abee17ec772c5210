"""Drafts: what a post that goes to the creator's inbox leaves to the creator. Pure.

Source: the reference pages for inbox upload and photo post: a video draft carries nothing but the video, a
photo draft title and description beside the photos.
"""

from collections.abc import Mapping
from typing import Literal

_ALWAYS = (
    "privacy",
    "disable_comment",
    "is_ad",
    "brand_organic_toggle",
    "brand_content_toggle",
    "is_aigc",
)
LEFT_OUT: dict[str, tuple[str, ...]] = {
    "video": ("title", "disable_duet", "disable_stitch", "video_cover_timestamp_ms", *_ALWAYS),
    "photo": ("auto_add_music", *_ALWAYS),
}
"""The fields of a post that a draft does not carry, by its kind."""

WHY = "a draft leaves it to the creator, who finishes the post in TikTok's app"

_LOOK_AT_DRAFT = (
    (600_000, 15_000),
    (3_600_000, 60_000),
    (86_400_000, 600_000),
    (7 * 86_400_000, 3_600_000),
)
"""(age of the post in milliseconds, wait until the next look in milliseconds)."""

MODERATION_MS = 86_400_000
"""A finished draft that has no public id after this long is taken for one that is not public."""


def left_out(kind: Literal["video", "photo"], content: Mapping[str, object]) -> list[dict[str, str]]:
    """Return what of `content` a draft does not carry, as rows of a receipt's `ignored`."""
    return [{"field": name, "why": WHY} for name in LEFT_OUT[kind] if content.get(name) is not None]


def look_at_draft(age_ms: int) -> int | None:
    """Return the milliseconds until a delivered draft is looked at again; None once that makes no sense."""
    for age, wait in _LOOK_AT_DRAFT:
        if age_ms < age:
            return wait
    return None
