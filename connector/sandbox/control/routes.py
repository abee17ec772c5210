"""The control API as one blueprint: its health, its knobs, the truth, and the routes of the other modules."""

from pathlib import Path

from flask import Blueprint, Response, abort, current_app, jsonify, send_file
from pydantic import BaseModel, ConfigDict

from connector.kernel.clock import to_iso
from connector.sandbox.behaviour import Behaviour
from connector.sandbox.clockwork import ClockSetting
from connector.sandbox.control.creator import add_creator_routes
from connector.sandbox.control.kit import base_url, body, guard, knob
from connector.sandbox.control.login import add_login_routes
from connector.sandbox.control.shapes import post_as_dict, task_as_dict
from connector.sandbox.control.webhooks import add_webhook_routes
from connector.sandbox.knobs import Faults
from connector.sandbox.rules import Rule
from connector.sandbox.states import Dial
from connector.sandbox.world import World


class Advance(BaseModel):
    """By how many milliseconds the clock moves on."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    ms: int


class Rules(BaseModel):
    """A whole script."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rules: list[Rule]


def control_routes(world: World) -> Blueprint:
    """Return the routes of the control API."""
    routes = Blueprint("control", __name__, url_prefix="/_sandbox")
    guard(routes)
    _add_knobs(routes, world)
    _add_clock(routes, world)
    _add_rules(routes, world)
    _add_truth(routes, world)
    add_login_routes(routes, world)
    add_creator_routes(routes, world)
    add_webhook_routes(routes, world)
    _add_index(routes)
    return routes


def _add_index(routes: Blueprint) -> None:
    @routes.get("/")
    def index() -> Response:
        rules = [rule for rule in current_app.url_map.iter_rules() if rule.endpoint.startswith("control.")]
        methods: dict[str, set[str]] = {}
        for rule in sorted(rules, key=lambda rule: rule.rule):
            methods.setdefault(rule.rule, set()).update((rule.methods or set()) - {"HEAD", "OPTIONS"})
        return jsonify(routes=[{"path": path, "methods": sorted(found)} for path, found in methods.items()])


def _add_knobs(routes: Blueprint, world: World) -> None:
    knobs = world.knobs

    @routes.get("/health")
    def health() -> Response:
        return jsonify(ok=True)

    @routes.route("/dial", methods=["GET", "PUT"])
    def dial() -> Response:
        return knob(Dial, lambda: knobs.dial, knobs.set_dial)

    @routes.route("/faults", methods=["GET", "PUT"])
    def faults() -> Response:
        return knob(Faults, lambda: knobs.faults, knobs.set_faults)

    @routes.route("/behaviour", methods=["GET", "PUT"])
    def behaviour() -> Response:
        return knob(Behaviour, lambda: knobs.behaviour, knobs.set_behaviour)


def _add_clock(routes: Blueprint, world: World) -> None:
    def told() -> Response:
        now = world.clock.now()
        return jsonify(**world.clock.setting.model_dump(), now_ms=now, now=to_iso(now))

    @routes.get("/clock")
    def clock() -> Response:
        return told()

    @routes.put("/clock")
    def set_clock() -> Response:
        world.clock.set(body(ClockSetting))
        return told()

    @routes.post("/clock/advance")
    def advance_clock() -> Response:
        world.clock.advance(body(Advance).ms)
        return told()


def _add_rules(routes: Blueprint, world: World) -> None:
    def told() -> Response:
        return jsonify(rules=[planted.as_dict() for planted in world.script.all()])

    @routes.get("/rules")
    def rules() -> Response:
        return told()

    @routes.put("/rules")
    def replace_rules() -> Response:
        asked = body(Rules)
        world.script.clear()
        world.script.plant(*asked.rules)
        return told()

    @routes.post("/rules")
    def plant_rule() -> tuple[Response, int]:
        world.script.plant(body(Rule))
        return told(), 201


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
