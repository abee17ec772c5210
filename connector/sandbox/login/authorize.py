"""Reads a request for consent, pure: what it asks for, or how it is refused (reference 2.2, 2.3)."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.sandbox.login.apps import App

MAX_QUERY = 2048
"""Characters of `state` and of a challenge."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request for consent that is in order. `is_silent`: the page may be skipped for a valid session."""

    app: App
    scopes: tuple[str, ...]
    redirect_uri: str
    state: str
    challenge: str | None
    is_silent: bool


class NoWayBack(Exception):
    """Refused on TikTok's own page, since the redirect URI may not be the app's; `what` names the cause."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Declined(Exception):
    """Refused on the callback, with `error`, `error_description` and, where one was seen, `error_type`."""

    def __init__(self, error: str, description: str, error_type: str | None = None) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.error_type = error_type

    def as_query(self, state: str) -> dict[str, str]:
        """Return the parameters of the callback."""
        query = {"error": self.error, "error_description": self.description, "state": state}
        return query if self.error_type is None else {**query, "error_type": self.error_type}


def way_back(query: Mapping[str, str], app: App | None) -> tuple[App, str]:
    """Return the app and the redirect URI that a request names truly. Raises NoWayBack."""
    if app is None:
        raise NoWayBack("client_key")
    redirect_uri = query.get("redirect_uri", "")
    if not app.may_return_to(redirect_uri):
        raise NoWayBack("redirect_uri")
    return app, redirect_uri


def read_ask(query: Mapping[str, str], app: App, redirect_uri: str) -> Ask:
    """Read a request whose way back is known. Raises Declined."""
    if not app.traits.login_kit:
        raise Declined("unauthorized_client", "Login Kit is not enabled for this app.", "client_key")
    if query.get("response_type") != "code":
        raise Declined("unsupported_response_type", "The response type must be code.")
    if not 0 < len(query.get("state", "")) <= MAX_QUERY:
        raise Declined("invalid_request", "The state is missing.")
    if query.get("disable_auto_auth", "0") not in ("0", "1"):
        raise Declined("invalid_request", "disable_auto_auth must be 0 or 1.")
    return Ask(
        app=app,
        scopes=_scopes(query.get("scope", ""), app),
        redirect_uri=redirect_uri,
        state=query["state"],
        challenge=_challenge(query, app),
        is_silent=query.get("disable_auto_auth", "0") == "0",
    )


def _scopes(text: str, app: App) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    if not text or not set(names) <= app.scopes:
        raise Declined("invalid_scope", "The scope is unknown or not approved for this app.")
    return names


def _challenge(query: Mapping[str, str], app: App) -> str | None:
    """Return the challenge; a wrong one is found out at the exchange only, as operators saw (2.4)."""
    challenge = query.get("code_challenge") or None
    if challenge is None and app.traits.kind == "web":
        return None
    if challenge is None or len(challenge) > MAX_QUERY:
        raise Declined("invalid_request", "The code challenge is missing.", "code_challenge")
    if query.get("code_challenge_method") != "S256":
        raise Declined("invalid_request", "The code challenge method must be S256.", "code_challenge")
    return challenge
