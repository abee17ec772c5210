"""Reads a request that brings files: each byte goes to the disk as it comes, none is kept in memory.

multipart/form-data     one or several files, or their text in a part `file`; rows beside them
application/json        the file as text in the member `file` or `data`; rows beside it
a form                  the same, urlencoded, within the bounds of any body
anything else           the body is the file; so is one that is called JSON or a form, and is no text
Rows may stand in the query too.
"""

from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NoReturn

from flask import Request, current_app
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from connector.contract import LIMITS, Limits, Rows, refuse, rows_from_form, rows_from_json, rows_from_pairs
from connector.engine.intake import MOST_FILES, Received
from connector.engine.ports_media import Receiving
from connector.kernel.errors import PostrailError, Problem
from connector.web.bodies import MORE_TIME
from connector.web.filetexts import GivenText
from connector.web.incoming import FORM, LIMITS_SETTING, MULTIPART
from connector.web.inline import InlineFile

PIECE = 64 * 1024
"""Bytes read at once; each may take as long as a whole body without files."""

FILE_NAMES = frozenset({"file", "data"})
"""Rows that hold a file as text."""

SLACK = 1024 * 1024
"""Bytes that a request may have beside its files."""

JSON = "application/json"
_TEXTS = frozenset({JSON, FORM, "text/plain", ""})
"""Content types of bodies that may be text about a file, or the file itself: curl calls any body a form."""


@dataclass(frozen=True, kw_only=True)
class UploadBody:
    """What a request brought: its rows and its files; one of them may still have to be fetched."""

    rows: Rows
    received: tuple[Received, ...] = ()


@dataclass
class _Reading:
    """One request in the making."""

    request: Request
    open_file: Callable[[], Receiving]
    limits: Limits
    pairs: list[tuple[str, object]] = field(default_factory=list)
    files: list[Received] = field(default_factory=list)
    url: str | None = None

    def open(self, name: str, label: str) -> Receiving:
        """Begin a file. Raises PostrailError `too_many_images`, and `bad_request` behind a URL."""
        if self.url is not None:
            _url_is_not_alone()
        if len(self.files) >= MOST_FILES:
            raise PostrailError("too_many_images", f"One upload takes at most {MOST_FILES} files.")
        file = self.open_file()
        self.files.append(Received(field=name, label=label, file=file))
        return file

    def text(self, name: str) -> GivenText:
        """Begin a file that comes as text. Raises PostrailError `too_many_images`."""
        return GivenText(self.open(name, "").write)

    def end_text(self, text: GivenText) -> None:
        """Say that a text is whole. Raises PostrailError `bad_request`."""
        text.finish()
        if text.url is not None and len(self.files) > 1:
            _url_is_not_alone()
        self.url = text.url


def _url_is_not_alone() -> NoReturn:
    refuse("url_among_files", "A URL is fetched alone.", fix="send one request for each URL")


def check_length(request: Request, limit: int) -> None:
    """Raise PostrailError `too_large` where a request says that it is larger than `limit` bytes of file."""
    if (request.content_length or 0) > _most(request, limit):
        raise _too_large(limit)


