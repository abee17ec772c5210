"""`POST /webhooks/tiktok`: what TikTok tells, recorded before it is answered."""

from flask import Flask, Response, jsonify, request

from connector.engine.webhooks import receive
from connector.server.site import Site
from connector.web.incoming import raw_body

SIGNATURE = "TikTok-Signature"


def register(app: Flask, site: Site) -> None:
    """Add the route; its caller is known by the signature alone."""

    @app.post("/webhooks/tiktok")
    def tiktok() -> Response:
        fresh = receive(site.hooks, request.headers.get(SIGNATURE), raw_body(request))
        return jsonify({"ok": True, "known": not fresh})
