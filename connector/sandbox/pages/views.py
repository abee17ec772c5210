"""What the pages show: posts with their media, inboxes, accounts, apps, webhooks, requests and knobs."""

from flask import Blueprint, Response, abort, render_template, send_file
from markupsafe import escape

from connector.kernel.clock import to_iso
from connector.sandbox.accounts import Traits
from connector.sandbox.control.kit import base_url
from connector.sandbox.control.shapes import post_as_dict
from connector.sandbox.faces import check_expiry
from connector.sandbox.login.apps import AppTraits
from connector.sandbox.pages.actions import action_routes
from connector.sandbox.pages.forms import fields_of
from connector.sandbox.rules import ENDPOINTS, Rule
from connector.sandbox.states import UNFINISHED
from connector.sandbox.world import World

SHOWN = 200
"""Lines of each table, the newest."""


def page_routes(world: World) -> Blueprint:
    """Return the routes of the pages."""
    routes = Blueprint("pages", __name__)
    _add_front(routes, world)
    _add_people(routes, world)
    _add_traffic(routes, world)
    _add_posts(routes, world)
    _add_pictures(routes, world)
    action_routes(routes, world)

    @routes.app_context_processor
    def common() -> dict[str, object]:
        setting = world.clock.setting
        return {
            "now": to_iso(world.clock.now()),
            "is_moved": setting.frozen or setting.offset_ms != 0,
            "unfinished": UNFINISHED,
        }

    return routes


def _add_front(routes: Blueprint, world: World) -> None:
    @routes.get("/")
    def home() -> str:
        world.settle()
        posts = [post_as_dict(world, post, base_url()) for post in world.posts.all()[-SHOWN:][::-1]]
        return render_template(
            "home.html",
            posts=posts,
            tasks=world.tasks.all()[-SHOWN:][::-1],
            log=world.journal.all()[-10:][::-1],
            accounts={account.open_id: account for account in world.accounts.all()},
            dial=world.knobs.dial,
            base=base_url(),
            app=world.login.apps.all()[0],
        )

    @routes.get("/knobs")
    def knobs() -> str:
        settings = {
            "dial": world.knobs.dial,
            "behaviour": world.knobs.behaviour,
            "clock": world.clock.setting,
        }
        return render_template(
            "knobs.html",
            knobs={name: fields_of(setting) for name, setting in settings.items()},
            rules=world.script.all(),
            new_rule=fields_of(Rule(what="refuse"), without=("endpoint",)),
            endpoints=("*", *ENDPOINTS),
            faults=world.knobs.faults,
        )


def _add_people(routes: Blueprint, world: World) -> None:
    @routes.get("/accounts")
    def accounts() -> str:
        people = world.accounts.all()
        return render_template(
            "accounts.html",
            accounts=[(account, fields_of(account.traits)) for account in people],
            grants={account.open_id: world.login.grants.of(account.open_id) for account in people},
            new_account=fields_of(Traits()),
        )

    @routes.get("/apps")
    def apps() -> str:
        return render_template(
            "apps.html",
            apps=[(app, fields_of(app.traits)) for app in world.login.apps.all()],
            new_app=fields_of(AppTraits()),
        )


def _add_traffic(routes: Blueprint, world: World) -> None:
    @routes.get("/requests")
    def requests() -> str:
        return render_template("requests.html", log=world.journal.all()[-SHOWN:][::-1])

    @routes.get("/webhooks")
    def webhooks() -> str:
        deliveries = [world.hooks.as_dict(delivery) for delivery in world.hooks.all()[-SHOWN:][::-1]]
        return render_template("webhooks.html", deliveries=deliveries)


def _add_posts(routes: Blueprint, world: World) -> None:
    @routes.get("/@<username>/<any(video, photo):kind>/<int:post_id>")
    def post_page(username: str, kind: str, post_id: int) -> str:
        world.settle()
        post = world.posts.find(post_id) if post_id < 2**63 else None
        if post is None or (post.username, post.kind) != (username, kind) or post.removed_at is not None:
            abort(404)
        return render_template("post.html", post=post_as_dict(world, post, base_url()))


def _add_pictures(routes: Blueprint, world: World) -> None:
    @routes.get("/_sandbox/avatar/<username>.svg")
    def avatar(username: str) -> Response:
        check_expiry(world)
        return _letter(username[:1])

    @routes.get("/_sandbox/cover/<int:post_id>")
    def cover(post_id: int) -> Response:
        check_expiry(world)
        post = world.posts.find(post_id) if post_id < 2**63 else None
        if post is None:
            abort(404)
        first = world.posts.media(post.publish_id)[0]
        if post.kind == "photo":
            return send_file(world.media_file(first["sha256"]).resolve(), mimetype=first["content_type"])
        return _letter(post.title[:1] or "v")


def _letter(text: str) -> Response:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><circle cx="50" cy="50" r="50"'
        ' fill="#64748b"/><text x="50" y="68" font-size="50" text-anchor="middle" fill="#fff">'
        f"{escape(text.upper())}</text></svg>"
    )
    return Response(svg, mimetype="image/svg+xml")
