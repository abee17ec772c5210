"""What the forms of the pages do: each acts as the control API would, then leads back to its page."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from connector.sandbox.accounts import Traits
from connector.sandbox.behaviour import Behaviour
from connector.sandbox.clockwork import ClockSetting
from connector.sandbox.control.creator import DraftWords, move_post, post_draft
from connector.sandbox.control.kit import found, is_foreign
from connector.sandbox.control.login import NewAccount, account_named, add_asked_account
from connector.sandbox.hooks.events import USER_DISCONNECTED
from connector.sandbox.login.apps import AppTraits
from connector.sandbox.pages.forms import read_form
from connector.sandbox.rules import Rule
from connector.sandbox.states import Dial
from connector.sandbox.world import World

HOUR = 3600 * 1000
"""Milliseconds."""


def action_routes(routes: Blueprint, world: World) -> None:
    """Add the routes."""
    _add_knob_forms(routes, world)
    _add_people_forms(routes, world)
    _add_creator_forms(routes, world)


def _acted(page: str, act: Callable[[], object]) -> ResponseReturnValue:
    """Act and lead back to `page`, or say what is wrong."""
    if is_foreign():
        return render_template("refused.html", problem="Another origin may not use these forms."), 403
    try:
        act()
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        return render_template("refused.html", problem=problems, back=page), 400
    except (ValueError, LookupError) as error:
        return render_template("refused.html", problem=f"{error}.", back=page), 400
    return redirect(page, 303)


def _add_knob_forms(routes: Blueprint, world: World) -> None:
    def knob_named(name: str) -> None:
        if name == "dial":
            world.knobs.set_dial(read_form(Dial, request.form))
        elif name == "behaviour":
            world.knobs.set_behaviour(read_form(Behaviour, request.form))
        else:
            world.clock.set(read_form(ClockSetting, request.form))

    @routes.post("/forms/<any(dial, behaviour, clock):name>")
    def set_knob(name: str) -> ResponseReturnValue:
        return _acted("/knobs", lambda: knob_named(name))

    @routes.post("/forms/advance")
    def advance_clock() -> ResponseReturnValue:
        hours = request.form.get("hours", "")
        return _acted("/knobs", lambda: world.clock.advance(round(float(hours) * HOUR)))

    @routes.post("/forms/rules")
    def plant_rule() -> ResponseReturnValue:
        return _acted("/knobs", lambda: world.script.plant(read_form(Rule, request.form)))

    @routes.post("/forms/rules/clear")
    def clear_rules() -> ResponseReturnValue:
        return _acted("/knobs", world.script.clear)


def _add_people_forms(routes: Blueprint, world: World) -> None:
    def add_account() -> None:
        asked = read_form(NewAccount, {**request.form, "username": request.form.get("username", "")})
        add_asked_account(world, asked)

    def part(client_key: str, username: str) -> None:
        if not world.part(client_key, account_named(world, username), USER_DISCONNECTED):
            raise LookupError("this app has no consent")

    @routes.post("/forms/accounts")
    def new_account() -> ResponseReturnValue:
        return _acted("/accounts", add_account)

    @routes.post("/forms/accounts/<username>")
    def change_account(username: str) -> ResponseReturnValue:
        return _acted(
            "/accounts",
            lambda: world.accounts.change(account_named(world, username), read_form(Traits, request.form)),
        )

    @routes.post("/forms/accounts/<username>/part/<client_key>")
    def part_account(username: str, client_key: str) -> ResponseReturnValue:
        return _acted("/accounts", lambda: part(client_key, username))

    @routes.post("/forms/apps")
    def new_app() -> ResponseReturnValue:
        return _acted("/apps", lambda: world.login.apps.add(read_form(AppTraits, request.form)))

    @routes.post("/forms/apps/<client_key>")
    def change_app(client_key: str) -> ResponseReturnValue:
        app = found(world.login.apps.find(client_key), f"app {client_key}")
        return _acted("/apps", lambda: world.login.apps.change(app, read_form(AppTraits, request.form)))


def _add_creator_forms(routes: Blueprint, world: World) -> None:
    def move_task(publish_id: str, move: str) -> None:
        task = world.lifecycle.settled(found(world.tasks.find(publish_id), publish_id))
        if move == "post":
            post_draft(world, publish_id, read_form(DraftWords, request.form))
        elif move == "lapse":
            world.lifecycle.lapse_draft(task)
        elif not (world.lifecycle.advance(task) if move == "advance" else _fail(task.publish_id)):
            raise ValueError("this task cannot take that step now")

    def _fail(publish_id: str) -> bool:
        return world.lifecycle.fail(world.tasks.get(publish_id), request.form.get("reason") or "internal")

    @routes.post("/forms/publishes/<publish_id>/<any(advance, fail, post, lapse):move>")
    def task_form(publish_id: str, move: str) -> ResponseReturnValue:
        return _acted("/", lambda: move_task(publish_id, move))

    @routes.post("/forms/posts/<int:post_id>/<any(show, hide, remove):move>")
    def post_form(post_id: int, move: str) -> ResponseReturnValue:
        return _acted("/", lambda: move_post(world, post_id, move))

    @routes.post("/forms/webhooks/<int:number>/again")
    def webhook_form(number: int) -> ResponseReturnValue:
        return _acted("/webhooks", lambda: world.hooks.again(number))
