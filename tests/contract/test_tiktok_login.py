"""The login client on the wire: what it sends, and what it concludes from each way an answer can fail."""

import json
import socket
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.domain.net import origin_of
from connector.engine.ports_tiktok import AppKeys, LoginError, TikTokLogin
from connector.kernel.clock import SystemClock
from connector.net import Egress
from connector.tiktok.login import LoginClient
from tests.contract.tiktok_canned import Canned, canned_server

CLOCK = SystemClock()
APP = AppKeys(client_key="aw1", client_secret="s3cret")
LOG_ID = "20220829194722CBE87ED59D524E727021"
PAIR = {
    "access_token": "act.x1",
    "expires_in": 86400,
    "open_id": "-000abc",
    "refresh_expires_in": 31536000,
    "refresh_token": "rft.y1",
    "scope": "user.info.basic,video.publish",
    "token_type": "Bearer",
}
FORM = "application/x-www-form-urlencoded"


def client_of(url: str) -> TikTokLogin:
    """Return a login client that may reach `url` alone."""
    egress = Egress(trusted=frozenset({origin_of(url)}), clock=CLOCK)
    return LoginClient(egress, url, "https://www.tiktok.com", CLOCK)


@pytest.fixture(scope="module")
def server() -> Iterator[Canned]:
    """Run one canned server for this module."""
    with canned_server() as canned:
        yield canned


@pytest.fixture
def canned(server: Canned) -> Canned:
    """Give the canned server as new."""
    server.hang_up = False
    server.lay(200, json.dumps(PAIR).encode(), x_tt_logid=LOG_ID)
    server.asked.clear()
    return server


def exchange(client: TikTokLogin) -> object:
    """Exchange a code."""
    return client.exchange(APP, "c*d!e", "https://a.example/cb")


def refresh(client: TikTokLogin) -> object:
    """Renew tokens."""
    return client.refresh(APP, "rft.old")


def revoke(client: TikTokLogin) -> object:
    """End an authorisation."""
    return client.revoke(APP, "act.x1")


def client_token(client: TikTokLogin) -> object:
    """Ask for a token of the app."""
    return client.client_token(APP)


CALLS = [exchange, refresh, revoke, client_token]


def fail(canned: Canned, act: Callable[[TikTokLogin], object]) -> LoginError:
    """Return what a call fails with."""
    with pytest.raises(LoginError) as caught:
        act(client_of(canned.url))
    return caught.value


def shape_b(error: str, text: str = "") -> bytes:
    """An OAuth refusal."""
    return json.dumps({"error": error, "error_description": text, "log_id": LOG_ID}).encode()


def test_an_exchange_sends_one_form_without_a_bearer_and_brings_tokens(canned: Canned) -> None:
    pair = client_of(canned.url).exchange(APP, "c*d!e", "https://a.example/cb")
    (asked,) = canned.asked
    assert (asked.method, asked.path, asked.headers["content-type"]) == ("POST", "/v2/oauth/token/", FORM)
    assert "authorization" not in asked.headers
    assert parse_qs(asked.body.decode()) == {
        "client_key": ["aw1"],
        "client_secret": ["s3cret"],
        "grant_type": ["authorization_code"],
        "code": ["c*d!e"],
        "redirect_uri": ["https://a.example/cb"],
    }
    assert (pair.access_token, pair.open_id, pair.call.status) == ("act.x1", "-000abc", 200)
    assert pair.call.log_id == LOG_ID


def test_a_refresh_that_brings_an_empty_token_keeps_the_old_one(canned: Canned) -> None:
    canned.lay(200, json.dumps({**PAIR, "refresh_token": ""}).encode())
    assert client_of(canned.url).refresh(APP, "rft.old").refresh_token == "rft.old"


@pytest.mark.parametrize("body", [b"", b"{}", b" \n"])
def test_a_revoke_succeeds_with_nothing(canned: Canned, body: bytes) -> None:
    canned.lay(200, body)
    call = client_of(canned.url).revoke(APP, "act.x1")
    assert (call.status, call.code) == (200, "ok")
    assert canned.asked[0].path == "/v2/oauth/revoke/"
    assert parse_qs(canned.asked[0].body.decode())["token"] == ["act.x1"]


def test_a_client_token_is_read(canned: Canned) -> None:
    canned.lay(200, b'{"access_token":"clt.1","expires_in":7200,"token_type":"Bearer"}')
    assert client_of(canned.url).client_token(APP).expires_in_s == 7200


