"""Albums: `POST /api/album/retain` of PM3K's document (section 4.5.2), and `/v1/albums`."""

from flask import Flask, Response, jsonify, request

from connector.engine.intake import end_album, retain, show_album
from connector.server.site import Site
from connector.web.incoming import read_rows


def _album_id(site: Site) -> str:
    """Return the album that the present request names. Raises PostrailError `bad_request`."""
    found = site.context.contract.understand_one("upload_media", "album_id", read_rows(request).rows)
    if not found.ok:
        raise found.error()
    return str(found.input["album_id"])


def register(app: Flask, site: Site) -> None:
    """Add the album routes."""

    @app.post("/api/album/retain")
    def retain_album() -> Response:
        principal = site.principal()
        return jsonify(retain(site.context, principal, _album_id(site)))

    @app.get("/v1/albums/<album_id>")
    def album(album_id: str) -> Response:
        return jsonify(show_album(site.context, site.principal(), album_id))

    @app.delete("/v1/albums/<album_id>")
    def delete_album(album_id: str) -> Response:
        end_album(site.context, site.principal(), album_id)
        return jsonify({"ok": True, "album_id": album_id})
