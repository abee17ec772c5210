"""Multipart bodies into pairs and names of files: every byte of text as it came, or a refusal."""

from dataclasses import dataclass

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder

from connector.contract import LIMITS, Limits, refuse
from connector.kernel.errors import PostrailError


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of a multipart body: text by name, in order, and the names of the files."""

    pairs: tuple[tuple[str, object], ...]
    files: tuple[str, ...]


def read_multipart(body: bytes, boundary: str, limits: Limits = LIMITS) -> Parts:
    """Take a whole multipart body apart. Raises PostrailError `bad_request`."""
    pairs: list[tuple[str, object]] = []
    files: list[str] = []
    head: Field | File | None = None
    data = bytearray()
    for event in _events(body, boundary, limits):
        if isinstance(event, Field | File):
            head, data = event, bytearray()
        elif isinstance(event, Data):
            data += event.data
            if event.more_data or head is None:
                continue
            if isinstance(head, File):
                files += [head.name or ""] if head.filename else []
            else:
                pairs.append((head.name or "", _text(head.name or "", bytes(data))))
    return Parts(pairs=tuple(pairs), files=tuple(files))


def _events(body: bytes, boundary: str, limits: Limits) -> list[Event]:
    """Return what the decoder finds, from the first part to the last boundary."""
    found: list[Event] = []
    try:
        decoder = MultipartDecoder(boundary.encode(), max_parts=limits.max_fields)
        decoder.receive_data(body)
        decoder.receive_data(None)
        while not found or not isinstance(found[-1], Epilogue):
            found.append(decoder.next_event())
    except (ValueError, RequestEntityTooLarge):
        refuse(
            "broken_multipart",
            f"The multipart body is broken, or has more than {limits.max_fields} parts.",
            expected="parts between boundaries, and a last boundary",
            fix="send JSON, or let the tool write the multipart body and its Content-Type",
        )
    return found


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise PostrailError("bad_request", f"The part {name!r} of the body is not UTF-8 text.") from error
