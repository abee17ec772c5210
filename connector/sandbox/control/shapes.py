"""How the control API spells the truth: a post, and a publish task with its whole history."""

from connector.kernel.clock import to_iso, to_iso_or_none
from connector.kernel.jsontext import Json
from connector.sandbox.login.grants import open_id_for
from connector.sandbox.posts import Post
from connector.sandbox.tasks import Task
from connector.sandbox.world import World


def post_as_dict(world: World, post: Post, base: str) -> dict[str, Json]:
    """Return a post as the truth about it; `base` is this server's URL without a slash at the end.

    `open_id` is the one that the posting app knows.
    """
    media: list[Json] = [
        {"sha256": row["sha256"], "size": row["size"], "content_type": row["content_type"]}
        for row in world.posts.media(post.publish_id)
    ]
    return {
        "post_id": str(post.post_id),
        "publish_id": post.publish_id,
        "client_key": post.client_key,
        "open_id": open_id_for(post.client_key, post.open_id),
        "username": post.username,
        "kind": post.kind,
        "privacy_level": post.privacy_level,
        "title": post.title,
        "description": post.description,
        "media": media,
        "published_at": to_iso(post.published_at),
        "public_at": to_iso_or_none(post.public_at),
        "no_longer_public_at": to_iso_or_none(post.gone_at),
        "removed_at": to_iso_or_none(post.removed_at),
        "share_url": f"{base}{post.path}",
    }


def task_as_dict(world: World, task: Task) -> dict[str, object]:
    """Return a publish task with its whole history; `open_id` is the one that the app knows."""
    return {
        "publish_id": task.publish_id,
        "client_key": task.client_key,
        "open_id": open_id_for(task.client_key, task.open_id),
        "kind": task.kind,
        "flow": task.flow,
        "source": task.source,
        "status": task.status,
        "stage": task.stage,
        "fail_reason": task.fail_reason,
        "uploaded_bytes": task.received_bytes,
        "total_bytes": task.total_bytes,
        "created_at": to_iso(task.created_at),
        "history": [
            {"at": to_iso(row["at"]), "status": row["status"], "stage": row["stage"]}
            for row in world.tasks.history(task.publish_id)
        ],
        "post_info": task.post_info,
        "source_info": task.source_info,
        "post_ids": [str(post.post_id) for post in world.posts.of(task.publish_id)],
    }
