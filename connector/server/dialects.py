"""Foreign request shapes: a dialect's manifest maps its paths and rows onto operations; its shapes answer.

A caller of a dialect changes the base URL and nothing else, so its errors come in its own shape too.
"""

from collections.abc import Callable

from flask import Flask, Response, jsonify, request

from connector.engine.ask import Ask
from connector.engine.outputs import error_body
from connector.engine.perform import Told, perform
from connector.kernel.errors import PostrailError
from connector.server import pm3k
from connector.server.operations import check_to_run
from connector.server.site import Site
from connector.web.app import answer_error, request_id
from connector.web.incoming import key_of, patience_of, read_rows

DIALECT_WAIT_S = 25.0
"""Seconds a dialect's caller waits by default: these callers expect the outcome in the answer."""

SHAPES: dict[str, dict[str, Callable[[Told], dict[str, object]]]] = {"pm3k": pm3k.SHAPES}
"""How each dialect answers, by the use case of the operation that was performed."""


def _ask(site: Site, dialect: str, path: str) -> tuple[Ask, str]:
    contract = site.context.contract
    principal = site.principal()
    incoming = read_rows(request)
    translated = contract.translate(dialect, path, incoming.rows)
    understood = contract.understand(translated.operation, translated.rows, dialect=dialect)
    operation = contract.operation(translated.operation)
    check_to_run(site, principal, operation, incoming, understood)
    given = understood.input
    ask = Ask(
        principal=principal,
        operation=operation,
        understood=understood,
        key=key_of(request, given.get("idempotency_key")),
        wait_s=patience_of(given.get("wait_seconds"), DIALECT_WAIT_S),
        dialect=dialect,
    )
    return ask, operation.operation.use_case


def _refuse(site: Site, dialect: str, error: PostrailError) -> Response:
    contract = site.context.contract
    code = contract.dialects[dialect].errors.get(error.code, error.code)
    renamed = PostrailError(
        code,
        error.message,
        details=error.details,
        retry_at=error.retry_at,
        tiktok_log_id=error.tiktok_log_id,
        extra=error.extra,
        fix=error.fix,
    )
    return answer_error(contract, site.context.clock, renamed, error_body(contract, renamed, request_id()))


def _view(site: Site, dialect: str, path: str) -> Callable[[], Response]:
    def answer() -> Response:
        try:
            ask, use_case = _ask(site, dialect, path)
            told = perform(site.context, site.room, ask)
            response = jsonify(SHAPES[dialect][use_case](told))
        except PostrailError as error:
            return _refuse(site, dialect, error)
        if told.replayed:
            response.headers["Idempotency-Replayed"] = "true"
        return response

    return answer


def register(app: Flask, site: Site) -> None:
    """Add a POST route for every path of every dialect."""
    for name, dialect in site.context.contract.dialects.items():
        for route in dialect.routes:
            app.add_url_rule(
                route.path, f"{name}:{route.path}", _view(site, name, route.path), methods=["POST"]
            )
