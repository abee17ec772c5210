"""Wire shapes of the Display API, pure: which fields may be asked, and profiles and videos read.

Source: the pages for user/info, video/list, video/query and the video object. Times: `create_time` is in
seconds, `cursor` in milliseconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connector.engine.ports import Call
from connector.engine.ports_tiktok import UserInfo, Video, VideoPage
from connector.tiktok.wire import ReplyError, number_or_none, text_or_none

MOST_VIDEOS = 20
"""Videos that one call lists, or ids that one call asks for."""

_FIELDS_OF_SCOPE = {
    "user.info.basic": ("open_id", "union_id", "avatar_url", "display_name"),
    "user.info.profile": ("bio_description", "profile_deep_link", "is_verified", "username"),
    "user.info.stats": ("follower_count", "following_count", "likes_count", "video_count"),
}

VIDEO_FIELDS = (
    "id",
    "create_time",
    "cover_image_url",
    "share_url",
    "video_description",
    "title",
    "duration",
    "height",
    "width",
    "like_count",
    "comment_count",
    "share_count",
    "view_count",
)


def user_fields(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return the fields of user/info that the granted scopes allow.

    TikTok refuses the whole call for one field too many, so nothing else is asked. `user.info.basic` comes
    with every login.
    """
    granted = {"user.info.basic", *scopes}
    return tuple(name for scope, names in _FIELDS_OF_SCOPE.items() if scope in granted for name in names)


def fields_query(fields: Sequence[str]) -> str:
    """Spell the query string that asks for `fields`."""
    return f"fields={','.join(fields)}"


def list_body(*, before: int | None, limit: int) -> dict[str, object]:
    """Build the body of video/list. Raises ValueError unless `limit` is 1 to 20."""
    if not 1 <= limit <= MOST_VIDEOS:
        raise ValueError(f"video/list gives 1 to {MOST_VIDEOS} videos")
    body: dict[str, object] = {"max_count": limit}
    return body if before is None else {"cursor": before, **body}


def query_body(video_ids: Sequence[str]) -> dict[str, object]:
    """Build the body of video/query. Raises ValueError unless there are 1 to 20 ids."""
    if not 1 <= len(video_ids) <= MOST_VIDEOS:
        raise ValueError(f"video/query takes 1 to {MOST_VIDEOS} ids")
    return {"filters": {"video_ids": list(video_ids)}}


def read_user(data: Mapping[str, Any], call: Call) -> UserInfo:
    """Read the data of user/info. Raises ReplyError when it names no user."""
    user = data.get("user")
    if not isinstance(user, dict) or not user.get("open_id"):
        raise ReplyError("user/info names no user")
    verified = user.get("is_verified")
    return UserInfo(
        open_id=str(user["open_id"]),
        union_id=text_or_none(user.get("union_id")),
        display_name=text_or_none(user.get("display_name")),
        username=text_or_none(user.get("username")),
        avatar_url=text_or_none(user.get("avatar_url")),
        bio_description=text_or_none(user.get("bio_description")),
        profile_deep_link=text_or_none(user.get("profile_deep_link")),
        is_verified=verified if isinstance(verified, bool) else None,
        follower_count=number_or_none(user.get("follower_count")),
        following_count=number_or_none(user.get("following_count")),
        likes_count=number_or_none(user.get("likes_count")),
        video_count=number_or_none(user.get("video_count")),
        call=call,
    )


def read_video(found: Mapping[str, Any]) -> Video:
    """Read one video object."""
    created_s = number_or_none(found.get("create_time"))
    return Video(
        id=str(found.get("id", "")),
        created_at=created_s * 1000 if created_s is not None else None,
        title=text_or_none(found.get("title")),
        description=text_or_none(found.get("video_description")),
        share_url=text_or_none(found.get("share_url")),
        cover_image_url=text_or_none(found.get("cover_image_url")),
        duration_s=number_or_none(found.get("duration")),
        width=number_or_none(found.get("width")),
        height=number_or_none(found.get("height")),
        view_count=number_or_none(found.get("view_count")),
        like_count=number_or_none(found.get("like_count")),
        comment_count=number_or_none(found.get("comment_count")),
        share_count=number_or_none(found.get("share_count")),
        raw={**found, "id": str(found.get("id", ""))},
    )


def read_page(data: Mapping[str, Any], call: Call) -> VideoPage:
    """Read the data of video/list or video/query (which has no further page)."""
    videos = tuple(read_video(item) for item in data.get("videos") or () if isinstance(item, dict))
    more = data.get("has_more") is True
    return VideoPage(
        videos=videos, next_before=number_or_none(data.get("cursor")) if more else None, call=call
    )
