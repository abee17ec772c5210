"""Reads a request: its body as rows, its key, its idempotency key, its patience."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from connector.contract import Rows, rows_from_json, rows_from_pairs
from connector.kernel.errors import PostrailError, Problem

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
LONGEST_WAIT_S = 50
WAIT_NAMES = frozenset({"wait_seconds", "waitSeconds", "wait"})
_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])")


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """The rows of one request; `is_json` tells whether they came as JSON."""

    rows: Rows
    is_json: bool


def bearer_of(request: Request) -> str | None:
    """Return the secret of `Authorization: Bearer ...` or `x-api-key`, None when there is neither."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret.strip():
        return secret.strip()
    return request.headers.get("x-api-key") or None


def _body_of(request: Request) -> bytes:
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise PostrailError(
            "payload_too_large", "The request body is larger than this server takes."
        ) from error
    except (ClientDisconnected, TimeoutError, OSError) as error:
        raise PostrailError(
            "request_timeout", "The request body stalled or broke off before its end."
        ) from error


def _multipart_pairs(request: Request) -> list[tuple[str, str]]:
    try:
        pairs = list(request.form.items(multi=True))
        files = [name for name, file in request.files.items(multi=True) if file.filename]
    except RequestEntityTooLarge as error:
        raise PostrailError(
            "payload_too_large", "The request body is larger than this server takes."
        ) from error
    except (ClientDisconnected, TimeoutError, OSError) as error:
        raise PostrailError(
            "request_timeout", "The multipart body stalled or broke off before its end."
        ) from error
    if files:
        problems = [
            Problem(
                field=name,
                problem="file_not_taken",
                got="a file",
                expected="the http(s) URL of the file",
                fix="put the file where this server can fetch it and send its URL",
            )
            for name in files
        ]
        raise PostrailError(
            "unsupported_media_type", "Files are not taken in the body; send URLs.", details=problems
        )
    return pairs


def _read_body(request: Request) -> Incoming:
    kind = request.mimetype
    if kind == MULTIPART:
        return Incoming(rows=rows_from_pairs(_multipart_pairs(request)), is_json=False)
    body = _body_of(request)
    if kind == FORM:
        return Incoming(rows=rows_from_pairs(pairs_of_form(body)), is_json=False)
    if not body.strip():
        return Incoming(rows=Rows(), is_json=kind == "application/json")
    return Incoming(rows=rows_from_json(body), is_json=True)


def read_rows(request: Request) -> Incoming:
    """Read the body of a request as rows, whatever its content type says.

    `Prefer: wait=N` (RFC 7240) counts as a row `wait_seconds` where there is none.
    Raises PostrailError `bad_request`, `payload_too_large`, `request_timeout` or `unsupported_media_type`.
    """
    incoming = _read_body(request)
    preferred = _WAIT.search(request.headers.get("Prefer", ""))
    if preferred and not WAIT_NAMES & incoming.rows.keys():
        incoming.rows["wait_seconds"] = min(int(preferred.group(1)), LONGEST_WAIT_S)
    return incoming


def pairs_of_form(body: bytes) -> list[tuple[str, str]]:
    """Split an urlencoded body into its pairs, in order, empty values kept."""
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=1000, errors="strict")
    except ValueError as error:
        raise PostrailError(
            "bad_request", "The form body is not UTF-8 or has more than 1,000 fields."
        ) from error


def key_of(request: Request, given: object) -> str | None:
    """Return the idempotency key from the header or the field.

    Raises PostrailError `invalid_request` when both are given and differ.
    """
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None if given is None else str(given)
    if given is not None and given != header:
        problem = Problem(
            field="idempotency_key",
            problem="differs_from_header",
            got="another key than in the Idempotency-Key header",
            expected="one key",
            fix="send the key in one place",
        )
        raise PostrailError("invalid_request", "The request carries two idempotency keys.", details=[problem])
    return header


def patience_of(given: object, default: float) -> float:
    """Return for how many seconds the caller will wait: as understood from its rows, else `default`."""
    return float(given) if isinstance(given, int | float) else default
