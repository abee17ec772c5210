"""Control over accounts, apps and consents."""

from flask import Blueprint, Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field

from connector.kernel.jsontext import Json
from connector.sandbox.accounts import ALL_SCOPES, Account, Traits
from connector.sandbox.control.kit import body, found, patched
from connector.sandbox.hooks.events import REASONS, USER_DISCONNECTED
from connector.sandbox.login.apps import AppTraits
from connector.sandbox.login.grants import common
from connector.sandbox.oauth import issue_pair
from connector.sandbox.schema import DEFAULT_APP
from connector.sandbox.world import World

_RULES = ConfigDict(frozen=True, extra="forbid", strict=True)


class NewAccount(Traits):
    """The body of a request for an account: its traits, and optionally its handle, granted scopes and id.

    The id is for an account that a client knows from a world that is gone.
    """

    model_config = _RULES
    username: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.]{1,40}$")
    scope: str = ALL_SCOPES
    open_id: str | None = Field(default=None, pattern=r"^-000[A-Za-z0-9_-]{1,60}$")


class NewApp(AppTraits):
    """The body of a request for an app: what is set for it, and optionally its key and secret."""

    model_config = _RULES
    client_key: str | None = Field(default=None, pattern=r"^[A-Za-z0-9]{4,40}$")
    client_secret: str | None = Field(default=None, min_length=1)


class NewGrant(BaseModel):
    """A consent given without a browser."""

    model_config = _RULES
    username: str
    client_key: str = DEFAULT_APP
    scope: str = ALL_SCOPES


class NewScope(BaseModel):
    """What a creator leaves an app."""

    model_config = _RULES
    scope: str


def add_login_routes(routes: Blueprint, world: World) -> None:
    """Add the routes."""
    _add_accounts(routes, world)
    _add_apps(routes, world)
    _add_grants(routes, world)


def account_named(world: World, username: str) -> Account:
    """Return an account that exists. Raises LookupError."""
    return found(world.accounts.named(username), f"account {username}")


def add_asked_account(world: World, asked: NewAccount) -> Account:
    """Add an account as it is asked for. Raises ValueError when its name or id is taken."""
    traits = Traits(**asked.model_dump(exclude={"username", "scope", "open_id"}))
    return world.accounts.add(traits, username=asked.username, scope=asked.scope, open_id=asked.open_id)


def _add_accounts(routes: Blueprint, world: World) -> None:
    @routes.post("/accounts")
    def add_account() -> tuple[Response, int]:
        return jsonify(add_asked_account(world, body(NewAccount)).as_dict()), 201

    @routes.get("/accounts")
    def accounts() -> Response:
        return jsonify(accounts=[account.as_dict() for account in world.accounts.all()])

    @routes.patch("/accounts/<username>")
    def change_account(username: str) -> Response:
        account = account_named(world, username)
        world.accounts.change(account, patched(account.traits))
        return jsonify(account_named(world, username).as_dict())


def _add_apps(routes: Blueprint, world: World) -> None:
    apps = world.login.apps

    @routes.post("/apps")
    def add_app() -> tuple[Response, int]:
        asked = body(NewApp)
        traits = AppTraits(**asked.model_dump(exclude={"client_key", "client_secret"}))
        return jsonify(apps.add(traits, asked.client_key, asked.client_secret).as_dict()), 201

    @routes.get("/apps")
    def all_apps() -> Response:
        return jsonify(apps=[app.as_dict() for app in apps.all()])

    @routes.patch("/apps/<client_key>")
    def change_app(client_key: str) -> Response:
        app = found(apps.find(client_key), f"app {client_key}")
        asked = patched(NewApp(**app.traits.model_dump(), client_secret=app.client_secret))
        traits = AppTraits(**asked.model_dump(exclude={"client_key", "client_secret"}))
        return jsonify(apps.change(app, traits, asked.client_secret).as_dict())


def _add_grants(routes: Blueprint, world: World) -> None:
    @routes.get("/grants")
    def grants() -> Response:
        found_grants: list[Json] = [
            {"username": account.username, **grant.as_dict()}
            for account in world.accounts.all()
            for grant in world.login.grants.of(account.open_id)
        ]
        return jsonify(grants=found_grants)

    @routes.post("/grants")
    def add_grant() -> tuple[Response, int]:
        asked = body(NewGrant)
        app = found(world.login.apps.find(asked.client_key), f"app {asked.client_key}")
        account = account_named(world, asked.username)
        scope = common(asked.scope, ",".join(app.scopes))
        return jsonify(issue_pair(world, app, account, scope)), 201

    @routes.patch("/grants/<client_key>/<username>")
    def narrow_grant(client_key: str, username: str) -> Response:
        account = account_named(world, username)
        world.login.grants.narrow(client_key, account.open_id, body(NewScope).scope)
        grant = found(world.login.grants.live(client_key, account.open_id), "consent")
        return jsonify(username=username, **grant.as_dict())

    @routes.delete("/grants/<client_key>/<username>")
    def remove_grant(client_key: str, username: str) -> tuple[Response, int]:
        reason = request.args.get("reason", USER_DISCONNECTED, type=int)
        if reason not in REASONS:
            raise ValueError("the reason is a number from 0 to 5")
        if not world.part(client_key, account_named(world, username), reason):
            raise LookupError("consent")
        return Response(), 204
