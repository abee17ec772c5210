"""The Flask application of the sandbox: TikTok's endpoints, the control API and the pages over one world."""

from flask import Flask, jsonify, request
from flask.json.provider import DefaultJSONProvider
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from connector.kernel.ids import Ids
from connector.sandbox.consent import consent_routes
from connector.sandbox.control.routes import control_routes
from connector.sandbox.display import display_routes
from connector.sandbox.front import Front
from connector.sandbox.journal import ANSWERED
from connector.sandbox.oauth import oauth_routes
from connector.sandbox.pages.views import page_routes
from connector.sandbox.publishing import publishing_routes
from connector.sandbox.wire import Refusal, refusal
from connector.sandbox.world import World

CLIENT_PATHS = ("/v2/", "/upload", "/video/")
"""Paths that TikTok's clients call; what no route serves there is logged and answered in TikTok's shape."""


def create_app(world: World, *, ids: Ids) -> Flask:
    """Return the application."""
    app = Flask(__name__)
    if isinstance(app.json, DefaultJSONProvider):
        app.json.sort_keys = False
    front = Front(world, ids=ids)
    app.register_blueprint(publishing_routes(world, front))
    app.register_blueprint(display_routes(world, front))
    app.register_blueprint(oauth_routes(world, front))
    app.register_blueprint(consent_routes(world, front))
    app.register_blueprint(control_routes(world))
    app.register_blueprint(page_routes(world))

    def unserved(error: HTTPException) -> ResponseReturnValue:
        if not request.path.startswith(CLIENT_PATHS):
            return error.get_response()
        refused = Refusal("unsupported_path")
        log_id = front.new_log_id()
        number = world.journal.begin(request.method, request.full_path.rstrip("?"))
        world.journal.end(
            number,
            status=refused.status,
            code=refused.code,
            log_id=log_id,
            publish_id=None,
            outcome=ANSWERED,
        )
        return jsonify(refusal(refused, log_id)), refused.status

    app.register_error_handler(404, unserved)
    app.register_error_handler(405, unserved)
    return app
