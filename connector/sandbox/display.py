"""TikTok's Display API: user/info, video/list and video/query (reference, section 3)."""

from flask import Blueprint, request

from connector.kernel.jsontext import Json
from connector.sandbox.accounts import Account
from connector.sandbox.faces import avatar_url, cover_url
from connector.sandbox.front import Endpoint, Front
from connector.sandbox.posts import Post
from connector.sandbox.wire import BAD_FIELDS, Refusal
from connector.sandbox.world import World

LISTED = ("video.list",)
USER_INFO = Endpoint(name="user/info", scopes=("user.info.basic",), per_minute=600, family="display")
VIDEO_LIST = Endpoint(name="video/list", scopes=LISTED, per_minute=600, family="display")
VIDEO_QUERY = Endpoint(name="video/query", scopes=LISTED, per_minute=600, family="display")

DEFAULT_COUNT = 10
MAX_COUNT = 20
"""Videos of one answer; more asked for, or more ids, are refused (U24)."""
READ_TITLE = 150
"""Characters of a caption that the read side shows."""

Data = dict[str, Json]


def display_routes(world: World, front: Front) -> Blueprint:
    """Return the routes of the Display API."""
    routes = Blueprint("display", __name__)
    desk = Display(world)
    handlers = (
        (USER_INFO, desk.user_info, "GET"),
        (VIDEO_LIST, desk.video_list, "POST"),
        (VIDEO_QUERY, desk.video_query, "POST"),
    )
    for endpoint, handler, method in handlers:
        routes.add_url_rule(
            f"/v2/{endpoint.name}/",
            endpoint=endpoint.name.replace("/", "_"),
            view_func=lambda endpoint=endpoint, handler=handler: front.serve(endpoint, handler),
            methods=[method],
        )
    return routes


class Display:
    """The handlers; each gets an admitted account and the JSON body, and raises Refusal."""

    def __init__(self, world: World) -> None:
        self._world = world

    def user_info(self, account: Account, _body: object) -> Data:
        """Answer user/info; what becomes of a field outside the granted scopes is a knob (U3)."""
        by_scope = {
            "user.info.basic": self._basic(account),
            "user.info.profile": self._profile(account),
            "user.info.stats": self._stats(account),
        }
        wanted = _fields({name for values in by_scope.values() for name in values})
        granted = {name for scope, values in by_scope.items() if account.allows(scope) for name in values}
        reaction = self._world.knobs.behaviour.out_of_scope_fields
        if reaction != "omit" and not set(wanted) <= granted:
            raise Refusal(reaction)
        user = {name: value for values in by_scope.values() for name, value in values.items()}
        return {"user": {name: user[name] for name in wanted if name in granted}}

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
            "videos": [self._video(account, post, wanted) for post in page],
            "cursor": page[-1].published_at if page else cursor or 0,
            "has_more": len(videos) > len(page),
        }

    def video_query(self, account: Account, body: object) -> Data:
        """Answer video/query: those of the asked ids that are the creator's own and public (U4)."""
        filters = body.get("filters") if isinstance(body, dict) else None
        ids = filters.get("video_ids") if isinstance(filters, dict) else None
        if not isinstance(ids, list) or not 1 <= len(ids) <= MAX_COUNT:
            raise Refusal("invalid_params")
        if not all(isinstance(item, str) for item in ids):
            raise Refusal("invalid_params")
        wanted = _fields(_VIDEO_FIELDS)
        videos = [self._video(account, p, wanted) for p in self._public(account) if str(p.post_id) in ids]
        return {"videos": [*videos], "cursor": 0, "has_more": False}

    def _public(self, account: Account) -> list[Post]:
        self._world.settle()
        posts = [p for p in self._world.posts.all() if p.open_id == account.open_id and p.is_public]
        return sorted(posts, key=lambda post: post.published_at, reverse=True)

    def _basic(self, account: Account) -> Data:
        avatar = avatar_url(self._world, account)
        return {
            "open_id": account.seen_as,
            "union_id": f"union{account.open_id}",
            "avatar_url": avatar,
            "avatar_url_100": avatar,
            "avatar_large_url": avatar,
            "display_name": account.traits.nickname or account.username,
        }

    def _profile(self, account: Account) -> Data:
        profile = f"{request.host_url}@{account.username}"
        return {
            "bio_description": account.traits.bio_description,
            "profile_deep_link": profile,
            "profile_web_link": profile,
            "username": account.username,
            "is_verified": account.traits.is_verified,
        }

    def _stats(self, account: Account) -> Data:
        return {
            "follower_count": account.traits.follower_count,
            "following_count": account.traits.following_count,
            "likes_count": account.traits.likes_count,
            "video_count": len(self._public(account)),
        }

    def _video(self, account: Account, post: Post, wanted: list[str]) -> Data:
        media = self._world.posts.media(post.publish_id)[0]
        url = f"{request.host_url.rstrip('/')}{post.path}"
        campaign = f"utm_campaign=tt4d_open_api&utm_source={account.client_key}"
        video: Data = {
            "id": str(post.post_id),
            "create_time": post.published_at // 1000,
            "title": post.title[:READ_TITLE],
            "video_description": (post.description or post.title)[:READ_TITLE],
            "duration": media["duration_ms"] // 1000,
            "width": media["width"],
            "height": media["height"],
            "share_url": f"{url}?{campaign}",
            "embed_link": url,
            "embed_html": f'<blockquote cite="{url}"></blockquote>',
            "cover_image_url": cover_url(self._world, post),
            "is_aigc": self._world.tasks.get(post.publish_id).post_info.get("is_aigc") is True,
            **dict.fromkeys(_COUNTERS, 0),
        }
        return {name: video[name] for name in wanted}


_COUNTERS = ("like_count", "comment_count", "share_count", "view_count")
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
    "is_aigc",
    *_COUNTERS,
}


def _fields(known: set[str]) -> list[str]:
    wanted = [name for name in request.args.get("fields", "").split(",") if name]
    if not wanted or not set(wanted) <= known:
        raise Refusal("invalid_params", BAD_FIELDS)
    return wanted


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
