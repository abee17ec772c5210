"""`/v1/media/presigned`: large files go straight into the bucket, past this server, and are then taken in."""

from flask import Flask, Response, jsonify

from connector.engine.presigned import PATH, complete, give_up
from connector.server.operations import run_operation
from connector.server.site import Site

OPERATION = "presign_upload"


def register(app: Flask, site: Site) -> None:
    """Add the routes of presigned uploads."""

    @app.post(PATH)
    def presign_upload() -> Response:
        return run_operation(site, OPERATION)

    @app.post(f"{PATH}/<partial_id>/complete")
    def complete_upload(partial_id: str) -> Response:
        return jsonify(complete(site.context, site.principal(), partial_id))

    @app.delete(f"{PATH}/<partial_id>")
    def give_upload_up(partial_id: str) -> Response:
        give_up(site.context, site.principal(), partial_id)
        return jsonify({"ok": True, "upload_id": partial_id})
