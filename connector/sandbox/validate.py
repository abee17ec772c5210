"""Reads the bodies of the three init calls, pure: types, enums, lengths, chunk maths (reference 4.3-4.5).

Fields TikTok does not know are ignored, as it ignores them; a known field of the wrong type is refused.
"""

import ipaddress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from connector.sandbox.chunks import Plan, plan_of
from connector.sandbox.states import Flow, Source
from connector.sandbox.wire import BAD_MEDIA_TYPE, BAD_POST_INFO, BAD_SOURCE_INFO, Refusal

PRIVACY_LEVELS = frozenset(
    {"PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY"}
)
VIDEO_TITLE = 2200
PHOTO_TITLE = 90
PHOTO_DESCRIPTION = 4000
"""The three in UTF-16 code units."""
MAX_PHOTOS = 35

_VIDEO_BOOLEANS = (
    "disable_duet",
    "disable_stitch",
    "disable_comment",
    "brand_content_toggle",
    "brand_organic_toggle",
    "is_aigc",
)
_PHOTO_BOOLEANS = ("disable_comment", "auto_add_music", "brand_content_toggle", "brand_organic_toggle")
_UPLOAD_NUMBERS = ("video_size", "chunk_size", "total_chunk_count")

Body = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Init:
    """An init call that is well formed. `plan` stands for FILE_UPLOAD, `urls` for PULL_FROM_URL."""

    kind: Literal["video", "photo"]
    flow: Flow
    source: Source
    privacy_level: str | None
    title: str
    description: str
    post_info: Body
    source_info: Body
    plan: Plan | None = None
    urls: tuple[str, ...] = ()


def read_video_init(body: object) -> Init:
    """Read the body of video/init. Raises Refusal 400."""
    post_info = _object(body, "post_info", BAD_POST_INFO)
    _check_post_info(post_info, _VIDEO_BOOLEANS, title=VIDEO_TITLE)
    if not _is_int(post_info.get("video_cover_timestamp_ms", 0)):
        raise Refusal("invalid_params", BAD_POST_INFO)
    return _video(body, "direct", post_info)


def read_inbox_init(body: object) -> Init:
    """Read the body of inbox/video/init; it has no post_info. Raises Refusal 400."""
    return _video(body, "inbox", {})


def read_content_init(body: object) -> Init:
    """Read the body of content/init. Raises Refusal 400."""
    if not isinstance(body, dict) or body.get("media_type") != "PHOTO":
        raise Refusal("invalid_params", BAD_MEDIA_TYPE)
    if body.get("post_mode") not in ("DIRECT_POST", "MEDIA_UPLOAD"):
        raise Refusal("invalid_params", BAD_MEDIA_TYPE)
    post_info = _object(body, "post_info", BAD_POST_INFO)
    _check_post_info(post_info, _PHOTO_BOOLEANS, title=PHOTO_TITLE)
    if not isinstance(body.get("is_aigc", False), bool):
        raise Refusal("invalid_params", BAD_POST_INFO)
    source_info = _object(body, "source_info", BAD_SOURCE_INFO)
    return Init(
        kind="photo",
        flow="direct" if body["post_mode"] == "DIRECT_POST" else "inbox",
        source="PULL_FROM_URL",
        privacy_level=_text(post_info, "privacy_level") or None,
        title=_text(post_info, "title"),
        description=_text(post_info, "description"),
        post_info=post_info,
        source_info=source_info,
        urls=_photo_urls(source_info),
    )


def may_be_pulled(url: str) -> bool:
    """Say whether TikTok would pull from `url`: https to a named host, or anything on the loopback.

    The loopback is this sandbox's own exception, so that a whole set-up runs on one machine.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        local = host == "localhost"
        return (parts.scheme == "https" and "." in host) or (local and parts.scheme in ("http", "https"))
    return address.is_loopback and parts.scheme in ("http", "https")


def utf16_units(text: str) -> int:
    """Count UTF-16 code units, TikTok's measure of captions."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _video(body: object, flow: Flow, post_info: Body) -> Init:
    source_info = _object(body, "source_info", BAD_SOURCE_INFO)
    source = source_info.get("source")
    if source not in ("FILE_UPLOAD", "PULL_FROM_URL"):
        raise Refusal("invalid_params", BAD_SOURCE_INFO)
    upload = source == "FILE_UPLOAD"
    return Init(
        kind="video",
        flow=flow,
        source="FILE_UPLOAD" if upload else "PULL_FROM_URL",
        privacy_level=_text(post_info, "privacy_level") or None,
        title=_text(post_info, "title"),
        description="",
        post_info=post_info,
        source_info=source_info,
        plan=_plan(source_info) if upload else None,
        urls=() if upload else (_url(source_info.get("video_url")),),
    )


def _plan(source_info: Body) -> Plan:
    size, chunk, count = (_number(source_info, name) for name in _UPLOAD_NUMBERS)
    return plan_of(size, chunk, count)


def _photo_urls(source_info: Body) -> tuple[str, ...]:
    urls = source_info.get("photo_images")
    if source_info.get("source") != "PULL_FROM_URL" or not isinstance(urls, list):
        raise Refusal("invalid_params", BAD_SOURCE_INFO)
    if not 1 <= len(urls) <= MAX_PHOTOS:
        raise Refusal("invalid_params", BAD_SOURCE_INFO)
    if not 0 <= _number(source_info, "photo_cover_index") < len(urls):
        raise Refusal("invalid_params", BAD_SOURCE_INFO)
    return tuple(_url(url) for url in urls)


def _url(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise Refusal("invalid_params", BAD_SOURCE_INFO)
    return value


def _check_post_info(post_info: Body, booleans: tuple[str, ...], *, title: int) -> None:
    if not all(isinstance(post_info.get(name, False), bool) for name in booleans):
        raise Refusal("invalid_params", BAD_POST_INFO)
    limits = {"title": title, "description": PHOTO_DESCRIPTION}
    if any(utf16_units(_text(post_info, name)) > limit for name, limit in limits.items()):
        raise Refusal("invalid_params", BAD_POST_INFO)
    level = _text(post_info, "privacy_level")
    if level and level not in PRIVACY_LEVELS:
        raise Refusal("invalid_params", BAD_POST_INFO)


def _object(body: object, name: str, message: str) -> Body:
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, dict):
        raise Refusal("invalid_params", message)
    return value


def _text(post_info: Body, name: str) -> str:
    value = post_info.get(name, "")
    if not isinstance(value, str):
        raise Refusal("invalid_params", BAD_POST_INFO)
    return value


def _number(source_info: Body, name: str) -> int:
    value = source_info.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refusal("invalid_params", BAD_SOURCE_INFO)
    return value


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
