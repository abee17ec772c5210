"""Fetches a media file from the URL that a user named: guarded on every hop, capped, streamed, resumed."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, Protocol

from connector.domain.chunks import VIDEO_LIMIT
from connector.domain.media import PHOTO_LIMIT, megabytes, too_large, unsupported_image
from connector.domain.sources import OPEN_TERMS, SourceTerms
from connector.kernel.errors import PostrailError
from connector.media.answers import is_other, length_of, part_of, size_told, version_of
from connector.media.hops import Arrival, arrive, share_page_error, start_of
from connector.media.kinds import HEAD_SIZE, container_of, describe, is_html
from connector.media.probe import way_to_post_no_photo
from connector.media.refusals import (
    HOST_IT,
    broken_error,
    changed_error,
    cut_error,
    length_error,
    packed_error,
    source_error,
    url_error,
)
from connector.media.sharepages import confirmed
from connector.net import Broken, Egress, Patience, StreamReply, Timeout, Unsendable, Unsent

BUFFER = 1024 * 1024
"""Bytes held in memory at once."""

MAX_DROPS = 8
"""Connections that one fetch may lose."""

MAX_RESTARTS = 2
"""Times that one fetch may begin again from the first byte."""

PAGE_LIMIT = 256 * 1024
"""Bytes that are read of a page which may lead on to the file."""

_OK = 200
_PARTIAL = 206
_NOT_SATISFIABLE = 416
_COME_AGAIN = frozenset({408, 425, 429})
_SERVER_ERROR = 500
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}


class Sink(Protocol):
    """Where the bytes go."""

    def write(self, data: memoryview) -> None:
        """Append `data`."""

    def restart(self) -> None:
        """Forget what was written."""


@dataclass(frozen=True)
class Cap:
    """The largest file that is taken, in bytes, and the code of what is larger."""

    limit: int
    code: Literal["too_large", "image_too_large"]


VIDEO_CAP = Cap(VIDEO_LIMIT, "too_large")
PHOTO_CAP = Cap(PHOTO_LIMIT, "image_too_large")


@dataclass(frozen=True)
class Fetched:
    """What a fetch has found: the file's strong ETag ("" where there is none), and how often it was cut."""

    etag: str = ""
    drops: int = 0


@dataclass
class _Progress:
    """How far a fetch has come. `version` names the file's very version, `total` is its length in bytes.

    `named` are the headers by which the first answer named it.
    """

    received: int = 0
    version: str | None = None
    named: Mapping[str, str] = field(default_factory=dict)
    total: int | None = None
    drops: int = 0
    restarts: int = 0
    buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(BUFFER)))


def fetch(
    egress: Egress, url: str, sink: Sink, *, cap: Cap, timeout: Timeout, terms: SourceTerms = OPEN_TERMS
) -> Fetched:
    """Stream the file at `url` into `sink`; `timeout.total_s` holds for all hops and resumptions together.

    Raises PostrailError (its problems name no field): `address_not_allowed`, `redirect_not_allowed`,
    `content_length_required`, `share_page_not_media`, the cap's code, or `fetch_error`; the problem's word
    says more (`unreachable`, `source_timeout`, `source_too_slow`, `source_cut`, `source_changed`,
    `source_length`, `source_5xx`, `source_busy`, `source_status`, `html_page`, `empty_file`,
    `content_encoded`, `not_a_url`).
    """
    return _Fetch(egress, start_of(url), sink, cap, egress.begin(timeout), terms).run()


