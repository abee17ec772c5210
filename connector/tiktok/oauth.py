"""Login Kit, pure: addresses and forms built, answers read, failures told apart.

Sources: the Login Kit pages for web and desktop, the user access token management page and the OAuth error
page. Success is a body without `error`, whatever the HTTP status: TikTok answers some failures with 200.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

from connector.engine.ports import Call
from connector.engine.ports_tiktok import AppKeys, Callback, ClientToken, RedirectKind, TokenPair
from connector.kernel.errors import PostrailError, Problem
from connector.tiktok.wire import SUCCESS, ReplyError, number_or_none, our_code, parse_object, text_or_none

AUTHORIZE_PATH = "/v2/auth/authorize/"
TOKEN_PATH = "/v2/oauth/token/"  # noqa: S105 - an address, no token
REVOKE_PATH = "/v2/oauth/revoke/"

LONGEST_REDIRECT = 511
"""Characters of the longest redirect address that can be registered."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1"})
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def redirect_kind(uri: str) -> RedirectKind:
    """Say which flow a redirect address is for: `web` (https) or `desktop` (loopback with a port).

    Raises PostrailError `invalid_request` when TikTok would register it for neither.
    """
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise _bad_redirect(uri, "a port that is a number; the wildcard is for TikTok's portal") from error
    if (wrong := _wrong_shape(uri, parts)) is not None:
        raise _bad_redirect(uri, wrong)
    if parts.hostname in _LOOPBACK:
        if port is None:
            raise _bad_redirect(uri, "a port, as TikTok demands of loopback addresses")
        return "desktop"
    if parts.scheme != "https":
        raise _bad_redirect(uri, "https, or a loopback address (localhost or 127.0.0.1) with a port")
    return "web"


def _wrong_shape(uri: str, parts: SplitResult) -> str | None:
    """Return what a redirect address of either kind should be and is not."""
    if len(uri) > LONGEST_REDIRECT:
        return f"at most {LONGEST_REDIRECT} characters"
    if parts.scheme not in {"http", "https"} or not parts.hostname or not uri.isprintable() or " " in uri:
        return "an absolute http or https address"
    if "?" in uri or "#" in uri:
        return "an address without query and fragment"
    if "@" in parts.netloc:
        return "an address without user name and password"
    return None


def _bad_redirect(uri: str, expected: str) -> PostrailError:
    problem = Problem(
        field="redirect_uri",
        problem="bad_redirect",
        got=uri,
        expected=expected,
        fix="Register an address of this form in TikTok's developer portal and use the same one here.",
    )
    message = f"TikTok takes no such redirect address: expected {expected}."
    return PostrailError("invalid_request", message, details=[problem])


def challenge(verifier: str) -> str:
    """Return the PKCE challenge as TikTok wants it: SHA-256 in lowercase hex, not RFC 7636's base64url.

    Raises ValueError unless `verifier` has 43 to 128 unreserved characters.
    """
    if not _VERIFIER.fullmatch(verifier):
        raise ValueError("a code verifier has 43 to 128 characters of A-Z a-z 0-9 - . _ ~")
    return hashlib.sha256(verifier.encode("ascii")).hexdigest()


