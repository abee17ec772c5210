"""Login Kit's shapes: addresses, PKCE, callbacks, tokens and the ways they fail."""

import hashlib
import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.engine.ports import Call
from connector.engine.ports_tiktok import AppKeys, LoginError
from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError
from connector.kernel.ids import SystemIds
from connector.tiktok import oauth, wire

APP = AppKeys(client_key="aw1", client_secret="s")
CALL = Call(name="oauth/token")
VERIFIER = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV0123456789-._~"
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
TOKENS = {
    "access_token": "act.x1",
    "expires_in": 86400,
    "open_id": "-000abc",
    "refresh_expires_in": 31536000,
    "refresh_token": "rft.y1",
    "scope": "user.info.basic,video.publish",
    "token_type": "Bearer",
}


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("https://connect.example.com/connect/tiktok/callback", "web"),
        ("https://connect.example.com:8443/cb", "web"),
        ("https://127.0.0.1:8080/cb", "desktop"),
        ("http://127.0.0.1:8080/cb", "desktop"),
        ("http://localhost:3456/callback/", "desktop"),
        ("HTTP://LOCALHOST:3456/", "desktop"),
        (f"https://a.example/{'x' * 493}", "web"),
    ],
)
def test_a_redirect_address_tells_its_flow(uri: str, kind: str) -> None:
    assert oauth.redirect_kind(uri) == kind


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://connect.example.com/cb", "https"),
        ("http://192.168.1.5:8080/cb", "https"),
        ("http://[::1]:8080/cb", "https"),
        ("http://127.0.0.1/cb", "a port"),
        ("https://localhost/cb", "a port"),
        ("http://127.0.0.1:*/callback/", "a port that is a number"),
        ("http://127.0.0.1:99999/", "a port that is a number"),
        ("https://a.example/cb?x=1", "without query"),
        ("https://a.example/cb?", "without query"),
        ("https://a.example/cb#top", "without query"),
        ("https://me:pw@a.example/cb", "user name"),
        ("myapp://callback", "absolute"),
        ("/connect/tiktok/callback", "absolute"),
        ("https:///cb", "absolute"),
        ("https://a.example/a b", "absolute"),
        ("https://a.example/a\nb", "absolute"),
        ("", "absolute"),
        (f"https://a.example/{'x' * 494}", "511"),
    ],
)
def test_a_redirect_address_that_tiktok_would_not_take_is_refused_with_the_rule(
    uri: str, expected: str
) -> None:
    with pytest.raises(PostrailError) as caught:
        oauth.redirect_kind(uri)
    assert caught.value.code == "invalid_request"
    assert expected in caught.value.details[0].expected


@given(st.text(max_size=60))
def test_no_redirect_address_raises_anything_else(uri: str) -> None:
    try:
        kind = oauth.redirect_kind(uri)
    except PostrailError:
        return
    assert kind in {"web", "desktop"}


def test_the_challenge_is_the_published_hex_and_not_base64url() -> None:
    assert oauth.challenge(VERIFIER) == "d0788b4280f6fd149a58c3a93e9c6ca68a7dc7b0f707e0aa3f58caa6cec09b71"


@given(st.text(alphabet=UNRESERVED, min_size=43, max_size=128))
def test_every_challenge_is_64_lowercase_hex_of_its_verifier(verifier: str) -> None:
    found = oauth.challenge(verifier)
    assert bytes.fromhex(found) == hashlib.sha256(verifier.encode()).digest()
    assert found == found.lower()


@given(st.text(max_size=140))
def test_a_verifier_outside_the_rules_is_refused(verifier: str) -> None:
    if 43 <= len(verifier) <= 128 and set(verifier) <= set(UNRESERVED):
        return
    with pytest.raises(ValueError, match="43 to 128"):
        oauth.challenge(verifier)


@pytest.mark.parametrize("verifier", ["a" * 42, "a" * 129, "a" * 43 + "\n", "ä" * 43, "a" * 42 + "+"])
def test_the_edges_of_the_verifier_are_held(verifier: str) -> None:
    with pytest.raises(ValueError, match="43 to 128"):
        oauth.challenge(verifier)


def test_our_random_tokens_are_verifiers() -> None:
    assert len(oauth.challenge(SystemIds(SystemClock()).token())) == 64


def authorize(redirect: str, **more: Any) -> tuple[str, dict[str, list[str]]]:  # noqa: ANN401 - pass-through
    """Build a consent address's query and read it back."""
    options = {"verifier": None, "always_ask": False, **more}
    query = oauth.authorize_query("aw1", redirect, ["user.info.basic", "video.publish"], "st&1", **options)
    return query, parse_qs(query)


def test_a_web_login_carries_comma_scopes_and_no_pkce() -> None:
    query, found = authorize("https://a.example/cb")
    assert "scope=user.info.basic,video.publish" in query
    assert found == {
        "client_key": ["aw1"],
        "response_type": ["code"],
        "scope": ["user.info.basic,video.publish"],
        "redirect_uri": ["https://a.example/cb"],
        "state": ["st&1"],
        "disable_auto_auth": ["0"],
    }


def test_a_desktop_login_carries_the_challenge_and_never_the_verifier() -> None:
    query, found = authorize("http://127.0.0.1:8765/cb", verifier=VERIFIER, always_ask=True)
    assert found["code_challenge"] == [oauth.challenge(VERIFIER)]
    assert (found["code_challenge_method"], found["disable_auto_auth"]) == (["S256"], ["1"])
    assert VERIFIER not in query


def test_a_desktop_login_without_pkce_is_not_begun() -> None:
    with pytest.raises(ValueError, match="PKCE"):
        authorize("http://127.0.0.1:8765/cb")


