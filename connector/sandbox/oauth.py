"""The OAuth endpoints: tokens for codes and refresh tokens, client tokens, revocation (reference 2.5, 2.6).

Form bodies in, the flat shape out; what is missing is told before what is wrong.
"""

from collections.abc import Mapping

from flask import Blueprint

from connector.kernel.jsontext import Json
from connector.sandbox.accounts import Account
from connector.sandbox.front import Front, OAuthRefusal
from connector.sandbox.hooks.events import DEVELOPER_REVOKED
from connector.sandbox.login.apps import App
from connector.sandbox.login.codes import Code
from connector.sandbox.login.grants import open_id_for
from connector.sandbox.login.pkce import proves
from connector.sandbox.login.tokens import Pair
from connector.sandbox.world import World

CLIENT_LIFE = 7200
"""Seconds a client token is good for."""
MALFORMED = "The request parameters are malformed."
NO_SECRET = "Client secret is missed in request."  # noqa: S105 - TikTok's words
BAD_CLIENT = "Client key or secret is incorrect."
BAD_GRANT_TYPE = "The grant type is not supported."
BAD_CODE = "Authorization code is expired."
BAD_REDIRECT = "Redirect_uri is not matched with the uri when requesting code."
BAD_VERIFIER = "Code verifier or code challenge is invalid."
BAD_REFRESH = "Refresh token is invalid or expired."
BAD_ACCESS = "Access token is invalid or expired."

Form = Mapping[str, str]
Data = dict[str, Json]


def oauth_routes(world: World, front: Front) -> Blueprint:
    """Return the routes of the token and revoke endpoints."""
    routes = Blueprint("oauth", __name__, url_prefix="/v2/oauth")
    desk = OAuth(world)

    routes.add_url_rule(
        "/token/",
        endpoint="token",
        view_func=lambda: front.serve_form("oauth/token", desk.token),
        methods=["POST"],
    )
    routes.add_url_rule(
        "/revoke/",
        endpoint="revoke",
        view_func=lambda: front.serve_form("oauth/revoke", desk.revoke),
        methods=["POST"],
    )
    return routes


class OAuth:
    """The handlers; each gets the form and raises OAuthRefusal."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._login = world.login

    def token(self, form: Form) -> Data:
        """Answer the token endpoint, by grant type."""
        grant_type = _needed(form, "grant_type")
        grants = {
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh,
            "client_credentials": self._of_client,
        }
        if grant_type not in grants:
            raise OAuthRefusal("unsupported_grant_type", BAD_GRANT_TYPE)
        return grants[grant_type](self._client(form), form)

    def revoke(self, form: Form) -> None:
        """Answer the revoke endpoint, whose success has no body: the app is gone from the user's list."""
        app = self._client(form)
        account = self._login.bearer(_needed(form, "token"))
        if account is None or account.client_key != app.client_key:
            raise OAuthRefusal("invalid_grant", BAD_ACCESS)
        self._world.part(app.client_key, account, DEVELOPER_REVOKED)

    def _client(self, form: Form) -> App:
        client_key = _needed(form, "client_key")
        secret = form.get("client_secret", "")
        if not secret:
            raise OAuthRefusal("invalid_request", NO_SECRET)
        app = self._login.apps.find(client_key)
        if app is None or app.client_secret != secret:
            raise OAuthRefusal("invalid_client", BAD_CLIENT)
        return app

    def _by_code(self, app: App, form: Form) -> Data:
        code = self._login.codes.good(_needed(form, "code"), app.client_key)
        redirect_uri = _needed(form, "redirect_uri")
        if code is None:
            raise OAuthRefusal("invalid_grant", BAD_CODE)
        if redirect_uri != code.redirect_uri:
            raise OAuthRefusal("invalid_request", BAD_REDIRECT)
        _check_verifier(code, form.get("code_verifier"))
        pair = self._login.exchange(code)
        if pair is None:
            raise OAuthRefusal("invalid_grant", BAD_CODE)
        return token_answer(pair)

    def _by_refresh(self, app: App, form: Form) -> Data:
        token = _needed(form, "refresh_token")
        pair = self._login.refresh(token, app.client_key, self._world.knobs.behaviour)
        if pair is None:
            raise OAuthRefusal("invalid_grant", BAD_REFRESH)
        return token_answer(pair)

    def _of_client(self, _app: App, _form: Form) -> Data:
        token = self._login.tokens.new_client_token()
        return {"access_token": token, "expires_in": CLIENT_LIFE, "token_type": "Bearer"}


def token_answer(pair: Pair) -> Data:
    """Return the flat answer that carries a pair."""
    return {
        "access_token": pair.access_token,
        "expires_in": pair.expires_in,
        "open_id": open_id_for(pair.client_key, pair.account),
        "refresh_expires_in": pair.refresh_expires_in,
        "refresh_token": pair.refresh_token,
        "scope": pair.scope,
        "token_type": "Bearer",
    }


def issue_pair(world: World, app: App, account: Account, scope: str) -> Data:
    """Give an app a creator's consent and its tokens without a browser, for the control API."""
    world.login.consent(app, account, scope.split(","), scope.split(","))
    return token_answer(world.login.tokens.issue(app.client_key, account.open_id, scope))


def _needed(form: Form, name: str) -> str:
    value = form.get(name, "")
    if not value:
        raise OAuthRefusal("invalid_request", MALFORMED)
    return value


def _check_verifier(code: Code, verifier: str | None) -> None:
    """Hold a verifier to the challenge; a web app that sent none may send whatever it likes (2.4)."""
    if code.challenge is not None and not proves(verifier, code.challenge):
        raise OAuthRefusal("invalid_request", BAD_VERIFIER)
