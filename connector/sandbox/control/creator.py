"""Playing the creator, and TikTok's staff: drafts posted or left to lapse, posts shown, hidden, removed."""

from flask import Blueprint, Response, jsonify
from pydantic import BaseModel, ConfigDict, Field

from connector.sandbox.control.kit import base_url, body, found
from connector.sandbox.control.shapes import post_as_dict, task_as_dict
from connector.sandbox.posts import Post, Words
from connector.sandbox.tasks import Task
from connector.sandbox.world import World

_RULES = ConfigDict(frozen=True, extra="forbid", strict=True)


class DraftWords(BaseModel):
    """What the creator sets on posting a draft; None keeps what the app sent."""

    model_config = _RULES
    title: str | None = None
    description: str | None = None
    privacy_level: str = "PUBLIC_TO_EVERYONE"


class Failure(BaseModel):
    """Why a task is to fail."""

    model_config = _RULES
    reason: str = Field(default="internal", min_length=1)


def add_creator_routes(routes: Blueprint, world: World) -> None:
    """Add the routes."""
    _add_task_routes(routes, world)
    _add_post_routes(routes, world)


def post_draft(world: World, publish_id: str, words: DraftWords) -> Post:
    """Post a draft as its creator. Raises LookupError, or ValueError when it cannot be posted so."""
    task = _task(world, publish_id)
    account = world.accounts.by_id(task.open_id)
    if account is None or words.privacy_level not in account.privacy_options():
        raise ValueError(f"this creator cannot choose {words.privacy_level}")
    said = Words(
        title=task.title if words.title is None else words.title,
        description=task.description if words.description is None else words.description,
        privacy_level=words.privacy_level,
    )
    return world.lifecycle.post_draft(task, said)


def move_post(world: World, post_id: int, move: str) -> None:
    """Show, hide or remove a post as its creator. Raises LookupError, or ValueError when it was removed."""
    world.settle()
    post = found(world.posts.find(post_id) if post_id < 2**63 else None, f"post {post_id}")
    if post.removed_at is not None:
        raise ValueError("this post was removed")
    life = world.lifecycle
    {"show": life.show, "hide": life.hide, "remove": life.remove}[move](post)


def _task(world: World, publish_id: str) -> Task:
    task = found(world.tasks.find(publish_id), f"publish {publish_id}")
    return world.lifecycle.settled(task)


def _add_task_routes(routes: Blueprint, world: World) -> None:
    def told(publish_id: str) -> Response:
        return jsonify(task_as_dict(world, world.tasks.get(publish_id)))

    @routes.post("/publishes/<publish_id>/advance")
    def advance(publish_id: str) -> Response:
        if not world.lifecycle.advance(_task(world, publish_id)):
            raise ValueError("this task waits for bytes or for its creator, or is at its end")
        return told(publish_id)

    @routes.post("/publishes/<publish_id>/fail")
    def fail(publish_id: str) -> Response:
        if not world.lifecycle.fail(_task(world, publish_id), body(Failure).reason):
            raise ValueError("this task can no longer fail")
        return told(publish_id)

    @routes.post("/publishes/<publish_id>/post")
    def post(publish_id: str) -> tuple[Response, int]:
        made = post_draft(world, publish_id, body(DraftWords))
        return jsonify(post_as_dict(world, made, base_url())), 201

    @routes.post("/publishes/<publish_id>/lapse")
    def lapse(publish_id: str) -> Response:
        world.lifecycle.lapse_draft(_task(world, publish_id))
        return told(publish_id)


def _add_post_routes(routes: Blueprint, world: World) -> None:
    @routes.post("/posts/<int:post_id>/<any(show, hide, remove):move>")
    def move(post_id: int, move: str) -> Response:
        move_post(world, post_id, move)
        return jsonify(post_as_dict(world, world.posts.get(post_id), base_url()))