@pytest.mark.parametrize("act", CALLS)
@pytest.mark.parametrize("status", [200, 400, 401])
def test_an_error_in_the_body_is_a_failure_under_every_status(
    canned: Canned, act: Callable[[TikTokLogin], object], status: int
) -> None:
    canned.lay(status, shape_b("invalid_client", "Client key or secret is incorrect."))
    error = fail(canned, act)
    assert (error.outcome, error.code, error.revoked, error.transient) == (
        "refused",
        "invalid_client",
        False,
        False,
    )
    assert error.message == "Client key or secret is incorrect."
    assert (error.call.code, error.call.log_id) == ("invalid_client", LOG_ID)


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("act", [exchange, refresh])
def test_a_dead_grant_is_final(canned: Canned, act: Callable[[TikTokLogin], object], status: int) -> None:
    canned.lay(status, shape_b("invalid_grant", "Refresh token is invalid or expired."))
    assert fail(canned, act).revoked


def test_tiktoks_invalid_request_is_not_taken_for_the_callers(canned: Canned) -> None:
    text = "Redirect_uri is not matched with the uri when requesting code."
    canned.lay(200, shape_b("invalid_request", text))
    error = fail(canned, exchange)
    assert (error.code, error.call.code, error.message) == ("tiktok_invalid_request", "invalid_request", text)


@pytest.mark.parametrize(
    ("act", "outcome"),
    [(exchange, "unknown"), (refresh, "unknown"), (revoke, "retry"), (client_token, "retry")],
)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""),
        (502, b"<html>Bad Gateway</html>"),
        (503, shape_b("server_error")),
        (200, shape_b("server_error")),
        (200, b"<html>"),
        (200, b'{"access_token":"act'),
        (403, b"<html>"),
    ],
)
def test_a_broken_answer_may_have_changed_the_tokens_and_is_never_final(
    canned: Canned, act: Callable[[TikTokLogin], object], outcome: str, status: int, body: bytes
) -> None:
    canned.lay(status, body)
    error = fail(canned, act)
    assert (error.outcome, error.transient, error.revoked) == (outcome, True, False)


@pytest.mark.parametrize("act", [exchange, refresh, client_token])
@pytest.mark.parametrize("body", [b"{}", b'{"access_token":""}', b'{"data":{},"error":{"code":"ok"}}'])
def test_an_answer_without_tokens_is_no_success(
    canned: Canned, act: Callable[[TikTokLogin], object], body: bytes
) -> None:
    canned.lay(200, body)
    assert fail(canned, act).code == "tiktok_error"


@pytest.mark.parametrize("act", CALLS)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, b""),
        (429, b"<html>"),
        (200, shape_b("temporarily_unavailable")),
        (200, shape_b("rate_limit_exceeded")),
    ],
)
def test_a_busy_tiktok_has_changed_nothing(
    canned: Canned, act: Callable[[TikTokLogin], object], status: int, body: bytes
) -> None:
    canned.lay(status, body)
    assert fail(canned, act).outcome == "retry"


@pytest.mark.parametrize("act", CALLS)
def test_a_lost_answer_is_unknown_and_the_call_is_not_sent_twice(
    canned: Canned, act: Callable[[TikTokLogin], object]
) -> None:
    canned.hang_up = True
    error = fail(canned, act)
    assert (error.outcome, error.code) == ("unknown", "tiktok_unreachable")
    assert len(canned.asked) == 1


@pytest.mark.parametrize("act", CALLS)
def test_a_closed_port_means_that_nothing_was_sent(act: Callable[[TikTokLogin], object]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        canned = Canned(url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert fail(canned, act).outcome == "unsent"


def test_tokens_that_came_under_an_error_status_are_not_thrown_away(canned: Canned) -> None:
    canned.lay(500, json.dumps(PAIR).encode())
    assert client_of(canned.url).refresh(APP, "rft.old").refresh_token == "rft.y1"


def test_no_secret_stands_in_a_failure(canned: Canned) -> None:
    canned.lay(400, shape_b("invalid_grant"))
    for act in (exchange, refresh, revoke):
        said = f"{fail(canned, act)!r} {fail(canned, act)}"
        assert not [secret for secret in ("s3cret", "rft.old", "act.x1", "c*d!e") if secret in said]


def test_the_consent_page_is_tiktoks() -> None:
    client = client_of("http://127.0.0.1:1")
    url = client.authorize_url("aw1", "https://a.example/cb", ["video.publish"], "st", always_ask=True)
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "www.tiktok.com", "/v2/auth/authorize/")
    assert parse_qs(parts.query)["disable_auto_auth"] == ["1"]
    assert client.redirect_kind("http://localhost:1/") == "desktop"
    assert client.read_callback("code=c&state=st").code == "c"
