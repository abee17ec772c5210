"""TikTok's Display API as far as a publisher needs it: user/info and video/list (reference, section 3)."""

from flask import Blueprint, request

from connector.kernel.jsontext import Json
from connector.sandbox.accounts import Account
from connector.sandbox.front import Endpoint, Front
from connector.sandbox.posts import Post
from connector.sandbox.wire import BAD_FIELDS, Refusal
from connector.sandbox.world import World

USER_INFO = Endpoint(name="user/info", scopes=("user.info.basic",), per_minute=600)
VIDEO_LIST = Endpoint(name="video/list", scopes=("video.list",), per_minute=600)

DEFAULT_COUNT = 10
MAX_COUNT = 20
READ_TITLE = 150
"""Characters of a caption that the read side shows."""

Data = dict[str, Json]


def display_routes(world: World, front: Front) -> Blueprint:
    """Return the routes of the Display API."""
    routes = Blueprint("display", __name__)
    desk = Display(world)
    routes.add_url_rule(
        "/v2/user/info/",
        endpoint="user_info",
        view_func=lambda: front.serve(USER_INFO, desk.user_info),
        methods=["GET"],
    )
    routes.add_url_rule(
        "/v2/video/list/",
        endpoint="video_list",
        view_func=lambda: front.serve(VIDEO_LIST, desk.video_list),
        methods=["POST"],
    )
    return routes


class Display:
    """The handlers; each gets an admitted account and the JSON body, and raises Refusal."""

    def __init__(self, world: World) -> None:
        self._world = world

    def user_info(self, account: Account, _body: object) -> Data:
        """Answer user/info; a field outside the granted scopes is 401, as operators report (U3)."""
        user = {**_basic(account), **_profile(account), **self._stats(account)}
        wanted = _fields(set(user))
        if not account.allows("user.info.profile") and set(wanted) & set(_profile(account)):
            raise Refusal("scope_not_authorized")
        if not account.allows("user.info.stats") and set(wanted) & set(self._stats(account)):
            raise Refusal("scope_not_authorized")
        return {"user": {name: user[name] for name in wanted}}

    def video_list(self, account: Account, body: object) -> Data:
        """Answer video/list: the creator's public videos, newest first, before a cursor in UTC ms."""
        asked = body if isinstance(body, dict) else {}
        cursor, count = asked.get("cursor"), asked.get("max_count", DEFAULT_COUNT)
        if not _is_int(count) or not 1 <= count <= MAX_COUNT or not (cursor is None or _is_int(cursor)):
            raise Refusal("invalid_params")
        wanted = _fields(_VIDEO_FIELDS)
        videos = [post for post in self._public(account) if cursor is None or post.published_at < cursor]
        page = videos[:count]
        return {
            "videos": [self._video(post, wanted) for post in page],
            "cursor": page[-1].published_at if page else cursor or 0,
            "has_more": len(videos) > len(page),
        }

    def _public(self, account: Account) -> list[Post]:
        self._world.settle()
        posts = [p for p in self._world.posts.all() if p.open_id == account.open_id and p.public_at]
        return sorted(posts, key=lambda post: post.published_at, reverse=True)

    def _stats(self, account: Account) -> Data:
        count = len(self._public(account))
        return {"follower_count": 0, "following_count": 0, "likes_count": 0, "video_count": count}

    def _video(self, post: Post, wanted: list[str]) -> Data:
        media = self._world.posts.media(post.publish_id)[0]
        url = f"{request.host_url.rstrip('/')}{post.path}"
        video: Data = {
            "id": str(post.post_id),
            "create_time": post.published_at // 1000,
            "title": post.title[:READ_TITLE],
            "video_description": (post.description or post.title)[:READ_TITLE],
            "duration": media["duration_ms"] // 1000,
            "width": media["width"],
            "height": media["height"],
            "share_url": url,
            "embed_link": url,
            "embed_html": f'<blockquote cite="{url}"></blockquote>',
            "cover_image_url": f"{request.host_url}_sandbox/media/{media['sha256']}",
            "like_count": 0,
            "comment_count": 0,
            "share_count": 0,
            "view_count": 0,
        }
        return {name: video[name] for name in wanted}


_VIDEO_FIELDS = {
    "id",
    "create_time",
    "title",
    "video_description",
    "duration",
    "width",
    "height",
    "share_url",
    "embed_link",
    "embed_html",
    "cover_image_url",
    "like_count",
    "comment_count",
    "share_count",
    "view_count",
}


def _basic(account: Account) -> Data:
    avatar = f"{request.host_url}_sandbox/avatar/{account.username}.svg"
    return {
        "open_id": account.open_id,
        "union_id": f"union{account.open_id}",
        "avatar_url": avatar,
        "avatar_url_100": avatar,
        "avatar_large_url": avatar,
        "display_name": account.traits.nickname or account.username,
    }


def _profile(account: Account) -> Data:
    return {
        "bio_description": "",
        "profile_deep_link": f"{request.host_url}@{account.username}",
        "username": account.username,
        "is_verified": False,
    }


def _fields(known: set[str]) -> list[str]:
    wanted = [name for name in request.args.get("fields", "").split(",") if name]
    if not wanted or not set(wanted) <= known:
        raise Refusal("invalid_params", BAD_FIELDS)
    return wanted


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
