"""How the refusal of a source is spelled: its code, the problem's word, what to do. Secrets stay out."""

import re
from urllib.parse import urlsplit

from connector.domain.media import megabytes
from connector.kernel.errors import PostrailError, Problem, cut
from connector.kernel.redact import redact
from connector.net import Broken, Patience

OPEN_IT = "open the URL in a private browser window: it must show or download the file itself"
SEND_THE_END = "send the address at the end of the redirects"
CORRECT_IT = "correct the URL: https://, the host's plain name, then the path of the file"
UNPACK_IT = "switch compression off for media files at their host; nothing is unpacked here"
HOST_IT = "host the file where it is served quickly and with its length, such as object storage"

_BEFORE_THE_HOST = re.compile(r"^([a-z][a-z0-9+.-]*://)?.*@", re.IGNORECASE | re.DOTALL)


def shown(url: str) -> str:
    """Spell a URL for people: without its query, which may hold a signature, and without credentials."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return redact(f"{parts.scheme}://{host}{parts.path}")


def source_error(
    problem: str, got: str, expected: str, *, code: str = "fetch_error", fix: str = OPEN_IT
) -> PostrailError:
    """Build the refusal of a source; its problem names no field."""
    got = redact(got)
    detail = Problem(field="", problem=problem, got=got, expected=expected, fix=fix, code=code)
    return PostrailError(code, f"the file could not be fetched: {got}", details=[detail])


def url_error(url: str) -> PostrailError:
    """Build the refusal of what programs could read in two ways, or not at all.

    Where its user name and password end cannot be told, so everything before its last @ is left out.
    """
    plain = _BEFORE_THE_HOST.sub(r"\1...@", url).partition("#")[0].partition("?")[0]
    return source_error(
        "not_a_url",
        cut(plain),
        "an http or https URL of a file: the host a plain name or an address, the port a number, no blanks, "
        "control characters or backslashes",
        fix=CORRECT_IT,
    )


def packed_error(coding: str) -> PostrailError:
    """Build the refusal of a file that its host packs for the way; `coding` as the header names it."""
    return source_error("content_encoded", f"a file packed with {coding}", "the file as it is", fix=UNPACK_IT)


def redirect_error(problem: str, got: str, expected: str = "the file's own URL") -> PostrailError:
    """Build the refusal of a redirect."""
    return source_error(problem, got, expected, code="redirect_not_allowed", fix=SEND_THE_END)


def broken_error(error: Broken, patience: Patience) -> PostrailError:
    """Say of a connection that broke whether its source is too slow, was silent, or breaks off."""
    limits = patience.timeout
    if error.timed_out and patience.is_over():
        whole = f"the whole file within {limits.total_s:g} s"
        return source_error("source_too_slow", "a source that is too slow", whole, fix=HOST_IT)
    if error.timed_out:
        pieces = f"data at least every {limits.idle_s:g} s"
        return source_error("source_timeout", "a source that falls silent", pieces)
    return cut_error(str(error))


def cut_error(why: str) -> PostrailError:
    """Build the refusal of a file that never comes to its end."""
    return source_error("source_cut", f"a file that breaks off ({why})", "the whole file")


def changed_error() -> PostrailError:
    """Build the refusal of a file that was never the same twice."""
    return source_error(
        "source_changed",
        "a file that changes while it is fetched",
        "a file that stays as it is",
        fix="send the URL when the file is complete",
    )


def length_error(declared: int, size: int) -> PostrailError:
    """Build the refusal of a source whose word about the length is not true."""
    told = f"a source that says {megabytes(declared)} and has {megabytes(size)}"
    return source_error("source_length", told, "a Content-Length that is true", fix=HOST_IT)
