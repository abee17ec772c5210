"""`GET|HEAD /media/{gate}/{name}`: a post's files for TikTok's puller, through the gate, by ranges."""

import re
from collections.abc import Iterator
from pathlib import Path

from flask import Flask, Response, request

from connector.engine.gate import Passage, Seen, at_gate
from connector.engine.model import MediaItem
from connector.server.ranges import Span, Unsatisfiable, parse_range
from connector.server.site import Site

PIECE = 256 * 1024
"""Bytes read and sent at once: the memory that one slow pull costs."""

RETRY_AFTER_S = 2
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
"""What a gate token looks like; anything else never reaches the ledger."""


def _pieces(path: Path, span: Span) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(span.first)
        left = span.size
        while left > 0 and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece


def _wanted(item: MediaItem) -> Span | None:
    """Return the span that a GET asks for; None: the whole file, also if `If-Range` names another one."""
    condition = request.headers.get("If-Range")
    if request.method != "GET":
        return None
    if condition is not None and condition != f'"{item.media_id}"':
        return None
    return parse_range(request.headers.get("Range"), item.size)


def send_file(item: MediaItem, path: Path) -> Response:
    """Answer the present request with a file: whole, or the part of it that is asked for."""
    headers = {"Accept-Ranges": "bytes", "ETag": f'"{item.media_id}"', "Cache-Control": "no-store"}
    try:
        span = _wanted(item)
    except Unsatisfiable:
        return Response(status=416, headers={**headers, "Content-Range": f"bytes */{item.size}"})
    if span is not None:
        headers["Content-Range"] = f"bytes {span.first}-{span.last}/{item.size}"
    whole = span or Span(0, item.size - 1)
    headers["Content-Length"] = str(whole.size)
    body = None if request.method == "HEAD" else _pieces(path, whole)
    return Response(body, status=206 if span else 200, headers=headers, mimetype=item.mime)


def _answer(seen: Seen) -> Response:
    if seen.item is not None and seen.path is not None:
        return send_file(seen.item, seen.path)
    if seen.passage is Passage.NOT_YET:
        return Response(status=503, headers={"Retry-After": str(RETRY_AFTER_S)})
    return Response(status=410)


def register(app: Flask, site: Site) -> None:
    """Add the media route."""

    @app.get("/media/<gate>/<name>")
    def media(gate: str, name: str) -> Response:
        if not TOKEN.fullmatch(gate):
            return _answer(Seen(passage=Passage.GONE))
        return _answer(at_gate(site.context, gate, name, hold_s=site.hold_s, pause=site.pause))
