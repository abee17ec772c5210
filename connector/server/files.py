"""Answers a request with a file: whole, by ranges, or left to the web server in front."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Semaphore
from typing import Literal

from flask import Response, current_app, request

from connector.engine.blobs import Blob
from connector.engine.model import MediaItem
from connector.server.ranges import Span, Unsatisfiable, parse_ranges
from connector.web.files import FileBody, Hold, Part, Piece, StreamBody, close_holds

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


@dataclass(frozen=True, kw_only=True)
class Tail:
    """The end of a file that is kept back for now: the bytes from `start` on.

    `begin` gives the hold that they stand behind, and None where no more of them can be held.
    """

    start: int
    begin: Callable[[], Hold | None]


def send_file(item: MediaItem, blob: Blob, tail: Tail | None = None) -> Response:
    """Answer the present request with a file: whole, or the parts of it that are asked for.

    The parts of a multipart answer are kept apart by the file's own hash, which cannot occur in the file.
    A file whose `tail` is kept back is left to no other server, which would send it whole.
    """
    headers = {"Accept-Ranges": "bytes", "ETag": f'"{item.media_id}"', "Cache-Control": "no-store"}
    if tail is None and (there := _handed(blob)):
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
    kept = parts if tail is None else keep_back(parts, tail)
    body = None if kept is None else _body(blob, kept)
    if body is None:
        return come_again()
    return Response(body, status, headers, content_type=kind, direct_passthrough=True)


def come_again() -> Response:
    """Answer that the file is not to be had now."""
    return Response(status=503, headers={"Retry-After": str(RETRY_AFTER_S)})


def _handed(blob: Blob) -> dict[str, str]:
    """Return what leaves the sending to the web server in front; nothing where we send the file ourselves."""
    handed: Handoff = current_app.config.get(HANDOFF_SETTING) or Handoff()
    return {} if blob.path is None else handed.headers(blob.path)


def keep_back(parts: Sequence[Piece], tail: Tail) -> list[Piece] | None:
    """Put a hold before the first byte of the tail, in the order in which the parts are sent.

    None where there is no place for the hold; no hold where the parts have nothing of the tail.
    """
    for at, part in enumerate(parts):
        if isinstance(part, Part) and part.first + part.size > tail.start:
            hold = tail.begin()
            if hold is None:
                return None
            before = max(0, tail.start - part.first)
            front = [Part(part.first, before)] if before else []
            return [*parts[:at], *front, hold, part.without(before), *parts[at + 1 :]]
    return list(parts)


def _body(blob: Blob, parts: Sequence[Piece]) -> FileBody | StreamBody | None:
    """Return a body that the server sends by itself from this disk, or reads from elsewhere as it goes.

    None where so many are read from elsewhere that one more would leave too few threads to the others.
    """
    try:
        body = _opened(blob, parts)
    except BaseException:
        close_holds(parts)
        raise
    if body is None:
        close_holds(parts)
    return body


def _opened(blob: Blob, parts: Sequence[Piece]) -> FileBody | StreamBody | None:
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


def first_wanted(item: MediaItem) -> int:
    """Return the first byte that the present request is sent. Raises Unsatisfiable where there is none."""
    spans = _wanted(item)
    return spans[0].first if spans else 0


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


def _multipart(item: MediaItem, spans: Sequence[Span]) -> list[Piece]:
    """Lay out a `multipart/byteranges` body (RFC 9110, section 14.6)."""
    parts: list[Piece] = []
    for span in spans:
        head = f"Content-Type: {item.mime}\r\nContent-Range: {_content_range(span, item)}"
        parts += [f"\r\n--{item.media_id}\r\n{head}\r\n\r\n".encode(), _part(span)]
    return [*parts, f"\r\n--{item.media_id}--\r\n".encode()]
