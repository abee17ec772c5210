"""`/v1/operations/{key}` and its `/check`: one generic route for whatever the manifests offer.

POST runs an operation, GET tells what it is. Callers that can only GET send rows in the query: to what reads,
and to the check of anything. What reads and needs no row, such as list_accounts, a GET with a key runs too.
"""

from flask import Flask, Response, jsonify, request

from connector.contract import Operation, Rows, Understanding
from connector.engine.ask import Ask
from connector.engine.model import Principal
from connector.engine.modes import only_lacks_privacy
from connector.engine.narrow import describe_for
from connector.engine.outputs import error_body
from connector.engine.perform import Told, perform
from connector.kernel.errors import PostrailError, Problem
from connector.server.site import Site
from connector.web.app import answer_error, request_id
from connector.web.incoming import Incoming, bearer_of, key_of, patience_of, read_rows

NOT_JSON = Problem(
    field="",
    problem="not_json",
    got="a form or a query",
    expected="a JSON object",
    fix="send Content-Type: application/json and a JSON object, or leave strict out",
)


def check_to_run(
    site: Site, principal: Principal, operation: Operation, incoming: Incoming, understood: Understanding
) -> None:
    """Raise PostrailError with every problem of rows that are to be run.

    A dry run goes on with them: it tells those of the files and the account as well.
    """
    if operation.operation.use_case == "publish" and understood.input.get("dry_run") is True:
        check_strict(incoming, understood)
    else:
        check_understood(site, principal, incoming, understood)


def check_understood(site: Site, principal: Principal, incoming: Incoming, understood: Understanding) -> None:
    """Raise PostrailError with every problem at once; under `strict` also for a body that is not JSON."""
    if not understood.ok and not only_lacks_privacy(site.context, principal, understood):
        raise understood.error()
    check_strict(incoming, understood)


def check_strict(incoming: Incoming, understood: Understanding) -> None:
    """Raise PostrailError `invalid_request` where `strict` is asked for in a body that is not JSON."""
    if understood.input.get("strict") and not incoming.is_json:
        raise PostrailError("invalid_request", "Under strict the body must be JSON.", details=[NOT_JSON])


def _told(told: Told) -> Response:
    response = jsonify(told.body)
    response.status_code = 200 if told.outcome == "settled" else 202
    if told.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def run_operation(site: Site, key: str) -> Response:
    """Perform an operation with the rows of the present request. Raises PostrailError."""
    principal = site.principal()
    operation = site.context.contract.operation(key)
    incoming = read_rows(request)
    understood = site.context.contract.understand(operation.key, incoming.rows)
    check_to_run(site, principal, operation, incoming, understood)
    ask = Ask(
        principal=principal,
        operation=operation,
        understood=understood,
        key=key_of(request, understood.input.get("idempotency_key")),
        wait_s=patience_of(understood.input.get("wait_seconds"), 0.0),
    )
    return _told(perform(site.context, site.room, ask))


def describe(site: Site, key: str) -> Response:
    """Say what an operation is; with `account` in the query, what that account may do by it.

    Only the latter needs a key. Raises PostrailError.
    """
    account = request.args.get("account")
    if account is None:
        return jsonify(site.context.contract.describe(key))
    return jsonify(describe_for(site.context, site.principal(), key, account))


def _needs_post(site: Site, key: str) -> Response:
    """Refuse a GET that sends rows to an action: link previews, retries and caches must never publish."""
    contract, by_post = site.context.contract, f"POST /v1/operations/{key}"
    problem = Problem(
        field="",
        problem="needs_post",
        got="a GET with rows",
        expected=by_post,
        fix=f"send the same rows by {by_post}, in the body or in the query",
        code="method_not_allowed",
    )
    error = PostrailError("method_not_allowed", f"{key} is done by POST alone.", details=[problem])
    response = answer_error(contract, site.context.clock, error, error_body(contract, error, request_id()))
    response.headers["Allow"] = "POST"
    return response


def register(app: Flask, site: Site) -> None:
    """Add the operations' routes."""

    @app.post("/v1/operations/<key>")
    def run(key: str) -> Response:
        return run_operation(site, key)

    @app.get("/v1/operations/<key>")
    def tell(key: str) -> Response:
        contract = site.context.contract
        if contract.operation(key).operation.type == "search":
            needs_nothing = bearer_of(request) is not None and contract.understand(key, Rows()).ok
            asks = bool(request.args or request.content_length or needs_nothing)
            return run_operation(site, key) if asks else describe(site, key)
        asks = bool(request.args.keys() - {"account"} or request.content_length)
        return _needs_post(site, key) if asks else describe(site, key)

    @app.route("/v1/operations/<key>/check", methods=["GET", "POST"])
    def check(key: str) -> Response:
        principal = site.principal()
        incoming = read_rows(request)
        understood = site.context.contract.understand(key, incoming.rows)
        check_understood(site, principal, incoming, understood)
        return jsonify({"ok": True, "input": understood.input, **understood.receipt()})
