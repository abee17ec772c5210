"""`GET /v1/audit`: who has decided what in the workspace, the newest first."""

from flask import Flask, Response, jsonify, request

from connector.engine.auditing import MOST, read_audit
from connector.kernel.errors import PostrailError, Problem
from connector.server.site import Site

HIGHEST = 2**63 - 1
"""The highest number that an id can be."""


def _number(name: str, default: int | None, highest: int) -> int | None:
    """Return a whole number of the query. Raises PostrailError `invalid_request`."""
    text = request.args.get(name)
    if text is None:
        return default
    if (
        text.isascii()
        and text.isdecimal()
        and 1 <= int(text[:20]) <= highest
        and len(text) <= len(str(highest))
    ):
        return int(text)
    problem = Problem(
        field=name,
        problem="not_a_number",
        got=text[:40],
        expected=f"a whole number from 1 to {highest}",
        fix=f"correct {name}, or leave it out",
    )
    raise PostrailError("invalid_request", f"{name} cannot be used.", details=[problem])


def register(app: Flask, site: Site) -> None:
    """Add the route."""

    @app.get("/v1/audit")
    def audit() -> Response:
        limit, before = _number("limit", MOST, MOST), _number("before", None, HIGHEST)
        return jsonify(read_audit(site.context, site.principal(), limit=limit or MOST, before=before))
