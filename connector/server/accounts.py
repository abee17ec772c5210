"""`/v1/accounts/connect`: the same login for a program that runs the browser step elsewhere.

`postrail accounts connect --loopback` opens the consent page on a laptop, takes TikTok's answer at a loopback
address there, and hands it on to this server, which holds the app's secret. The login is bound to the key.
"""

from collections.abc import Mapping, Sequence

from flask import Flask, Response, jsonify, request

from connector.engine.access import demand_to_connect
from connector.engine.connect import Caller, begin, bound, finish, loopback_address
from connector.engine.model import Principal
from connector.engine.model_accounts import App
from connector.engine.standing import standings
from connector.kernel.errors import PostrailError, Problem
from connector.server.site import Site
from connector.web.incoming import read_rows


def _text(rows: Mapping[str, object], name: str) -> str:
    """Return a member of a body. Raises PostrailError `invalid_request`."""
    value = rows.get(name)
    if not isinstance(value, str) or not value:
        missing = Problem(field=name, problem="required", expected="text")
        raise PostrailError("invalid_request", f"{name} is missing.", details=[missing])
    return value


def _app_meant(known: Sequence[App], ref: object) -> App:
    """Return the app that a request names, or the only one. Raises PostrailError `invalid_request`."""
    found = [one for one in known if ref in {None, one.id, one.client_key, one.label}]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{one.client_key} ({one.label})" for one in known) or "none"
    problem = Problem(field="app", problem="which_app", got=str(ref), expected=f"one of {names}")
    raise PostrailError("invalid_request", "Say which TikTok app is meant.", details=[problem])


def register(app: Flask, site: Site) -> None:
    """Add the routes."""
    context = site.context

    def connecting() -> Principal:
        principal = site.principal()
        demand_to_connect(principal)
        return principal

    @app.post("/v1/accounts/connect")
    def connect() -> Response:
        principal, rows = connecting(), read_rows(request).rows
        its_app = _app_meant(context.desk.apps.apps(), rows.get("app"))
        redirect = loopback_address(its_app, rows.get("port"))
        caller = Caller(workspace_id=principal.workspace_id, bound_to=bound("key", principal.key_id))
        url = begin(context, its_app, caller, redirect, always_ask=True)
        return jsonify({"ok": True, "authorize_url": url, "redirect_uri": redirect})

    @app.post("/v1/accounts/connect/finish")
    def finished() -> Response:
        principal = connecting()
        query = _text(read_rows(request).rows, "query")
        connected = finish(context, query, bound("key", principal.key_id))
        rows = standings(context, principal)
        mine = next(row for row in rows if row["account_id"] == connected.account.id)
        return jsonify({"ok": True, "account": mine})
