"""What a source's answer says about the file: its length, its version, the part that is sent (pure).

Sources: RFC 9110, sections 8.6 (Content-Length), 8.8 (validators), 13.1.5 (If-Range), 14.4 (Content-Range);
RFC 9112, section 6 (Transfer-Encoding).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime

from connector.media.refusals import HOST_IT, packed_error, source_error

_STRONG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
_PART = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_NO_PART = re.compile(r"bytes \*/(\d{1,18})")
_LENGTH = re.compile(r"\d{1,18}")
_VALIDATORS = ("ETag", "Last-Modified")
_SURE_AFTER = timedelta(seconds=1)


@dataclass(frozen=True)
class Part:
    """The bytes from `first` on, up to the end of a file of `total` bytes (None: not told)."""

    first: int
    total: int | None


def length_of(headers: Mapping[str, str]) -> int | None:
    """Return the length in bytes that an answer declares for its body, None where it declares none.

    Raises PostrailError `fetch_error`: `content_encoded` for a body that is packed for the way,
    `source_length` for a length that is no number.
    """
    coding = headers.get("Transfer-Encoding", "").strip().lower()
    if coding not in {"", "identity", "chunked"}:
        raise packed_error(coding)
    text = headers.get("Content-Length", "").strip()
    if not text or coding == "chunked":
        return None
    if not _LENGTH.fullmatch(text) or not text.isascii():
        told = f"a Content-Length of {text[:40]!r}"
        raise source_error("source_length", told, "a number of bytes", fix=HOST_IT)
    return int(text)


def version_of(headers: Mapping[str, str]) -> str | None:
    """Return what names this very version of the file in `If-Range`, None where nothing surely does.

    A strong ETag; or the time of the last change, where the answer is at least a second younger.
    """
    etag = headers.get("ETag", "").strip()
    if _STRONG.fullmatch(etag):
        return etag
    changed, told = headers.get("Last-Modified", ""), headers.get("Date", "")
    try:
        is_sure = parsedate_to_datetime(told) - parsedate_to_datetime(changed) >= _SURE_AFTER
    except (ValueError, TypeError):
        return None
    return changed if is_sure else None


def is_other(noted: Mapping[str, str], told: Mapping[str, str]) -> bool:
    """Whether an answer names another version of the file than an earlier one did; silence names none.

    The same strong ETag is the same version whatever the dates say (RFC 9110, section 13.2.2): the servers
    behind one name may have copied the file at different times.
    """
    etag = told.get("ETag", "").strip()
    if _STRONG.fullmatch(etag) and etag == noted.get("ETag", "").strip():
        return False
    pairs = [(noted.get(name, "").strip(), told.get(name, "").strip()) for name in _VALIDATORS]
    return any(before and now and before != now for before, now in pairs)


def part_of(headers: Mapping[str, str]) -> Part | None:
    """Return the part that a 206 holds, None for one that cannot be understood."""
    found = _PART.fullmatch(headers.get("Content-Range", "").strip())
    if found is None:
        return None
    first, last, total = found[1], found[2], found[3]
    if total == "*":
        return Part(int(first), None)
    # A part that ends before the file does would need a further request, which nobody has asked for.
    return Part(int(first), int(total)) if int(last) + 1 == int(total) else None


def size_told(headers: Mapping[str, str]) -> int | None:
    """Return the size in bytes that a 416 tells, None where it tells none."""
    found = _NO_PART.fullmatch(headers.get("Content-Range", "").strip())
    return int(found[1]) if found else None
