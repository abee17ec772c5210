"""Answers a request with a file: whole, by ranges, or left to the web server in front."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Semaphore
from typing import Literal

from flask import Response, current_app, request

from connector.engine.blobs import Blob
from connector.engine.model import MediaItem
from connector.server.ranges import Span, Unsatisfiable, parse_ranges
from connector.web.files import FileBody, Part, StreamBody

HANDOFF_SETTING = "POSTRAIL_HANDOFF"
"""Where an app's configuration has its Handoff."""


STREAMS_SETTING = "POSTRAIL_STREAMS"
"""Where an app's configuration has the places for answers that are read from elsewhere, each on a thread."""

RETRY_AFTER_S = 2


@dataclass(frozen=True, kw_only=True)
class Handoff:
    """How files are left to the web server in front, which sends them once we have let a request pass.

    `x-accel`: the file's address under `prefix`, as nginx and Caddy take it; `x-sendfile`: its path on the
    disk, as Apache and lighttpd take it.
    """

    how: Literal["none", "x-accel", "x-sendfile"] = "none"
    prefix: str = "/_spool/"

    def headers(self, path: Path) -> dict[str, str]:
        """Return what tells the server in front which file to send; nothing where we send it ourselves."""
        if self.how == "x-accel":
            return {"X-Accel-Redirect": f"{self.prefix}{path.parent.name}/{path.name}"}
        return {"X-Sendfile": str(path)} if self.how == "x-sendfile" else {}


def send_file(item: MediaItem, blob: Blob) -> Response:
    """Answer the present request with a file: whole, or the parts of it that are asked for.

    The parts of a multipart answer are kept apart by the file's own hash, which cannot occur in the file.
    """
    headers = {"Accept-Ranges": "bytes", "ETag": f'"{item.media_id}"', "Cache-Control": "no-store"}
    handed: Handoff = current_app.config.get(HANDOFF_SETTING) or Handoff()
    if blob.path is not None and (there := handed.headers(blob.path)):
        return Response(status=200, headers={**headers, **there}, content_type=item.mime)
    try:
        spans = _wanted(item)
    except Unsatisfiable:
        return Response(status=416, headers={**headers, "Content-Range": f"bytes */{item.size}"})
    if len(spans) > 1:
        kind, parts = f"multipart/byteranges; boundary={item.media_id}", _multipart(item, spans)
    else:
        kind, parts = item.mime, [_part(span) for span in spans] or [Part(0, item.size)]
    if len(spans) == 1:
        headers["Content-Range"] = _content_range(spans[0], item)
    headers["Content-Length"] = str(sum(len(part) for part in parts))
    status = 206 if spans else 200
    if request.method == "HEAD":
        return Response(status=status, headers=headers, content_type=kind)
    body = _body(blob, parts)
    if body is None:
        return Response(status=503, headers={"Retry-After": str(RETRY_AFTER_S)})
    return Response(body, status, headers, content_type=kind, direct_passthrough=True)


def _body(blob: Blob, parts: Sequence[bytes | Part]) -> FileBody | StreamBody | None:
    """Return a body that the server sends by itself from this disk, or reads from elsewhere as it goes.

    None where so many are read from elsewhere that one more would leave too few threads to the others.
    """
    if blob.path is not None:
        return FileBody(blob.path.open("rb"), parts)
    places: Semaphore = current_app.config.get(STREAMS_SETTING) or Semaphore()
    if not places.acquire(blocking=False):
        return None
    try:
        return StreamBody(lambda part: blob.open(part.first, part.size), parts, places.release)
    except BaseException:
        places.release()
        raise


def _wanted(item: MediaItem) -> tuple[Span, ...]:
    """Return the spans that a GET asks for; none: the whole file, also if `If-Range` names another one."""
    condition = request.headers.get("If-Range")
    if request.method != "GET" or condition not in {None, f'"{item.media_id}"'}:
        return ()
    return parse_ranges(request.headers.get("Range"), item.size)


def _part(span: Span) -> Part:
    return Part(span.first, span.size)


def _content_range(span: Span, item: MediaItem) -> str:
    return f"bytes {span.first}-{span.last}/{item.size}"


def _multipart(item: MediaItem, spans: Sequence[Span]) -> list[bytes | Part]:
    """Lay out a `multipart/byteranges` body (RFC 9110, section 14.6)."""
    parts: list[bytes | Part] = []
    for span in spans:
        head = f"Content-Type: {item.mime}\r\nContent-Range: {_content_range(span, item)}"
        parts += [f"\r\n--{item.media_id}\r\n{head}\r\n\r\n".encode(), _part(span)]
    return [*parts, f"\r\n--{item.media_id}--\r\n".encode()]
