"""The delivery log of webhooks, deliveries made again, and events made by hand, forged ones too."""

from flask import Blueprint, Response, jsonify
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from connector.kernel.jsontext import Json
from connector.sandbox.control.kit import body, found
from connector.sandbox.control.login import account_named
from connector.sandbox.hooks.events import body_of
from connector.sandbox.login.grants import open_id_for
from connector.sandbox.schema import DEFAULT_APP
from connector.sandbox.world import World


class HandMade(BaseModel):
    """An event made by hand.

    `user_openid` None: that of `username` as the app sees it. `create_time` in seconds, None: now. `secret`
    signs in place of the app's own, which forges it; `skew_s` moves the signature's time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    client_key: str = DEFAULT_APP
    event: str = Field(min_length=1)
    content: dict[str, object] = Field(default_factory=dict)
    username: str | None = None
    user_openid: str | None = None
    create_time: int | None = None
    secret: str | None = None
    skew_s: int = 0
    times: PositiveInt = 1


def add_webhook_routes(routes: Blueprint, world: World) -> None:
    """Add the routes."""

    @routes.get("/webhooks")
    def webhooks() -> Response:
        return jsonify(webhooks=[world.hooks.as_dict(delivery) for delivery in world.hooks.all()])

    @routes.post("/webhooks")
    def send_webhook() -> tuple[Response, int]:
        _send(world, body(HandMade))
        return jsonify(ok=True), 201

    @routes.post("/webhooks/<int:number>/again")
    def send_again(number: int) -> Response:
        if not world.hooks.again(number):
            raise LookupError(f"delivery {number}")
        return jsonify(ok=True)


def _send(world: World, asked: HandMade) -> None:
    app = found(world.login.apps.find(asked.client_key), f"app {asked.client_key}")
    if app.traits.webhook_url is None:
        raise ValueError("this app has no webhook_url")
    at = world.clock.now() if asked.create_time is None else asked.create_time * 1000
    content: dict[str, Json] = {name: _json(value) for name, value in asked.content.items()}
    text = body_of(app.client_key, asked.event, _open_id(world, asked), content, at)
    world.hooks.send(
        app.client_key, asked.event, text, times=asked.times, secret=asked.secret, skew_s=asked.skew_s
    )


def _open_id(world: World, asked: HandMade) -> str:
    if asked.username is None:
        return asked.user_openid or ""
    return open_id_for(asked.client_key, account_named(world, asked.username).open_id)


def _json(value: object) -> Json:
    """Narrow a value that came as JSON."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _json(item) for name, item in value.items()}
    raise TypeError(type(value).__name__)
