"""`/healthz` (the process answers) and `/readyz` (requests can be served)."""

from flask import Flask, Response, jsonify

from connector.kernel.errors import PostrailError
from connector.kernel.log import get_log
from connector.server.site import Site

log = get_log("server")


def register(app: Flask, site: Site) -> None:
    """Add the health routes."""

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify({"ok": True})

    @app.get("/readyz")
    def readyz() -> Response:
        if site.context.stopping():
            raise PostrailError("server_draining", "The server is shutting down.")
        try:
            site.context.ledger.now()
            workspace = site.context.access.first_workspace()
        except Exception as error:
            log.exception("not_ready")
            raise PostrailError("not_ready", "The ledger does not answer.") from error
        return jsonify({"ok": True, "workspace": workspace is not None})
