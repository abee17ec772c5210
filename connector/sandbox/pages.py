"""Pages for people: the sandbox at a glance, and each post with its media, as its URL would show it."""

from flask import Blueprint, Response, abort, render_template
from markupsafe import escape

from connector.sandbox.control.kit import base_url
from connector.sandbox.control.shapes import post_as_dict
from connector.sandbox.faces import check_expiry
from connector.sandbox.world import World

SHOWN = 200
"""Lines of each table on the front page, the newest."""


def page_routes(world: World) -> Blueprint:
    """Return the routes of the pages."""
    routes = Blueprint("pages", __name__, template_folder="templates")

    @routes.get("/")
    def home() -> str:
        world.settle()
        return render_template(
            "home.html",
            accounts=world.accounts.all(),
            posts=[post_as_dict(world, post, base_url()) for post in world.posts.all()[-SHOWN:][::-1]],
            tasks=world.tasks.all()[-SHOWN:][::-1],
            log=world.journal.all()[-SHOWN:][::-1],
        )

    @routes.get("/@<username>/<any(video, photo):kind>/<int:post_id>")
    def post_page(username: str, kind: str, post_id: int) -> str:
        world.settle()
        post = world.posts.find(post_id) if post_id < 2**63 else None
        if post is None or (post.username, post.kind) != (username, kind):
            abort(404)
        return render_template("post.html", post=post_as_dict(world, post, base_url()))

    @routes.get("/_sandbox/avatar/<username>.svg")
    def avatar(username: str) -> Response:
        check_expiry(world)
        letter = escape(username[:1].upper())
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><circle cx="50" cy="50" r="50"'
            ' fill="#64748b"/><text x="50" y="68" font-size="50" text-anchor="middle" fill="#fff">'
            f"{letter}</text></svg>"
        )
        return Response(svg, mimetype="image/svg+xml")

    return routes