def authorize_query(
    client_key: str,
    redirect_uri: str,
    scopes: Sequence[str],
    state: str,
    *,
    verifier: str | None,
    always_ask: bool,
) -> str:
    """Build the query string of TikTok's consent page; a challenge goes in when there is a `verifier`.

    Raises ValueError without a verifier on desktop and PostrailError for a redirect TikTok does not take.
    """
    if redirect_kind(redirect_uri) == "desktop" and verifier is None:
        raise ValueError("TikTok demands PKCE of a desktop login")
    query = {
        "client_key": client_key,
        "response_type": "code",
        "scope": ",".join(scopes),
        "redirect_uri": redirect_uri,
        "state": state,
        "disable_auto_auth": "1" if always_ask else "0",
    }
    if verifier is not None:
        query |= {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
    return urlencode(query, safe=",")


def read_callback(query: str) -> Callback:
    """Read the query string of the redirect; the code comes out decoded (it holds `*` and `!`).

    Beside an error, a code counts for nothing. The error is named as our catalogue names it.
    """
    found = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
    error = text_or_none(found.get("error"))
    code = text_or_none(found.get("code"))
    return Callback(
        state=found.get("state", ""),
        code=code if error is None else None,
        scopes=split_scopes(found.get("scopes", "")),
        error=None if error is None else our_code(error),
        error_description=text_or_none(found.get("error_description")),
        error_type=text_or_none(found.get("error_type")),
    )


def split_scopes(text: str) -> frozenset[str]:
    """Read TikTok's comma list of scopes."""
    return frozenset(scope.strip() for scope in text.split(",") if scope.strip())


def exchange_form(app: AppKeys, code: str, redirect_uri: str, verifier: str | None) -> dict[str, str]:
    """Build the form that turns a code into tokens; the redirect address must be that of the login."""
    form = {**_keys(app), "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    return form if verifier is None else {**form, "code_verifier": verifier}


def refresh_form(app: AppKeys, refresh_token: str) -> dict[str, str]:
    """Build the form that renews tokens."""
    return {**_keys(app), "grant_type": "refresh_token", "refresh_token": refresh_token}


def client_form(app: AppKeys) -> dict[str, str]:
    """Build the form that asks for a token of the app itself."""
    return {**_keys(app), "grant_type": "client_credentials"}


def revoke_form(app: AppKeys, access_token: str) -> dict[str, str]:
    """Build the form that ends an account's authorisation."""
    return {**_keys(app), "token": access_token}


def _keys(app: AppKeys) -> dict[str, str]:
    return {"client_key": app.client_key, "client_secret": app.client_secret}


def read_flat(body: bytes, *, may_be_empty: bool = False) -> dict[str, Any]:
    """Read an OAuth answer, a flat JSON object. Raises ReplyError; an empty body only where none is due."""
    return {} if may_be_empty and not body.strip() else parse_object(body)


def error_in(found: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the error code and description of an OAuth answer, None when it holds no error.

    The nested shape of TikTok's other calls is understood too, should a gateway answer with it.
    """
    error = found.get("error")
    if isinstance(error, dict):
        code = str(error.get("code") or "")
        return None if code in {"", SUCCESS} else (code, str(error.get("message") or ""))
    return (str(error), str(found.get("error_description") or "")) if error else None


def read_tokens(found: Mapping[str, Any], call: Call, *, sent: str | None = None) -> TokenPair:
    """Read the tokens of an account; a refresh that brings no new refresh token keeps the one it `sent`.

    Raises ReplyError when the access token, its lifetime or the account's open_id is missing.
    """
    access, open_id = text_or_none(found.get("access_token")), text_or_none(found.get("open_id"))
    expires_in_s = number_or_none(found.get("expires_in"))
    if access is None or open_id is None or expires_in_s is None:
        raise ReplyError("the reply lacks access_token, open_id or expires_in")
    scope = found.get("scope")
    return TokenPair(
        open_id=open_id,
        access_token=access,
        expires_in_s=expires_in_s,
        refresh_token=text_or_none(found.get("refresh_token")) or sent,
        refresh_expires_in_s=number_or_none(found.get("refresh_expires_in")),
        scopes=split_scopes(scope) if isinstance(scope, str) else None,
        call=call,
    )


def read_client_token(found: Mapping[str, Any], call: Call) -> ClientToken:
    """Read a token of the app itself. Raises ReplyError when there is none."""
    access, expires_in_s = text_or_none(found.get("access_token")), number_or_none(found.get("expires_in"))
    if access is None or expires_in_s is None:
        raise ReplyError("the reply lacks access_token or expires_in")
    return ClientToken(access_token=access, expires_in_s=expires_in_s, call=call)
