"""What no handler foresaw is our failure and worth another try, never the caller's mistake."""

import pytest
from flask import Flask, Response
from werkzeug.exceptions import BadGateway, Conflict, GatewayTimeout, HTTPException, InternalServerError

from connector.contract import load_contract
from connector.kernel.clock import SystemClock
from connector.kernel.ids import SystemIds
from connector.web.app import create_app


@pytest.fixture
def app() -> Flask:
    """Give an app without routes."""
    clock = SystemClock()
    return create_app(
        "test", contract=load_contract(), clock=clock, ids=SystemIds(clock), max_body_bytes=1_000
    )


def test_a_failure_after_the_answer_was_made_is_an_internal_error(app: Flask) -> None:
    @app.get("/done")
    def done() -> str:
        return "done"

    @app.after_request
    def fails(_: Response) -> Response:
        raise OSError("no room for the log")

    app.logger.disabled = True
    answer = app.test_client().get("/done")
    assert (answer.status_code, answer.json["error"]) == (500, "internal_error")  # type: ignore[index]  # it has a body


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (InternalServerError, 500, "internal_error"),
        (BadGateway, 500, "internal_error"),
        (GatewayTimeout, 500, "internal_error"),
        (Conflict, 400, "bad_request"),
    ],
)
def test_the_code_of_an_http_error_says_whose_it_is(
    app: Flask, raised: type[HTTPException], status: int, code: str
) -> None:
    @app.get("/fails")
    def fails() -> str:
        raise raised

    answer = app.test_client().get("/fails")
    assert (answer.status_code, answer.json["error"]) == (status, code)  # type: ignore[index]  # it has a body
