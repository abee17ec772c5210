"""URLs of avatars and covers, which run out as TikTok's do (reference 2.7), and the check of one."""

from flask import abort, request

from connector.sandbox.accounts import Account
from connector.sandbox.posts import Post
from connector.sandbox.world import World

AVATAR_LIFE = 2 * 3600
COVER_LIFE = 6 * 3600
"""Seconds, both."""


def avatar_url(world: World, account: Account) -> str:
    """Return a creator's picture, good for two hours."""
    return f"{request.host_url}_sandbox/avatar/{account.username}.svg?{_expiry(world, AVATAR_LIFE)}"


def cover_url(world: World, post: Post) -> str:
    """Return a post's cover, good for six hours."""
    return f"{request.host_url}_sandbox/cover/{post.post_id}?{_expiry(world, COVER_LIFE)}"


def check_expiry(world: World) -> None:
    """Answer 403 when the present URL names a time that is over; one without a time never runs out."""
    expires = request.args.get("x-expires", type=int)
    if expires is not None and world.clock.now() >= expires * 1000:
        abort(403)


def _expiry(world: World, life: int) -> str:
    return f"x-expires={world.clock.now() // 1000 + life}"
