"""The public host: TikTok's signature files where TikTok looks for them, and `GET /v1/domains`."""

from flask import Flask, Response, abort, jsonify

from connector.engine.access import demand
from connector.engine.hosting import domains_row
from connector.server.site import Site


def register(app: Flask, site: Site) -> None:
    """Add the routes. A file proves the prefix it lies under: of the whole server, or of its media."""
    hosting = site.context.hosting

    @app.get("/tiktok<code>.txt")
    @app.get("/media/tiktok<code>.txt")
    def signature(code: str) -> Response:
        content = hosting.signatures.read(f"tiktok{code}.txt")
        if content is None:
            abort(404)
        return Response(content, mimetype="text/plain")

    @app.get("/v1/domains")
    def domains() -> Response:
        demand(site.principal(), "posts:read")
        return jsonify(domains_row(hosting))
