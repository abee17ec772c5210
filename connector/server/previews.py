"""`GET /v1/media/{id}/preview`: a small JPEG of an upload, a photo's thumbnail or the frame of a moment."""

from threading import BoundedSemaphore

from flask import Flask, Response, request

from connector.engine.access import demand
from connector.engine.library import find, reach_of
from connector.engine.model import MediaItem
from connector.kernel.errors import PostrailError, Problem
from connector.server.site import Site

AT_ONCE = 4
"""Previews that are made at one time: each takes a thread and a child, and in a bucket a copy of the file."""

SIDE, SIDES = 320, range(16, 1081)
"""Pixels of the longer side: where nothing is said, and what may be asked for."""

MOMENTS = range(12 * 3_600_000 + 1)
"""Milliseconds that may be asked for; behind the end of a video it is its last frame."""

KEPT_S = 86_400
"""Seconds for which whoever asked may keep the answer: the bytes of an upload never change."""


def _whole(name: str, usual: int, allowed: range) -> int:
    """Return a whole number of the query. Raises PostrailError `bad_request`."""
    text = request.args.get(name, "").strip()
    if not text:
        return usual
    is_whole = text.isascii() and text.isdigit()
    if is_whole and len(text) <= len(str(allowed.stop)) and int(text) in allowed:
        return int(text)
    problem = Problem(
        field=name,
        problem="out_of_range" if is_whole else "not_an_integer",
        got=text[:40],
        expected=f"a whole number from {allowed.start} to {allowed.stop - 1}",
        fix=f"send {name}={usual}, or leave it out",
        code="bad_request",
    )
    raise PostrailError("bad_request", f"{name} is no such number.", details=[problem])


def _make(site: Site, places: BoundedSemaphore, item: MediaItem, side: int, at_ms: int) -> bytes:
    """Make a preview. Raises PostrailError `too_many_previews`, and as `MediaRoom.preview`."""
    if not places.acquire(blocking=False):
        raise PostrailError("too_many_previews", f"{AT_ONCE} previews are being made; ask again in a moment.")
    try:
        return site.context.media.preview(item, side=side, at_ms=at_ms)
    finally:
        places.release()


def register(app: Flask, site: Site) -> None:
    """Add the route of previews."""
    places = BoundedSemaphore(AT_ONCE)

    @app.get("/v1/media/<upload_id>/preview")
    def preview(upload_id: str) -> Response:
        principal = site.principal()
        demand(principal, "posts:read")
        item = find(site.context.library, reach_of(principal), upload_id, site.context.ledger.now()).item
        side, at_ms = _whole("side", SIDE, SIDES), _whole("at_ms", 0, MOMENTS)
        tag = f"{item.media_id}-{side}-{at_ms}"
        headers = {"Cache-Control": f"private, max-age={KEPT_S}", "ETag": f'"{tag}"'}
        if request.if_none_match.contains(tag):
            return Response(status=304, headers=headers)
        return Response(_make(site, places, item, side, at_ms), 200, headers, content_type="image/jpeg")
