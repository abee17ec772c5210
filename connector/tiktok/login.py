"""Sends Login Kit's calls: codes and refresh tokens in, token pairs out, never twice by itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlencode

from connector.engine.ports import Call, TikTokError
from connector.engine.ports_tiktok import (
    AppKeys,
    Callback,
    ClientToken,
    LoginError,
    RedirectKind,
    TokenPair,
)
from connector.kernel.clock import Clock
from connector.net import Egress
from connector.tiktok import oauth, wire
from connector.tiktok.calls import Caller, Request

T = TypeVar("T")


class LoginClient:
    """Login Kit: calls go to `base_url`, browsers to `consent_url` (both without a trailing slash)."""

    def __init__(self, egress: Egress, base_url: str, consent_url: str, clock: Clock) -> None:
        self._caller = Caller(egress, base_url, clock)
        self._consent_url = consent_url

    def redirect_kind(self, uri: str) -> RedirectKind:
        """Say which flow a redirect address is for. Raises PostrailError `invalid_request` for neither."""
        return oauth.redirect_kind(uri)

    def authorize_url(
        self,
        client_key: str,
        redirect_uri: str,
        scopes: Sequence[str],
        state: str,
        *,
        verifier: str | None = None,
        always_ask: bool = False,
    ) -> str:
        """Return the address of TikTok's consent page. Raises as `oauth.authorize_query`."""
        query = oauth.authorize_query(
            client_key, redirect_uri, scopes, state, verifier=verifier, always_ask=always_ask
        )
        return f"{self._consent_url}{oauth.AUTHORIZE_PATH}?{query}"

    def read_callback(self, query: str) -> Callback:
        """Read the query string that TikTok added to the redirect address."""
        return oauth.read_callback(query)

    def exchange(self, app: AppKeys, code: str, redirect_uri: str, verifier: str | None = None) -> TokenPair:
        """Turn a code into tokens. A code works once, also when the answer is lost."""
        form = oauth.exchange_form(app, code, redirect_uri, verifier)
        return self._tokens("oauth/token exchange", form, oauth.read_tokens)

    def refresh(self, app: AppKeys, refresh_token: str) -> TokenPair:
        """Renew an account's tokens. With outcome `unknown` the old refresh token may be void already."""

        def read(found: Mapping[str, Any], call: Call) -> TokenPair:
            return oauth.read_tokens(found, call, sent=refresh_token)

        return self._tokens("oauth/token refresh", oauth.refresh_form(app, refresh_token), read)

    def client_token(self, app: AppKeys) -> ClientToken:
        """Get a token of the app itself; asking again does no harm."""
        form = oauth.client_form(app)
        return self._tokens("oauth/token client", form, oauth.read_client_token, repeatable=True)

    def revoke(self, app: AppKeys, access_token: str) -> Call:
        """Take the app off the user's account; asking again does no harm."""
        form = oauth.revoke_form(app, access_token)
        return self._form("oauth/revoke", oauth.REVOKE_PATH, form, repeatable=True)[1]

    def _tokens(
        self,
        name: str,
        form: Mapping[str, str],
        read: Callable[[Mapping[str, Any], Call], T],
        *,
        repeatable: bool = False,
    ) -> T:
        found, call = self._form(name, oauth.TOKEN_PATH, form, repeatable=repeatable)
        try:
            return read(found, call)
        except wire.ReplyError as problem:
            outcome: wire.Outcome = "retry" if repeatable else "unknown"
            raise LoginError(outcome, call, "tiktok_error", str(problem)) from problem

    def _form(
        self, name: str, path: str, form: Mapping[str, str], *, repeatable: bool
    ) -> tuple[dict[str, Any], Call]:
        body = urlencode(form).encode("ascii")
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        url = f"{self._caller.base_url}{path}"
        request = Request(name=name, method="POST", url=url, headers=headers, body=body, size=len(body))
        try:
            reply, call = self._caller.send(request)
        except TikTokError as error:
            raise LoginError(error.outcome, error.call, error.code, error.message) from error
        empty_is_success = path == oauth.REVOKE_PATH and reply.status == wire.HTTP_OK
        try:
            found = oauth.read_flat(reply.body, may_be_empty=empty_is_success)
        except wire.ReplyError as problem:
            outcome = wire.outcome_of(reply.status, None, repeatable=repeatable)
            raise LoginError(outcome, call, "tiktok_error", f"HTTP {reply.status}: {problem}") from problem
        return _without_error(found, reply.status, call, reply.headers, repeatable=repeatable)


def _without_error(
    found: dict[str, Any], status: int, call: Call, headers: Mapping[str, str], *, repeatable: bool
) -> tuple[dict[str, Any], Call]:
    """Return an OAuth answer that holds no error. Raises LoginError for one that does."""
    error = oauth.error_in(found)
    if error is None:
        return found, replace(call, code=wire.SUCCESS, log_id=wire.log_id_of(found, headers))
    code, description = error
    nested = found["error"] if isinstance(found["error"], dict) else found
    call = replace(call, code=code, log_id=wire.log_id_of(nested, headers))
    outcome = wire.outcome_of(status, code, repeatable=repeatable)
    raise LoginError(outcome, call, wire.our_code(code), description)
