"""Reads a request: its body as rows, its key, its idempotency key, its patience."""

import re
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import parse_qsl

from flask import Request, current_app
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from connector.contract import Rows, rows_from_json, rows_from_pairs
from connector.kernel.errors import PostrailError, Problem

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MAX_PARTS = 1000
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
    """Return the whole body: one that is cut short must never pass for what was meant.

    Raises PostrailError `payload_too_large`, `request_timeout` or, for bad chunked coding, `bad_request`.
    """
    limit: int = current_app.config["MAX_CONTENT_LENGTH"]
    announced = request.content_length
    if (announced or 0) > limit:
        raise _too_large()
    try:
        body: bytes = request.environ["wsgi.input"].read(limit + 1)
    except OSError as error:
        raise _broken_off() from error
    except ValueError as error:
        raise PostrailError("bad_request", "The body's chunked coding is broken.") from error
    if len(body) > limit:
        raise _too_large()
    if len(body) < (announced or 0):
        raise _broken_off()
    return body


def _too_large() -> PostrailError:
    return PostrailError("payload_too_large", "The request body is larger than this server takes.")


def _broken_off() -> PostrailError:
    return PostrailError("request_timeout", "The request body stalled or broke off before its end.")


def _multipart_pairs(request: Request, body: bytes) -> list[tuple[str, str]]:
    parser = FormDataParser(silent=False, max_form_parts=MAX_PARTS)
    try:
        _, form, sent = parser.parse(BytesIO(body), MULTIPART, len(body), request.mimetype_params)
    except (ValueError, RequestEntityTooLarge) as error:
        raise PostrailError(
            "bad_request", f"The multipart body is broken or has more than {MAX_PARTS} parts."
        ) from error
    files = [name for name, file in sent.items(multi=True) if file.filename]
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
    return list(form.items(multi=True))


def _read_body(request: Request) -> Incoming:
    kind, body = request.mimetype, _body_of(request)
    if kind == MULTIPART:
        return Incoming(rows=rows_from_pairs(_multipart_pairs(request, body)), is_json=False)
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