def _most(request: Request, limit: int) -> int:
    """Return how many bytes a body may have; text takes four for three."""
    return (limit // 3 * 4 if request.mimetype in _TEXTS else limit) + SLACK


def _too_large(limit: int) -> PostrailError:
    detail = Problem(
        field="file",
        problem="too_large",
        got="a larger body",
        expected=f"at most {limit} bytes of file",
        fix="send a smaller file",
        code="too_large",
    )
    return PostrailError("too_large", f"A file may have {limit} bytes at most.", details=[detail])


def _broken_off(status: str) -> PostrailError:
    detail = Problem(
        field="file",
        problem="upload_cut",
        got="a body that breaks off",
        expected="the whole body",
        fix="send the file again; /v1/media/tus goes on where an upload was cut",
        code=status,
    )
    return PostrailError(status, "The upload broke off before its end.", details=[detail])


def pieces_of(request: Request, limit: int) -> Iterator[bytes]:
    """Yield a body as it comes, `limit` bytes of file at most.

    Raises PostrailError `too_large`, `bad_request` for a body that breaks off, `request_timeout` for one that
    stalls.
    """
    source, more_time = request.environ["wsgi.input"], request.environ.get(MORE_TIME, _no_clock)
    most, size = _most(request, limit), 0
    while True:
        try:
            piece = source.read(PIECE)
        except TimeoutError as error:
            raise _broken_off("request_timeout") from error
        except (OSError, ValueError) as error:
            raise _broken_off("bad_request") from error
        if not piece:
            break
        size += len(piece)
        if size > most:
            raise _too_large(limit)
        more_time()
        yield piece
    if size < (request.content_length or 0):
        raise _broken_off("bad_request")


def _no_clock() -> None:
    """Stand in for a server that sets no time for bodies."""


def read_upload(request: Request, open_file: Callable[[], Receiving], limit: int) -> UploadBody:
    """Read a request with files; `open_file` opens one to write, of at most `limit` bytes.

    Raises PostrailError.
    """
    check_length(request, limit)
    limits: Limits = current_app.config.get(LIMITS_SETTING, LIMITS)
    reading = _Reading(request, open_file, limits)
    pieces = pieces_of(request, limit)
    if request.mimetype == MULTIPART:
        return _multipart(reading, pieces)
    first = next(pieces, b"")
    body = chain([first], pieces)
    if request.mimetype in _TEXTS and first.lstrip()[:1] == b"{":
        return _json(reading, body)
    if request.mimetype == JSON and not _is_bytes(first):
        return _form(reading, body)
    if request.mimetype in _TEXTS and first.isascii() and b"\0" not in first:
        return _form(reading, body)
    return _raw(reading, body)


def _is_bytes(first: bytes) -> bool:
    """Tell by its first piece that a body is a file, whatever it is called: JSON has neither NUL nor junk."""
    try:
        getincrementaldecoder("utf-8")().decode(first)
    except UnicodeDecodeError:
        return True
    return b"\0" in first


def _rows(reading: _Reading, rows: Rows) -> Rows:
    """Return rows with those of the query. Raises PostrailError `bad_request` where both have one."""
    found = Rows.of(rows, warnings=rows.warnings, receipts=rows.receipts)
    for name, value in rows_from_form(reading.request.query_string, reading.limits).items():
        if found.setdefault(name, value) != value:
            refuse("sent_twice", f"{name[:60]!r} stands in the query and in the body.", fix="send it once")
    disposition = parse_options_header(reading.request.headers.get("Content-Disposition"))[1]
    if "filename" in disposition:
        found.setdefault("name", _in_utf8(disposition["filename"]))
    return found


def _in_utf8(name: str) -> str:
    """Return a name as its sender wrote it: headers are read as Latin-1, and nearly all send UTF-8."""
    try:
        return name.encode("latin-1").decode()
    except UnicodeError:
        return name


def _done(reading: _Reading, rows: Rows) -> UploadBody:
    several = len(reading.files) > 1
    received = tuple(
        replace(got, field=f"{got.field}[{number}]" if several else got.field, url=reading.url)
        for number, got in enumerate(reading.files)
    )
    return UploadBody(rows=_rows(reading, rows), received=received)


def _raw(reading: _Reading, pieces: Iterator[bytes]) -> UploadBody:
    file = reading.open("file", "")
    for piece in pieces:
        file.write(piece)
    return _done(reading, Rows())


def _json(reading: _Reading, pieces: Iterator[bytes]) -> UploadBody:
    text: GivenText | None = None

    def feed(piece: bytes) -> None:
        nonlocal text
        text = text or reading.text("file")
        text.feed(piece)

    names = frozenset(name.encode() for name in FILE_NAMES)
    inline = InlineFile(feed, names, current_app.config["MAX_CONTENT_LENGTH"])
    for piece in pieces:
        inline.take(piece)
    rows = rows_from_json(bytes(inline.rest), reading.limits)
    if text is not None:
        reading.end_text(text)
    return _done(reading, _without_file(rows) if text else rows)


def _without_file(rows: Rows) -> Rows:
    kept = {name: value for name, value in rows.items() if name not in FILE_NAMES}
    return Rows.of(kept, warnings=rows.warnings, receipts=rows.receipts)


def _form(reading: _Reading, pieces: Iterator[bytes]) -> UploadBody:
    body, most = bytearray(), current_app.config["MAX_CONTENT_LENGTH"]
    for piece in pieces:
        body += piece
        if len(body) > most:
            raise PostrailError(
                "payload_too_large",
                "A file in a form without parts is too large; send it as multipart/form-data.",
            )
    if reading.request.mimetype == JSON:
        return _done(reading, rows_from_json(bytes(body), reading.limits))
    rows = rows_from_form(bytes(body), reading.limits)
    given = next((str(rows[name]) for name in sorted(FILE_NAMES) if rows.get(name)), None)
    if given is None:
        return _done(reading, rows)
    text = reading.text("file")
    text.feed(given.encode())
    reading.end_text(text)
    return _done(reading, _without_file(rows))


class _Parts:
    """Sorts the parts of a multipart body: files to the disk, rows into memory."""

    def __init__(self, reading: _Reading) -> None:
        self._reading = reading
        self._head: Field | File | None = None
        self._file: Receiving | None = None
        self._text: GivenText | None = None
        self._value = bytearray()
        self._room = SLACK

    def begin(self, head: Field | File) -> None:
        """Begin a part."""
        name = head.name or "file"
        self._head, self._file, self._text, self._value = head, None, None, bytearray()
        if isinstance(head, File):
            if head.filename:
                self._file = self._reading.open(name, head.filename)
        elif name in FILE_NAMES:
            self._text = self._reading.text(name)

    def take(self, data: Data) -> None:
        """Take the next bytes of the part, perhaps its last. Raises PostrailError."""
        if self._file is None and self._text is None and isinstance(self._head, File) and data.data:
            self._file = self._reading.open(self._head.name or "file", "")
        if self._file is not None:
            self._file.write(data.data)
        elif self._text is not None:
            self._text.feed(data.data)
        else:
            self._keep(data.data)
        if not data.more_data:
            self._end()

    def _keep(self, data: bytes) -> None:
        self._room -= len(data)
        if self._room < 0:
            raise PostrailError("payload_too_large", "The rows beside the files are too large.")
        self._value += data

    def _end(self) -> None:
        if self._text is not None:
            self._reading.end_text(self._text)
        elif self._file is None and isinstance(self._head, Field):
            try:
                self._reading.pairs.append((self._head.name or "", self._value.decode()))
            except UnicodeDecodeError as error:
                raise PostrailError("bad_request", "A part of the body is not UTF-8 text.") from error


def _multipart(reading: _Reading, pieces: Iterator[bytes]) -> UploadBody:
    boundary = reading.request.mimetype_params.get("boundary", "")
    parts = _Parts(reading)
    try:
        # The decoder gathers what stands before and behind the parts, and in the head of one.
        decoder = MultipartDecoder(boundary.encode(), SLACK, max_parts=reading.limits.max_fields)
        for piece in chain(pieces, [None]):
            decoder.receive_data(piece)
            _sort(decoder, parts)
    except (ValueError, RequestEntityTooLarge):
        refuse(
            "broken_multipart",
            f"The multipart body is broken, or has more than {reading.limits.max_fields} parts"
            f" or {SLACK} bytes beside their contents.",
            expected="parts between boundaries, and a last boundary",
            fix="let the tool write the multipart body and its Content-Type",
        )
    return _done(reading, rows_from_pairs(reading.pairs, reading.limits))


def _sort(decoder: MultipartDecoder, parts: _Parts) -> None:
    """Hand on what the decoder has found so far."""
    while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
        if isinstance(event, Field | File):
            parts.begin(event)
        elif isinstance(event, Data):
            parts.take(event)
