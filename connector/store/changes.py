"""What a change makes of a post: pure."""

from dataclasses import fields, replace
from typing import Any

from connector.domain.lifecycle import BADLY_OFF, TABLE, State, may_become
from connector.engine.model import Change, Post


def changed(post: Post, change: Change, now: int) -> Post:
    """Apply `change` at `now` (UTC milliseconds).

    `version` counts what a waiting caller could see: the state, the publish id, the public ids. `settled_at`
    keeps the first settled moment. What was wrong is no longer told once the post has moved on to a state in
    which nothing is. Raises ValueError for a transition the lifecycle does not know.
    """
    given: dict[str, Any] = {
        member.name: value for member in fields(change) if (value := getattr(change, member.name)) is not None
    }
    then = replace(post, **given, updated_at=now)
    if not may_become(post.state, then.state):
        raise ValueError(f"a post that is {post.state} cannot become {then.state}")
    if then.state is not post.state and then.state not in BADLY_OFF:
        then = replace(then, failure=change.failure)
    return replace(then, version=post.version + _is_news(post, then), settled_at=_settled_at(then, now))


def leaves_sending(before: Post, after: Post) -> bool:
    """Tell whether an attempt that is still `sending` has lost its post by this change."""
    return before.state is State.SENDING and after.state is not State.SENDING


def _is_news(before: Post, after: Post) -> bool:
    seen = (before.state, before.publish_id, before.public_ids)
    return seen != (after.state, after.publish_id, after.public_ids)


def _settled_at(post: Post, now: int) -> int | None:
    if post.settled_at is None and TABLE[post.state].settled:
        return now
    return post.settled_at
