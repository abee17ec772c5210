"""A developer's side of Login Kit for tests: asks, lets a creator answer, exchanges; held to the schemas."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from werkzeug.test import TestResponse

from connector.sandbox.login.pkce import challenge_of
from tests.unit.sandbox.sandbox_helpers import Caller, Scene, Wire, control, schema

LOGIN_SHAPES = {
    "authorize_request",
    "authorize_callback",
    "oauth_token_request",
    "oauth_token_response",
    "oauth_client_token_response",
    "oauth_revoke_request",
    "oauth_error_response",
}
WEB = "https://app.example.com/callback"
DESKTOP = "http://127.0.0.1:8000/callback/"
VERIFIER = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV0123456789-._~"
SCOPE = "user.info.basic,video.publish,video.upload"


class Developer:
    """An app and its developer's code."""

    def __init__(self, scene: Scene, **traits: object) -> None:
        kind = traits.setdefault("kind", "web")
        self.redirect_uri = WEB if kind == "web" else DESKTOP
        traits.setdefault("redirect_uris", [self.redirect_uri])
        self.scene = scene
        self.app = control(scene, "POST", "apps", traits, 201)
        self.client = {name: self.app[name] for name in ("client_key", "client_secret")}

    def query(self, **changed: str | None) -> dict[str, str]:
        """Return the parameters of a request for consent; None leaves one out."""
        query: dict[str, str | None] = {
            "client_key": self.app["client_key"],
            "response_type": "code",
            "scope": SCOPE,
            "redirect_uri": self.redirect_uri,
            "state": "a1b2c3",
        }
        if self.app["kind"] == "desktop":
            query |= {"code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256"}
        return {name: value for name, value in (query | changed).items() if value is not None}

    def ask(self, **changed: str | None) -> TestResponse:
        """Open the consent page."""
        return self.scene.http.get(f"/v2/auth/authorize/?{urlencode(self.query(**changed))}")

    def answer(self, form: Wire, **changed: str | None) -> TestResponse:
        """Send the consent page's form."""
        return self.scene.http.post(f"/v2/auth/authorize/?{urlencode(self.query(**changed))}", data=form)

    def approve(self, username: str, *scopes: str, **changed: str | None) -> Wire:
        """Let a creator approve `scopes` (none: all that are asked for) and return the callback."""
        query = self.query(**changed)
        schema("authorize_request").validate(query)
        form = {
            "decision": "approve",
            "account": username,
            "scope": list(scopes or query["scope"].split(",")),
        }
        return callback(self.answer(form, **changed))

    def exchange(self, code: str, /, **changed: str | None) -> TestResponse:
        """Exchange a code."""
        form: dict[str, str | None] = {
            **self.client,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
        }
        if self.app["kind"] == "desktop":
            form["code_verifier"] = VERIFIER
        return self.token({name: value for name, value in (form | changed).items() if value is not None})

    def refresh(self, refresh_token: str) -> TestResponse:
        """Exchange a refresh token."""
        return self.token({**self.client, "grant_type": "refresh_token", "refresh_token": refresh_token})

    def token(self, form: dict[str, str]) -> TestResponse:
        """Call the token endpoint; what it accepts and answers is held to the schemas."""
        reply = self.scene.http.post("/v2/oauth/token/", data=form)
        assert reply.json is not None
        if "error" in reply.json:
            schema("oauth_error_response").validate(reply.json)
            return reply
        schema("oauth_token_request").validate(form)
        is_client = form["grant_type"] == "client_credentials"
        schema("oauth_client_token_response" if is_client else "oauth_token_response").validate(reply.json)
        return reply

    def revoke(self, access_token: str) -> TestResponse:
        """Call the revoke endpoint."""
        form = {**self.client, "token": access_token}
        schema("oauth_revoke_request").validate(form)
        return self.scene.http.post("/v2/oauth/revoke/", data=form)

    def connect(self, username: str, *scopes: str) -> Wire:
        """Walk the whole way and return the token answer."""
        reply = self.exchange(self.approve(username, *scopes)["code"])
        assert reply.json is not None
        assert "access_token" in reply.json, reply.json
        answer: Wire = reply.json
        return answer

    def caller(self, access_token: str) -> Caller:
        """Return a client of the other endpoints that holds a token."""
        account = self.scene.world.login.bearer(access_token)
        assert account is not None
        return Caller(self.scene.http, account)


def callback(reply: TestResponse) -> Wire:
    """Return the parameters of a redirect back to the app."""
    assert reply.status_code == 302, reply.text
    query: Wire = dict(parse_qsl(urlsplit(reply.headers["Location"]).query, keep_blank_values=True))
    schema("authorize_callback").validate(query)
    return query


def error_of(reply: TestResponse) -> str:
    """Return the error of an OAuth answer."""
    assert reply.json is not None
    return str(reply.json["error"])