class _Fetch:
    """One file's way into its sink, over as many connections as it takes."""

    def __init__(
        self, egress: Egress, url: str, sink: Sink, cap: Cap, patience: Patience, terms: SourceTerms
    ) -> None:
        self._egress = egress
        self._url = url
        self._sink = sink
        self._cap = cap
        self._patience = patience
        self._terms = terms
        self._progress = _Progress()
        self._is_confirmed = False
        self._head = b""

    def run(self) -> Fetched:
        """Fetch until the file is whole. Raises PostrailError."""
        progress = self._progress
        while not self._connection():
            pass
        if progress.received == 0:
            raise source_error("empty_file", "an empty file", "a file with content")
        etag = progress.version or ""
        return Fetched(etag if etag.startswith('"') else "", progress.drops)

    def _connection(self) -> bool:
        """Read as far as one connection leads; return whether the file is whole."""
        headers = dict(_HEADERS)
        if self._progress.received and self._progress.version:
            headers["Range"] = f"bytes={self._progress.received}-"
            headers["If-Range"] = self._progress.version
        try:
            with arrive(self._egress, self._url, headers, self._patience, self._terms.redirects) as arrival:
                return self._take(arrival, asked_part="Range" in headers)
        except Unsendable as error:
            raise url_error(self._url) from error
        except Unsent as error:
            raise source_error("unreachable", str(error), "a host that answers") from error
        except Broken as error:
            self._dropped(error)
            return False

    def _dropped(self, error: Broken) -> None:
        """Take note of a lost connection. Raises PostrailError where going on makes no sense."""
        progress = self._progress
        progress.drops += 1
        if progress.received == 0 or progress.drops > MAX_DROPS or self._patience.is_over():
            raise broken_error(error, self._patience) from error
        if progress.version is None:
            self._restart(broken_error(error, self._patience))

    def _restart(self, in_the_end: PostrailError) -> None:
        """Begin again from the first byte; raises `in_the_end` when that has been done often enough."""
        progress = self._progress
        progress.restarts += 1
        if progress.restarts > MAX_RESTARTS:
            raise in_the_end
        self._sink.restart()
        progress.received, progress.version, progress.total = 0, None, None

    def _take(self, arrival: Arrival, *, asked_part: bool) -> bool:
        reply = arrival.reply
        if asked_part and reply.status in {_PARTIAL, _NOT_SATISFIABLE}:
            return self._go_on(reply)
        _check_status(reply)
        if self._progress.received:
            is_same = version_of(reply.headers) == self._progress.version
            self._restart(cut_error("it never begins in the middle") if is_same else changed_error())
        return self._begin(arrival)

    def _go_on(self, reply: StreamReply) -> bool:
        """Append the rest of the same file; anything else means that the file has changed."""
        progress = self._progress
        size = size_told(reply.headers)
        if reply.status == _NOT_SATISFIABLE and size == progress.received and progress.total:
            raise length_error(progress.total, size)
        # A host that knows ranges and not If-Range sends the rest of whatever lies there now.
        is_rest = reply.status == _PARTIAL and not is_other(progress.named, reply.headers)
        part = part_of(reply.headers) if is_rest else None
        if part is None or part.first != progress.received or part.total not in {None, progress.total}:
            self._restart(changed_error())
            return False
        _check_packing(reply)
        length_of(reply.headers)
        self._pour(reply)
        return self._is_whole()

    def _begin(self, arrival: Arrival) -> bool:
        """Take the file from its first byte on."""
        progress, reply = self._progress, arrival.reply
        _check_packing(reply)
        progress.total = length_of(reply.headers)
        if progress.total is None and self._terms.photo_length and self._cap.code == PHOTO_CAP.code:
            raise source_error(
                "content_length_required",
                "an answer without Content-Length",
                "a Content-Length",
                code="content_length_required",
                fix=HOST_IT,
            )
        if progress.total is not None and progress.total > self._cap.limit:
            raise self._announced(reply, progress.total)
        progress.version, progress.named = version_of(reply.headers), reply.headers
        first = self._read_head(reply)
        if is_html(bytes(progress.buffer[:1024][:first])):
            return self._page(arrival, first)
        self._keep(first)
        self._pour(reply)
        return self._is_whole()

    def _read_head(self, reply: StreamReply) -> int:
        """Read the first piece, by which the file can be named; return its bytes."""
        first = reply.read_into(self._progress.buffer)
        self._head = bytes(self._progress.buffer[: min(first, HEAD_SIZE)])
        return first

    def _announced(self, reply: StreamReply, total: int) -> PostrailError:
        """Refuse a file that says it is too large; of photos the first piece is looked at all the same."""
        if self._cap.code == PHOTO_CAP.code:
            with suppress(Broken):
                self._read_head(reply)
        return self._over(megabytes(total))

    def _page(self, arrival: Arrival, size: int) -> bool:
        """Go where a page leads on to the file. Raises PostrailError for any other page."""
        page = arrival.share_page()
        if page is not None and not self._is_confirmed:
            text = bytes(self._progress.buffer[: min(size, PAGE_LIMIT)]).decode(errors="replace")
            onward = confirmed(text)
            if onward is not None:
                self._url, self._is_confirmed = onward, True
                return False
        if page is not None:
            raise share_page_error(page)
        raise source_error("html_page", "a web page", "the file itself, not a page that shows it")

    def _pour(self, reply: StreamReply) -> None:
        while count := reply.read_into(self._progress.buffer):
            self._keep(count)

    def _keep(self, count: int) -> None:
        self._progress.received += count
        if self._progress.received > self._cap.limit:
            raise self._over(f"more than {megabytes(self._cap.limit)}")
        self._sink.write(self._progress.buffer[:count])

    def _is_whole(self) -> bool:
        """Tell whether all bytes are there; a part may have ended early."""
        progress = self._progress
        if progress.total is None or progress.received == progress.total:
            return True
        if progress.received > progress.total:
            raise length_error(progress.total, progress.received)
        self._dropped(Broken("the answer ends before the file does"))
        return False

    def _over(self, got: str) -> PostrailError:
        """Say that the file is too large; of a video among photos, that it is one."""
        if self._cap.code == PHOTO_CAP.code and container_of(self._head):
            wrong = unsupported_image(f"{describe(self._head)} of {got}", way_to_post_no_photo(self._head))
            return PostrailError(wrong.code, f"{wrong.got}: expected {wrong.expected}", details=[wrong])
        problem = too_large(got, self._cap.limit, self._cap.code)
        return PostrailError(
            self._cap.code, f"the file is too large: {got}, {problem.expected}", details=[problem]
        )


def _check_status(reply: StreamReply) -> None:
    if reply.status == _OK:
        return
    busy = "source_busy" if reply.status in _COME_AGAIN else "source_status"
    word = "source_5xx" if reply.status >= _SERVER_ERROR else busy
    raise source_error(word, f"HTTP {reply.status} from the source", "HTTP 200 and the file")


def _check_packing(reply: StreamReply) -> None:
    encoding = reply.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise packed_error(encoding)
