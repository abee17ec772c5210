"""Albums: `POST /api/album/retain` of PM3K's document (section 4.5.2), and `/v1/albums`."""

from flask import Flask, Response, jsonify, request

from connector.engine.intake import end_album, retain, show_album
from connector.kernel.errors import PostrailError, Problem
from connector.server.site import Site
from connector.web.incoming import read_rows


def _album_id() -> str:
    """Return the album that the present request names. Raises PostrailError `bad_request`."""
    album_id = read_rows(request).rows.get("album_id")
    if isinstance(album_id, str) and album_id.strip():
        return album_id.strip()
    missing = Problem(
        field="album_id",
        problem="missing",
        got="nothing",
        expected="the id of an album",
        fix="send the album_id that the upload was answered with",
        code="bad_request",
    )
    raise PostrailError("bad_request", "album_id is missing.", details=[missing])


def register(app: Flask, site: Site) -> None:
    """Add the album routes."""

    @app.post("/api/album/retain")
    def retain_album() -> Response:
        principal = site.principal()
        return jsonify(retain(site.context, principal, _album_id()))

    @app.get("/v1/albums/<album_id>")
    def album(album_id: str) -> Response:
        return jsonify(show_album(site.context, site.principal(), album_id))

    @app.delete("/v1/albums/<album_id>")
    def delete_album(album_id: str) -> Response:
        end_album(site.context, site.principal(), album_id)
        return jsonify({"ok": True, "album_id": album_id})
