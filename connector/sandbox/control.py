"""The control API under `/_sandbox/`: make accounts, turn the dial, plant faults, read the truth.

Whoever reaches the port may use it; the sandbox is bound to the loopback.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from flask import Blueprint, Response, abort, jsonify, request, send_file
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import BadRequest

from connector.kernel.clock import to_iso, to_iso_or_none
from connector.kernel.jsontext import Json
from connector.sandbox.accounts import ALL_SCOPES, Traits
from connector.sandbox.knobs import Faults
from connector.sandbox.posts import Post
from connector.sandbox.states import Dial
from connector.sandbox.tasks import Task
from connector.sandbox.world import World

Shape = TypeVar("Shape", bound=BaseModel)


class NewAccount(Traits):
    """The body of a request for an account: its traits, and optionally its handle and granted scopes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    username: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.]{1,40}$")
    scope: str = ALL_SCOPES


def control_routes(world: World) -> Blueprint:
    """Return the routes of the control API."""
    routes = Blueprint("control", __name__, url_prefix="/_sandbox")
    routes.register_error_handler(ValidationError, _not_valid)
    routes.register_error_handler(ValueError, lambda error: (jsonify(error=str(error)), 400))
    routes.register_error_handler(BadRequest, lambda error: (jsonify(error=error.description), 400))
    _add_knobs(routes, world)
    _add_truth(routes, world)
    return routes


def post_as_dict(world: World, post: Post, base: str) -> dict[str, Json]:
    """Return a post as the truth about it; `base` is this server's URL without a slash at the end."""
    media: list[Json] = [
        {"sha256": row["sha256"], "size": row["size"], "content_type": row["content_type"]}
        for row in world.posts.media(post.publish_id)
    ]
    return {
        "post_id": str(post.post_id),
        "publish_id": post.publish_id,
        "open_id": post.open_id,
        "username": post.username,
        "kind": post.kind,
        "privacy_level": post.privacy_level,
        "title": post.title,
        "description": post.description,
        "media": media,
        "published_at": to_iso(post.published_at),
        "public_at": to_iso_or_none(post.public_at),
        "share_url": f"{base}{post.path}",
    }


def task_as_dict(world: World, task: Task) -> dict[str, object]:
    """Return a publish task with its whole history."""
    return {
        "publish_id": task.publish_id,
        "open_id": task.open_id,
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


def base_url() -> str:
    """Return this server's URL as the present request spelt it, without a slash at the end."""
    return request.host_url.rstrip("/")


def _add_knobs(routes: Blueprint, world: World) -> None:
    @routes.get("/health")
    def health() -> Response:
        return jsonify(ok=True)

    @routes.post("/accounts")
    def add_account() -> tuple[Response, int]:
        asked = _body(NewAccount)
        traits = Traits(**asked.model_dump(exclude={"username", "scope"}))
        account = world.accounts.add(traits, username=asked.username, scope=asked.scope)
        return jsonify(account.as_dict()), 201

    @routes.get("/accounts")
    def accounts() -> Response:
        return jsonify(accounts=[account.as_dict() for account in world.accounts.all()])

    @routes.route("/dial", methods=["GET", "PUT"])
    def dial() -> Response:
        return _knob(Dial, lambda: world.knobs.dial, world.knobs.set_dial)

    @routes.route("/faults", methods=["GET", "PUT"])
    def faults() -> Response:
        return _knob(Faults, lambda: world.knobs.faults, world.knobs.set_faults)


def _add_truth(routes: Blueprint, world: World) -> None:
    @routes.get("/posts")
    def posts() -> Response:
        world.settle()
        return jsonify(posts=[post_as_dict(world, post, base_url()) for post in world.posts.all()])

    @routes.get("/publishes")
    def publishes() -> Response:
        world.settle()
        return jsonify(publishes=[task_as_dict(world, task) for task in world.tasks.all()])

    @routes.get("/log")
    def log() -> Response:
        return jsonify(log=world.journal.all())

    @routes.get("/media/<sha256>")
    def media(sha256: str) -> Response:
        content_type = world.posts.content_type(sha256)
        if content_type is None:
            abort(404)
        path: Path = world.media_file(sha256)
        return send_file(path.resolve(), mimetype=content_type, conditional=True)


def _knob(kind: type[Shape], read: Callable[[], Shape], write: Callable[[Shape], None]) -> Response:
    if request.method == "PUT":
        write(_body(kind))
    return jsonify(read().model_dump())


def _body(kind: type[Shape]) -> Shape:
    return kind.model_validate_json(request.get_data() or b"{}")


def _not_valid(error: ValidationError) -> tuple[Response, int]:
    problems = [
        {"field": ".".join(str(part) for part in problem["loc"]), "problem": problem["msg"]}
        for problem in error.errors()
    ]
    return jsonify(error="the body is not what is expected", details=problems), 400
