"""Wire shapes of the Content Posting API, pure: canonical input to request bodies, replies to values.

Source: the reference pages for direct post, inbox upload, photo post, status and creator info. Every shape
here is held to `schemas/tiktok/` by a test.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.domain.chunks import ChunkPlan
from connector.engine.model import Post
from connector.engine.ports import Call, CreatorInfo, PublishStatus

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
_DRAFT_INFO = {"title": "title", "description": "description"}
"""All that a photo draft may carry: the creator chooses the rest in TikTok's app."""

_BRAND_DEFAULTS = {"brand_content_toggle": False, "brand_organic_toggle": False}
"""TikTok's table marks both as required for a direct post, so they are always sent."""

_ID_LISTS = ("publicaly_available_post_id", "publicly_available_post_id")
"""TikTok's spelling, and the right one."""


def _given(post: Post, names: Mapping[str, str]) -> dict[str, object]:
    return {theirs: post.input[ours] for ours, theirs in names.items() if post.input.get(ours) is not None}


def video_source(*, plan: ChunkPlan | None, video_url: str | None) -> dict[str, object]:
    """Build `source_info` of a video: FILE_UPLOAD with `plan`, or PULL_FROM_URL from `video_url`."""
    if plan is None:
        return {"source": "PULL_FROM_URL", "video_url": video_url}
    return {
        "source": "FILE_UPLOAD",
        "video_size": plan.total,
        "chunk_size": plan.size,
        "total_chunk_count": plan.count,
    }


def video_init_body(post: Post, *, plan: ChunkPlan | None, video_url: str | None) -> dict[str, object]:
    """Build the body of video/init for a direct post."""
    return {
        "post_info": {**_BRAND_DEFAULTS, **_given(post, _VIDEO_INFO)},
        "source_info": video_source(plan=plan, video_url=video_url),
    }


def inbox_init_body(*, plan: ChunkPlan | None, video_url: str | None) -> dict[str, object]:
    """Build the body of inbox/video/init: a video draft carries no caption and no privacy."""
    return {"source_info": video_source(plan=plan, video_url=video_url)}


def photo_init_body(post: Post, photo_urls: Sequence[str]) -> dict[str, object]:
    """Build the body of content/init for a photo post pulled from `photo_urls`: direct, or a draft."""
    draft = post.mode == "inbox"
    info = _given(post, _DRAFT_INFO) if draft else {**_BRAND_DEFAULTS, **_given(post, _PHOTO_INFO)}
    body: dict[str, object] = {
        "media_type": "PHOTO",
        "post_mode": "MEDIA_UPLOAD" if draft else "DIRECT_POST",
        "post_info": info,
        "source_info": {
            "source": "PULL_FROM_URL",
            "photo_cover_index": post.input.get("photo_cover_index", 0),
            "photo_images": list(photo_urls),
        },
    }
    if not draft and post.input.get("is_aigc") is not None:
        body["is_aigc"] = post.input["is_aigc"]
    return body


def read_creator(data: Mapping[str, Any], call: Call) -> CreatorInfo:
    """Read the data of creator_info/query."""
    return CreatorInfo(
        username=str(data.get("creator_username", "")),
        nickname=str(data.get("creator_nickname", "")),
        avatar_url=str(data.get("creator_avatar_url") or ""),
        privacy_level_options=tuple(data.get("privacy_level_options") or ()),
        comment_disabled=bool(data.get("comment_disabled")),
        duet_disabled=bool(data.get("duet_disabled")),
        stitch_disabled=bool(data.get("stitch_disabled")),
        max_video_post_duration_sec=int(data.get("max_video_post_duration_sec") or 0),
        call=call,
    )


def read_status(data: Mapping[str, Any], call: Call) -> PublishStatus:
    """Read the data of status/fetch."""
    return PublishStatus(
        status=str(data.get("status", "")),
        fail_reason=data.get("fail_reason") or None,
        public_ids=public_ids(data),
        raw=with_ids_as_text(data),
        call=call,
    )


def public_ids(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the public post ids of a status reply as strings, from TikTok's spelling or the right one."""
    found: list[object] = next((data[name] for name in _ID_LISTS if data.get(name)), [])
    return tuple(str(item) for item in found)


def with_ids_as_text(data: Mapping[str, Any]) -> dict[str, object]:
    """Return status data with its 64-bit ids as strings, so that no JavaScript client rounds them."""
    return {
        key: [str(item) for item in value] if key in _ID_LISTS and value else value
        for key, value in data.items()
    }


def uploaded_in(content_range: str | None) -> int | None:
    """Read the bytes TikTok holds from `bytes 0-{UPLOADED}/{TOTAL}`; None when there is no such header.

    The media transfer guide does not say whether `UPLOADED` counts the bytes held or is the index of the last
    one. It is read as an index: read so, a count is one byte too many, which the arithmetic of whole chunks
    rounds away.
    """
    if not content_range:
        return None
    span = content_range.removeprefix("bytes ").partition("/")[0]
    last = span.partition("-")[2]
    return int(last) + 1 if last.isdigit() else None
