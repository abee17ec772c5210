"""TikTok's wire shapes, pure: canonical input to request bodies, reply bodies to values.

Source: the reference pages of the Content Posting API for direct post, photo post, status and creator info.
Every shape here is held to `schemas/tiktok/` by a test.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from connector.domain.chunks import ChunkPlan
from connector.engine.model import Post

CREATOR_INFO = "/v2/post/publish/creator_info/query/"
VIDEO_INIT = "/v2/post/publish/video/init/"
CONTENT_INIT = "/v2/post/publish/content/init/"
STATUS_FETCH = "/v2/post/publish/status/fetch/"

_VIDEO_INFO = {
    "title": "title",
    "privacy": "privacy_level",
    "disable_comment": "disable_comment",
    "disable_duet": "disable_duet",
    "disable_stitch": "disable_stitch",
    "video_cover_timestamp_ms": "video_cover_timestamp_ms",
    "brand_content_toggle": "brand_content_toggle",
    "brand_organic_toggle": "brand_organic_toggle",
    "is_aigc": "is_aigc",
}
_PHOTO_INFO = {
    "title": "title",
    "description": "description",
    "privacy": "privacy_level",
    "disable_comment": "disable_comment",
    "auto_add_music": "auto_add_music",
    "brand_content_toggle": "brand_content_toggle",
    "brand_organic_toggle": "brand_organic_toggle",
}
_BRAND_DEFAULTS = {"brand_content_toggle": False, "brand_organic_toggle": False}
"""TikTok's table marks both as required, so they are always sent."""


class ReplyError(ValueError):
    """A reply that is not what TikTok's pages describe."""


def _post_info(post: Post, names: Mapping[str, str]) -> dict[str, object]:
    given = {theirs: post.input[ours] for ours, theirs in names.items() if post.input.get(ours) is not None}
    return {**_BRAND_DEFAULTS, **given}


def video_init_body(post: Post, *, plan: ChunkPlan | None, video_url: str | None) -> dict[str, object]:
    """Build the body of video/init: FILE_UPLOAD with `plan`, or PULL_FROM_URL from `video_url`."""
    if plan is not None:
        source: dict[str, object] = {
            "source": "FILE_UPLOAD",
            "video_size": plan.total,
            "chunk_size": plan.size,
            "total_chunk_count": plan.count,
        }
    else:
        source = {"source": "PULL_FROM_URL", "video_url": video_url}
    return {"post_info": _post_info(post, _VIDEO_INFO), "source_info": source}


def photo_init_body(post: Post, photo_urls: Sequence[str]) -> dict[str, object]:
    """Build the body of content/init for a direct photo post pulled from `photo_urls`."""
    body: dict[str, object] = {
        "media_type": "PHOTO",
        "post_mode": "DIRECT_POST",
        "post_info": _post_info(post, _PHOTO_INFO),
        "source_info": {
            "source": "PULL_FROM_URL",
            "photo_cover_index": post.input.get("photo_cover_index", 0),
            "photo_images": list(photo_urls),
        },
    }
    if post.input.get("is_aigc") is not None:
        body["is_aigc"] = post.input["is_aigc"]
    return body


def parse_reply(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a reply of shape A into its `data` (empty when absent) and `error` objects.

    Raises ReplyError when the body is no JSON object with an `error.code`.
    """
    try:
        reply = json.loads(body)
    except ValueError as error:
        raise ReplyError("the reply is not JSON") from error
    if not isinstance(reply, dict) or not isinstance(reply.get("error"), dict):
        raise ReplyError("the reply has no error object")
    if not isinstance(reply["error"].get("code"), str):
        raise ReplyError("the reply's error has no code")
    data = reply.get("data")
    return (data if isinstance(data, dict) else {}), reply["error"]


def log_id_of(error: Mapping[str, Any], headers: Mapping[str, str]) -> str | None:
    """Return TikTok's log id: `log_id` in the body (tables call it `logid`), else the `x-tt-logid` header."""
    found = error.get("log_id") or error.get("logid") or headers.get("x-tt-logid")
    return str(found) if found else None


def public_ids(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the public post ids of a status reply as strings, from TikTok's spelling or the right one."""
    found = data.get("publicaly_available_post_id") or data.get("publicly_available_post_id") or []
    return tuple(str(item) for item in found)


def with_ids_as_text(data: Mapping[str, Any]) -> dict[str, object]:
    """Return status data with its 64-bit ids as strings, so that no JavaScript client rounds them."""
    ids = ("publicaly_available_post_id", "publicly_available_post_id")
    return {
        key: [str(item) for item in value] if key in ids and value else value for key, value in data.items()
    }


def uploaded_in(content_range: str | None) -> int | None:
    """Read the bytes TikTok holds from `bytes 0-{UPLOADED}/{TOTAL}`; None when there is no such header.

    The media transfer guide shows `UPLOADED` as the index of the last byte held, counted from zero.
    """
    if not content_range:
        return None
    span = content_range.removeprefix("bytes ").partition("/")[0]
    last = span.partition("-")[2]
    return int(last) + 1 if last.isdigit() else None
