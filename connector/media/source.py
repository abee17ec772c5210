"""Fetches a media file from the URL that a user named: guarded on every hop, capped, streamed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import urljoin, urlsplit

from connector.domain.chunks import VIDEO_LIMIT
from connector.domain.media import PHOTO_LIMIT, megabytes, too_large
from connector.domain.sources import OPEN_TERMS, SourceTerms
from connector.kernel.errors import PostrailError, Problem
from connector.kernel.redact import redact
from connector.media.kinds import is_html
from connector.net import Broken, Egress, StreamReply, Timeout, Unsendable, Unsent

BUFFER = 1024 * 1024
"""Bytes held in memory at once."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200
_COME_AGAIN = frozenset({408, 425, 429})
_SERVER_ERROR = 500
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}


class Sink(Protocol):
    """Where the bytes go."""

    def write(self, data: memoryview) -> None:
        """Append `data`."""


@dataclass(frozen=True)
class Cap:
    """The largest file that is taken, in bytes, and the code of what is larger."""

    limit: int
    code: Literal["too_large", "image_too_large"]


VIDEO_CAP = Cap(VIDEO_LIMIT, "too_large")
PHOTO_CAP = Cap(PHOTO_LIMIT, "image_too_large")


def fetch(
    egress: Egress, url: str, sink: Sink, *, cap: Cap, timeout: Timeout, terms: SourceTerms = OPEN_TERMS
) -> None:
    """Stream the file at `url` into `sink`; `timeout` holds for each hop of a redirect.

    Raises PostrailError (its problems name no field): `address_not_allowed`, `redirect_not_allowed`, the
    cap's code, or `fetch_error`; the problem's word says more (`unreachable`, `source_timeout`, `source_cut`,
    `source_5xx`, `source_status`, `html_page`, `empty_file`, `content_encoded`, `not_a_url`).
    """
    try:
        with _open(egress, url, timeout, terms.redirects) as reply:
            _check_answer(reply)
            _pour(reply, sink, cap)
    except Unsendable as error:
        raise _fetch_error("not_a_url", str(error), "an http or https URL of a file") from error
    except Unsent as error:
        raise _fetch_error("unreachable", str(error), "a host that answers") from error
    except Broken as error:
        raise _broken(error, timeout) from error


def shown(url: str) -> str:
    """Spell a URL for people: without its query, which may hold a signature, and without credentials."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return redact(f"{parts.scheme}://{host}{parts.path}")


def _fetch_error(problem: str, got: str, expected: str, code: str = "fetch_error") -> PostrailError:
    got = redact(got)
    detail = Problem(
        field="",
        problem=problem,
        got=got,
        expected=expected,
        fix="open the URL in a private browser window: it must show or download the file itself",
        code=code,
    )
    return PostrailError(code, f"the file could not be fetched: {got}", details=[detail])


def _broken(error: Broken, timeout: Timeout) -> PostrailError:
    if error.timed_out:
        limits = f"data at least every {timeout.idle_s:g} s and all of it within {timeout.total_s:g} s"
        return _fetch_error("source_timeout", "a source that is too slow", limits)
    return _fetch_error("source_cut", f"a file that breaks off ({error})", "the whole file")


@contextmanager
def _open(egress: Egress, url: str, timeout: Timeout, redirects: int) -> Iterator[StreamReply]:
    """Follow redirects to the answer that is none; every hop goes through the guard."""
    seen: list[str] = []
    while True:
        url = url.partition("#")[0]
        _check_hop(url, seen, redirects)
        seen.append(url)
        with egress.stream("GET", url, headers=_HEADERS, timeout=timeout) as reply:
            if reply.status not in _REDIRECTS:
                yield reply
                return
            url = _target(url, reply)


def _check_hop(url: str, seen: list[str], redirects: int) -> None:
    if url in seen:
        loop = f"a redirect back to {shown(url)}"
        raise _fetch_error("redirect_loop", loop, "a URL that ends at a file", "redirect_not_allowed")
    if len(seen) > redirects:
        many = f"more than {redirects} redirects" if redirects else "a redirect"
        raise _fetch_error("too_many_redirects", many, "the file's own URL", "redirect_not_allowed")


def _target(url: str, reply: StreamReply) -> str:
    location = reply.headers.get("Location", "")
    try:
        target = urljoin(url, location)
        scheme = urlsplit(target).scheme
    except ValueError:
        scheme = ""
    if not location or scheme not in {"http", "https"}:
        nowhere = f"HTTP {reply.status} from {shown(url)} that leads to no web address"
        raise _fetch_error("redirect_nowhere", nowhere, "the file's own URL", "redirect_not_allowed")
    return target


def _check_answer(reply: StreamReply) -> None:
    if reply.status != _OK:
        busy = "source_busy" if reply.status in _COME_AGAIN else "source_status"
        word = "source_5xx" if reply.status >= _SERVER_ERROR else busy
        raise _fetch_error(word, f"HTTP {reply.status} from the source", "HTTP 200 and the file")
    encoding = reply.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise _fetch_error("content_encoded", f"a file packed with {encoding}", "the file as it is")


def _pour(reply: StreamReply, sink: Sink, cap: Cap) -> None:
    declared = reply.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > cap.limit:
        raise _over(cap, megabytes(int(declared)))
    buffer = bytearray(BUFFER)
    view = memoryview(buffer)
    size = 0
    while count := reply.read_into(view):
        if size == 0 and is_html(bytes(view[:count][:1024])):
            raise _fetch_error("html_page", "a web page", "the file itself, not a page that shows it")
        size += count
        if size > cap.limit:
            raise _over(cap, f"more than {megabytes(cap.limit)}")
        sink.write(view[:count])
    if size == 0:
        raise _fetch_error("empty_file", "an empty file", "a file with content")


def _over(cap: Cap, got: str) -> PostrailError:
    problem = too_large(got, cap.limit, cap.code)
    return PostrailError(cap.code, f"the file is too large: {got}, {problem.expected}", details=[problem])
