"""`POST /api/album/retain` of PM3K's document (section 4.5.2).

Albums are made by uploads, which this release does not take yet: no album exists that could be retained, and
the answer says so in PM3K's shape.
"""

from flask import Flask, Response, request

from connector.kernel.errors import PostrailError, Problem
from connector.server.site import Site
from connector.web.incoming import read_rows


def register(app: Flask, site: Site) -> None:
    """Add the album route."""

    @app.post("/api/album/retain")
    def retain() -> Response:
        site.principal()
        album_id = read_rows(request).rows.get("album_id")
        if not isinstance(album_id, str) or not album_id.strip():
            missing = Problem(field="album_id", problem="missing", expected="the id of an album")
            raise PostrailError("bad_request", "album_id is missing.", details=[missing])
        raise PostrailError("album_not_found", f"There is no album {album_id!r}: albums are made by uploads.")
