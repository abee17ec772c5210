"""Reads a request: its body as rows, its key, its idempotency key, its patience."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import Request, current_app

from connector.contract import (
    LIMITS,
    Limits,
    Rows,
    load_contract,
    refuse,
    rows_from_form,
    rows_from_json,
    rows_from_pairs,
)
from connector.contract.text import shown
from connector.kernel.errors import PostrailError, Problem
from connector.web.multipart import read_multipart

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
LIMITS_SETTING = "BODY_LIMITS"
"""Where the app's configuration holds the limits of a body; without it the defaults count."""

UPLOAD_IT = (
    "send the file to upload_media (POST /v1/media takes the same), and its media_id or url in this field"
)
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
    _refuse_encoded(request)
    limit: int = current_app.config["MAX_CONTENT_LENGTH"]
    announced = request.content_length
    if (announced or 0) > limit:
        raise _too_large(limit)
    try:
        body: bytes = request.environ["wsgi.input"].read(limit + 1)
    except OSError as error:
        raise _broken_off(request) from error
    except ValueError as error:
        raise PostrailError("bad_request", "The body's chunked coding is broken.") from error
    if len(body) > limit:
        raise _too_large(limit)
    if len(body) < (announced or 0):
        raise _broken_off(request)
    return body


def _refuse_encoded(request: Request) -> None:
    """Raise PostrailError `unsupported_media_type` for a compressed body, which could hide any size."""
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in {"", "identity"}:
        return
    problem = Problem(
        field="",
        problem="encoded_body",
        got=f"Content-Encoding: {coding[:40]}",
        expected="a body that is not compressed",
        fix="switch compression of requests off",
        code="unsupported_media_type",
    )
    raise _not_taken("Compressed bodies are not taken.", [problem])


def _not_taken(message: str, problems: Sequence[Problem]) -> PostrailError:
    """Build the refusal of a body that is of another kind; its cure is that of its first problem."""
    fix = problems[0].fix
    return PostrailError(
        "unsupported_media_type", message, details=problems, fix=f"{fix[:1].upper()}{fix[1:]}."
    )


def raw_body(request: Request) -> bytes:
    """Return the whole body as it came, for a signature over its bytes.

    Raises PostrailError `payload_too_large`, `request_timeout` or `bad_request`.
    """
    return _body_of(request)


def _too_large(limit: int) -> PostrailError:
    return PostrailError("payload_too_large", f"The request body is larger than {limit:,} bytes.")


def _broken_off(request: Request) -> PostrailError:
    multipart = request.mimetype == MULTIPART
    problem = Problem(
        field="",
        problem="stalled_multipart" if multipart else "stalled_body",
        got="a body that stalled or broke off",
        expected=f"{request.content_length or 'all'} bytes",
        fix="send the body at once",
        code="request_timeout",
    )
    message = "The request body stalled or broke off before its end."
    return PostrailError("request_timeout", message, details=[problem])


def _with_cure(error: PostrailError) -> PostrailError:
    """Return a refusal whose problems say what to do in each tool, where the tools differ."""
    cures = load_contract().cures
    error.details = tuple(replace(found, fix=cures.get(found.problem, found.fix)) for found in error.details)
    return error


def _multipart_rows(request: Request, body: bytes, limits: Limits) -> Rows:
    parts = read_multipart(body, request.mimetype_params.get("boundary", ""), limits)
    if parts.files:
        problems = [
            Problem(
                field=name,
                problem="file_not_taken",
                got="a file",
                expected="the URL or the media_id of the file",
                fix=UPLOAD_IT,
                code="unsupported_media_type",
            )
            for name in parts.files
        ]
        raise _not_taken(f"{request.path} takes no files; Upload Media does.", problems)
    return rows_from_pairs(parts.pairs, limits)


def _form_rows(body: bytes, limits: Limits) -> Incoming:
    """Read a form, or the JSON that was sent in its place: curl calls any body a form."""
    if body.lstrip()[:1] == b"{":
        try:
            rows = rows_from_json(body, limits)
        except PostrailError:
            return Incoming(rows=rows_from_form(body, limits), is_json=False)
        warning = "The body is JSON although its Content-Type says that it is a form."
        return Incoming(rows=Rows.of(rows, warnings=(*rows.warnings, warning)), is_json=True)
    return Incoming(rows=rows_from_form(body, limits), is_json=False)


def _read_body(request: Request, limits: Limits) -> Incoming:
    kind, body = request.mimetype, _body_of(request)
    if kind == MULTIPART:
        return Incoming(rows=_multipart_rows(request, body, limits), is_json=False)
    if kind == FORM:
        return _form_rows(body, limits)
    if not body.strip():
        return Incoming(rows=Rows(), is_json=kind == "application/json")
    return Incoming(rows=rows_from_json(body, limits), is_json=True)


def _add_query(incoming: Incoming, request: Request, limits: Limits) -> Incoming:
    """Add the rows of the query, for callers that can send no body. Raises PostrailError `bad_request`."""
    if not request.query_string:
        return incoming
    rows = Rows.of(incoming.rows, warnings=incoming.rows.warnings)
    for name, value in rows_from_form(request.query_string, limits).items():
        if rows.setdefault(name, value) != value:
            refuse(
                "sent_twice",
                f"{name[:60]!r} stands in the query and in the body, with different values.",
                got=f"{shown(value)} in the query, {shown(rows[name])} in the body",
                expected="each row in one place",
                fix="leave it out of the address",
            )
    return Incoming(rows=rows, is_json=incoming.is_json)


def read_rows(request: Request) -> Incoming:
    """Read a request as rows, whatever its content type says: those of the body, then those of the query.

    `Prefer: wait=N` (RFC 7240) counts as a row `wait_seconds` where there is none.
    Raises PostrailError `bad_request`, `payload_too_large`, `request_timeout` or `unsupported_media_type`.
    """
    limits: Limits = current_app.config.get(LIMITS_SETTING, LIMITS)
    try:
        incoming = _add_query(_read_body(request, limits), request, limits)
    except PostrailError as error:
        raise _with_cure(error) from error
    preferred = _WAIT.search(request.headers.get("Prefer", ""))
    if preferred and not WAIT_NAMES & incoming.rows.keys():
        incoming.rows["wait_seconds"] = min(int(preferred.group(1)), LONGEST_WAIT_S)
    return incoming


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