def test_a_web_login_may_use_pkce_where_the_operator_wants_it() -> None:
    assert "code_challenge" in authorize("https://a.example/cb", verifier=VERIFIER)[1]


def test_a_callback_gives_the_code_decoded_and_the_scopes_that_were_left_on() -> None:
    found = oauth.read_callback("code=a%2Ab%21c.d*e!&scopes=user.info.basic,video.upload&state=s%261")
    assert (found.code, found.state, found.error) == ("a*b!c.d*e!", "s&1", None)
    assert found.scopes == {"user.info.basic", "video.upload"}
    assert "a*b" not in repr(found)


def test_a_callback_with_an_error_has_no_code() -> None:
    found = oauth.read_callback(
        "error=access_denied&error_description=no+way&error_type=non_sandbox_target&state=s&code=x"
    )
    assert (found.code, found.error, found.error_description) == (None, "access_denied", "no way")
    assert found.error_type == "non_sandbox_target"


@pytest.mark.parametrize("query", ["", "state=s", "code=&state=s", "%", "&&=&"])
def test_a_callback_with_neither_is_no_grant(query: str) -> None:
    found = oauth.read_callback(query)
    assert (found.code, found.error) == (None, None)


def test_the_forms_hold_what_the_table_asks() -> None:
    keys = {"client_key": "aw1", "client_secret": "s"}
    web = {**keys, "grant_type": "authorization_code", "code": "c*!", "redirect_uri": "https://a.example/cb"}
    assert oauth.exchange_form(APP, "c*!", "https://a.example/cb", None) == web
    assert oauth.exchange_form(APP, "c*!", "https://a.example/cb", VERIFIER) == {
        **web,
        "code_verifier": VERIFIER,
    }
    assert oauth.refresh_form(APP, "rft.1") == {
        **keys,
        "grant_type": "refresh_token",
        "refresh_token": "rft.1",
    }
    assert oauth.client_form(APP) == {**keys, "grant_type": "client_credentials"}
    assert oauth.revoke_form(APP, "act.1") == {**keys, "token": "act.1"}


def test_a_token_pair_is_read_and_hides_its_secrets() -> None:
    pair = oauth.read_tokens(TOKENS, CALL)
    assert (pair.open_id, pair.expires_in_s, pair.refresh_expires_in_s) == ("-000abc", 86400, 31536000)
    assert (pair.access_token, pair.refresh_token) == ("act.x1", "rft.y1")
    assert pair.scopes == frozenset({"user.info.basic", "video.publish"})
    assert "act." not in repr(pair)
    assert "rft." not in repr(pair)
    assert "client_secret" not in repr(APP)


@pytest.mark.parametrize("missing", [{"refresh_token": ""}, {"refresh_token": None}])
def test_an_empty_refresh_token_never_takes_the_place_of_the_one_that_was_sent(
    missing: dict[str, object],
) -> None:
    assert oauth.read_tokens({**TOKENS, **missing}, CALL, sent="rft.old").refresh_token == "rft.old"
    assert oauth.read_tokens({**TOKENS, **missing}, CALL).refresh_token is None
    assert oauth.read_tokens(TOKENS, CALL, sent="rft.old").refresh_token == "rft.y1"


def test_scopes_that_are_not_told_are_not_taken_for_none() -> None:
    assert oauth.read_tokens({**TOKENS, "scope": None}, CALL).scopes is None
    assert oauth.read_tokens({**TOKENS, "scope": ""}, CALL).scopes == frozenset()


@pytest.mark.parametrize("lost", ["access_token", "open_id", "expires_in"])
def test_a_pair_that_lacks_a_part_is_no_pair(lost: str) -> None:
    with pytest.raises(wire.ReplyError):
        oauth.read_tokens({**TOKENS, lost: ""}, CALL)


def test_a_client_token_is_read() -> None:
    token = oauth.read_client_token({"access_token": "clt.1", "expires_in": 7200}, CALL)
    assert (token.access_token, token.expires_in_s) == ("clt.1", 7200)
    with pytest.raises(wire.ReplyError):
        oauth.read_client_token({"expires_in": 7200}, CALL)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": "invalid_grant", "error_description": "x"}, ("invalid_grant", "x")),
        ({"error": "invalid_grant"}, ("invalid_grant", "")),
        ({"error": {"code": "internal_error", "message": "m"}}, ("internal_error", "m")),
        ({"error": {"code": "ok"}}, None),
        ({"error": ""}, None),
        (TOKENS, None),
        ({}, None),
    ],
)
def test_an_error_is_found_in_the_body_alone(body: dict[str, object], error: tuple[str, str] | None) -> None:
    assert oauth.error_in(body) == error


def test_only_where_none_is_due_an_empty_body_is_an_answer() -> None:
    assert oauth.read_flat(b" ", may_be_empty=True) == {}
    assert oauth.read_flat(json.dumps(TOKENS).encode()) == TOKENS
    for body in (b"", b"<html>", b"[]"):
        with pytest.raises(wire.ReplyError):
            oauth.read_flat(body)


@pytest.mark.parametrize(
    ("outcome", "code", "revoked", "transient"),
    [
        ("refused", "invalid_grant", True, False),
        ("refused", "invalid_client", False, False),
        ("retry", "temporarily_unavailable", False, True),
        ("unknown", "tiktok_unreachable", False, True),
        ("unsent", "tiktok_unreachable", False, True),
        ("unknown", "invalid_grant", False, True),
    ],
)
def test_a_dead_grant_is_told_from_a_passing_failure(
    outcome: wire.Outcome, code: str, *, revoked: bool, transient: bool
) -> None:
    error = LoginError(outcome, CALL, code, "")
    assert (error.revoked, error.transient) == (revoked, transient)
