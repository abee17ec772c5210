"""`GET|HEAD /media/{gate}/{name}`: a post's files for TikTok's puller, through the gate, by ranges."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from flask import Flask, Response

from connector.engine.gate import Passage, Seen, at_gate
from connector.server.files import RETRY_AFTER_S, send_file
from connector.server.site import Site

TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
"""What a gate token looks like; anything else never reaches the ledger."""


def _answer(seen: Seen) -> Response:
    if seen.item is not None and seen.blob is not None:
        return send_file(seen.item, seen.blob)
    if seen.passage is Passage.NOT_YET:
        return Response(status=503, headers={"Retry-After": str(RETRY_AFTER_S)})
    return Response(status=410)


def register(app: Flask, site: Site) -> None:
    """Add the media route."""
    places = BoundedSemaphore(site.holds)

    @contextmanager
    def patience() -> Iterator[float]:
        """Give the seconds that a pull may be held: none when too many are."""
        has_place = places.acquire(blocking=False)
        try:
            yield site.hold_s if has_place else 0.0
        finally:
            if has_place:
                places.release()

    @app.get("/media/<gate>/<name>")
    def media(gate: str, name: str) -> Response:
        if not TOKEN.fullmatch(gate):
            return _answer(Seen(passage=Passage.GONE))
        with patience() as hold_s:
            seen = at_gate(site.context, gate, name, hold_s=hold_s, pause=site.pause)
        return _answer(seen)
