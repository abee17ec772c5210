"""The Flask app that every surface starts from: JSON answers, request ids, errors by the catalogue."""

from collections.abc import Callable

from flask import Flask, Response, g, jsonify, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from connector.contract import Contract
from connector.engine.outputs import error_body
from connector.kernel.clock import Clock
from connector.kernel.errors import PostrailError
from connector.kernel.ids import Ids
from connector.kernel.log import get_log

log = get_log("web")

Shape = Callable[[PostrailError, str], dict[str, object]]
"""How an error answer looks: given the error and the request id."""

QUIET_PATHS = frozenset({"/healthz", "/readyz"})
"""Asked for every few seconds by whoever watches over the server: not worth a line."""

HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 408: "request_timeout", 413: "payload_too_large"}


class PlainJson(DefaultJSONProvider):
    """JSON with its members in the order we give them, and text as it is."""

    sort_keys = False
    ensure_ascii = False


def request_id() -> str:
    """Return the id of the request being answered."""
    return str(g.get("request_id", ""))


def answer_error(contract: Contract, clock: Clock, error: PostrailError, body: dict[str, object]) -> Response:
    """Turn a refusal into its HTTP answer, with the catalogue's status and `Retry-After` where it helps."""
    entry = contract.error(error.code)
    response = jsonify(body)
    response.status_code = entry.http
    if error.retry_at is not None:
        response.headers["Retry-After"] = str(max(1, (error.retry_at - clock.now() + 999) // 1000))
    elif entry.retry_after_s is not None and body["retryable"]:
        response.headers["Retry-After"] = str(entry.retry_after_s)
    if entry.http == 401:  # noqa: PLR2004 - RFC 9110 wants the challenge
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _of_http(error: HTTPException) -> PostrailError:
    if isinstance(error, RequestEntityTooLarge):
        return PostrailError("payload_too_large", "The request body is larger than this server takes.")
    failed = error.code is None or error.code >= 500  # noqa: PLR2004 - from here on it is ours
    code = "internal_error" if failed else HTTP_CODES.get(error.code or 0, "bad_request")
    return PostrailError(code, f"{request.method} {request.path}: {error.name}.")


def create_app(name: str, *, contract: Contract, clock: Clock, ids: Ids, max_body_bytes: int) -> Flask:
    """Build an app whose every error, foreseen or not, is a catalogued JSON answer without a traceback."""
    app = Flask(name, static_folder=None)
    app.json = PlainJson(app)
    app.config["MAX_CONTENT_LENGTH"] = max_body_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = max_body_bytes

    @app.before_request
    def _begin() -> None:
        g.request_id = ids.new("req")

    @app.after_request
    def _end(response: Response) -> Response:
        response.headers["X-Request-Id"] = request_id()
        if request.path not in QUIET_PATHS:
            log.info("request", method=request.method, path=request.path, status=response.status_code)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.errorhandler(PostrailError)
    def _refused(error: PostrailError) -> Response:
        return answer_error(contract, clock, error, error_body(contract, error, request_id()))

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        response = _refused(_of_http(error))
        if isinstance(error, MethodNotAllowed):
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
        return response

    @app.errorhandler(Exception)
    def _defect(error: Exception) -> Response:
        log.error("request_defect", exc_info=error, request_id=request_id(), path=request.path)
        return _refused(
            PostrailError("internal_error", "Postrail failed on this request; the log has the reason.")
        )

    return app
