"""`GET /`: where to look, for whoever opens the address that `serve` has printed."""

from flask import Flask, Response, jsonify

from connector.server.site import Site

PATHS = ("/v1/operations", "/v1/schemas", "/v1/errors", "/healthz")


def register(app: Flask, site: Site) -> None:
    """Add the index."""

    @app.get("/")
    @app.get("/v1")
    def index() -> Response:
        version = site.context.contract.connector.version
        return jsonify({"name": "Postrail", "version": version, "see": PATHS})
