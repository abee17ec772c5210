"""The tus resumable upload protocol, version 1.0.0: what its headers say. Pure.

Source: https://tus.io/protocols/resumable-upload, with the extensions creation, creation-with-upload,
expiration, checksum and termination.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import NoReturn, Protocol

from connector.kernel.errors import PostrailError, Problem

Headers = Mapping[str, str]
"""Headers by their names In-Title-Case."""

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
ALGORITHMS = ("sha1", "sha256", "md5")
CONTENT_TYPE = "application/offset+octet-stream"
LONGEST_METADATA = 8_000
_MOST_DIGITS = 18


class Hash(Protocol):
    """A digest in the making."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def digest(self) -> bytes:
        """Return the digest of all bytes so far."""


@dataclass(frozen=True, kw_only=True)
class Checksum:
    """What the bytes of one request must come to."""

    algorithm: str
    digest: bytes

    def begin(self) -> Hash:
        """Return a digest of nothing yet."""
        return hashlib.new(self.algorithm, usedforsecurity=False)


def refuse(header: str, got: str, expected: str) -> NoReturn:
    """Refuse a header. Raises PostrailError `bad_request`."""
    problem = Problem(
        field=header,
        problem="bad_header",
        got=got[:100],
        expected=expected,
        fix="use a tus 1.0 client",
        code="bad_request",
    )
    raise PostrailError("bad_request", f"{header}: expected {expected}.", details=[problem])


def wrong_type(given: str) -> PostrailError:
    """Say of a request with a part of a file that its content type is not the protocol's."""
    problem = Problem(
        field="Content-Type",
        problem="bad_header",
        got=given[:100] or "no Content-Type header",
        expected=CONTENT_TYPE,
        fix=f"send Content-Type: {CONTENT_TYPE}, as tus clients do",
        code="unsupported_media_type",
    )
    message = f"A part of a file is sent as {CONTENT_TYPE}."
    fix = f"Send Content-Type: {CONTENT_TYPE}, as tus clients do."
    return PostrailError("unsupported_media_type", message, details=[problem], fix=fix)


def check_version(headers: Headers) -> None:
    """Raise PostrailError `tus_version_unsupported` unless the client speaks our version."""
    if headers.get("Tus-Resumable") != VERSION:
        given = headers.get("Tus-Resumable", "no Tus-Resumable header")
        raise PostrailError("tus_version_unsupported", f"The request has {given!r}; this is tus {VERSION}.")


def _count(headers: Headers, name: str) -> int:
    text = headers.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        refuse(name, text or "nothing", "a number of bytes")
    return int(text)


def length_of(headers: Headers, limit: int) -> int:
    """Return the length of the whole file, of at most `limit` bytes.

    Raises PostrailError `bad_request`, also for a length that is to follow later, and `too_large`.
    """
    if "Upload-Defer-Length" in headers:
        refuse("Upload-Defer-Length", "a length that is not known yet", "Upload-Length")
    length = _count(headers, "Upload-Length")
    if length > limit:
        raise PostrailError("too_large", f"The file has {length} bytes; this server takes {limit} at most.")
    return length


def offset_of(headers: Headers) -> int:
    """Return where the bytes of a request begin. Raises PostrailError `bad_request`."""
    return _count(headers, "Upload-Offset")


def metadata_of(headers: Headers) -> dict[str, str]:
    """Return `Upload-Metadata`: pairs of a name and base64 text, with commas. Raises `bad_request`."""
    text = headers.get("Upload-Metadata", "").strip()
    if len(text) > LONGEST_METADATA:
        refuse("Upload-Metadata", f"{len(text)} characters", f"at most {LONGEST_METADATA}")
    found: dict[str, str] = {}
    for pair in text.split(",") if text else ():
        name, _, value = pair.strip().partition(" ")
        if not name or name in found:
            refuse("Upload-Metadata", text, "different names, each with its value in base64")
        try:
            found[name] = base64.b64decode(value.strip(), validate=True).decode()
        except ValueError:
            refuse("Upload-Metadata", value, "UTF-8 text in base64")
    return found


def spell_metadata(metadata: Mapping[str, str]) -> str:
    """Spell names and texts as `Upload-Metadata`."""
    return ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}".rstrip() for name, value in metadata.items()
    )


def checksum_of(headers: Headers) -> Checksum | None:
    """Return `Upload-Checksum`, None where there is none. Raises PostrailError `bad_request`."""
    text = headers.get("Upload-Checksum")
    if text is None:
        return None
    algorithm, _, value = text.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        refuse("Upload-Checksum", algorithm, f"one of {', '.join(ALGORITHMS)}")
    try:
        return Checksum(algorithm=algorithm, digest=base64.b64decode(value.strip(), validate=True))
    except ValueError:
        refuse("Upload-Checksum", value, "a digest in base64")


def http_date(ms: int) -> str:
    """Spell UTC milliseconds as `Upload-Expires` has them (RFC 9110, section 5.6.7)."""
    return formatdate(ms / 1000, usegmt=True)


def offers(limit: int) -> dict[str, str]:
    """Return the headers that tell what this server can do; `limit`: bytes of the largest file."""
    return {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Max-Size": str(limit),
        "Tus-Extension": EXTENSIONS,
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
