"""The login client against the sandbox as a real process: connect, renew, revoke, be refused."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from connector.domain.net import origin_of
from connector.engine.model import Account
from connector.engine.ports import TikTokError
from connector.engine.ports_tiktok import (
    AppKeys,
    Callback,
    EventKind,
    LoginError,
    TikTokLogin,
    TokenPair,
)
from connector.kernel.clock import SystemClock
from connector.kernel.ids import SystemIds
from connector.net import Egress
from connector.tiktok import signature
from connector.tiktok.client import TikTokClient
from connector.tiktok.login import LoginClient
from tests.contract.tiktok_canned import Canned, canned_server
from tests.integration.sandbox.sandbox_process import PATIENCE, Sandbox

CLOCK = SystemClock()
IDS = SystemIds(CLOCK)
WEB, DESKTOP = "https://connect.example/cb", "http://127.0.0.1:8765/cb"
SCOPES = ["user.info.basic", "user.info.profile", "video.publish"]


@dataclass
class Desk:
    """A sandbox with an app and a creator, and a login client for them."""

    sandbox: Sandbox
    login: TikTokLogin
    app: AppKeys
    creator: str

    def consent(self, redirect: str, *, verifier: str | None = None, **chosen: object) -> Callback:
        """Walk through the consent page as a browser does and read what comes back."""
        url = self.login.authorize_url(self.app.client_key, redirect, SCOPES, "st-1", verifier=verifier)
        form = {"account": self.creator, "scope": SCOPES, "decision": "approve", **chosen}
        reply = self.sandbox.http.post(url, data=form, allow_redirects=False, timeout=PATIENCE)
        address, _, query = reply.headers["Location"].partition("?")
        assert address == redirect
        return self.login.read_callback(query)

    def connect(self, redirect: str = WEB, verifier: str | None = None) -> TokenPair:
        """Connect the creator and return its tokens."""
        callback = self.consent(redirect, verifier=verifier)
        assert callback.code is not None
        return self.login.exchange(self.app, callback.code, redirect, verifier)

    def works(self, access_token: str) -> bool:
        """Tell whether an access token is good for a call."""
        egress = Egress(trusted=frozenset({origin_of(self.sandbox.url)}), clock=CLOCK)
        client = TikTokClient(egress, self.sandbox.url, CLOCK)
        account = Account(id="a", workspace_id="w", open_id="", username="", access_token=access_token)
        try:
            return client.user_info(account, frozenset(SCOPES)).username == self.creator
        except TikTokError as error:
            if error.code == "access_token_invalid":
                return False
            raise


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Run one sandbox for this module."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    sandbox.start()
    yield sandbox
    sandbox.stop()


def make(sandbox: Sandbox, name: str, body: dict[str, object]) -> dict[str, object]:
    """Make an app or an account."""
    reply = sandbox.http.post(f"{sandbox.url}/_sandbox/{name}", json=body, timeout=PATIENCE)
    assert reply.status_code in {200, 201}
    made: dict[str, object] = reply.json()
    return made


@pytest.fixture
def desk(running: Sandbox) -> Iterator[Desk]:
    """Give a desk with an app and a creator of its own; no fault outlives its test."""
    key, secret = f"sb{IDS.new('k')[-20:]}", IDS.token()
    kind = {"client_key": key, "client_secret": secret, "redirect_uris": [WEB]}
    make(running, "apps", {**kind, "kind": "web"})
    egress = Egress(trusted=frozenset({origin_of(running.url)}), clock=CLOCK)
    login = LoginClient(egress, running.url, running.url, CLOCK)
    creator = str(make(running, "accounts", {})["username"])
    yield Desk(running, login, AppKeys(client_key=key, client_secret=secret), creator)
    running.control("faults", {})


@pytest.fixture
def hooked(desk: Desk) -> Iterator[tuple[Desk, Canned]]:
    """Give a desk whose app has its webhooks sent to a server that says 200."""
    app = AppKeys(client_key=f"{desk.app.client_key}h", client_secret="hooksecret")
    body = {"client_key": app.client_key, "client_secret": app.client_secret, "redirect_uris": [WEB]}
    with canned_server() as receiver:
        make(desk.sandbox, "apps", {**body, "kind": "web", "webhook_url": f"{receiver.url}/webhooks/tiktok"})
        yield replace(desk, app=app), receiver


@pytest.fixture
def desktop(desk: Desk) -> Desk:
    """Give a desk whose app is registered for the desktop."""
    app = AppKeys(client_key=f"{desk.app.client_key}d", client_secret="desktopsecret")
    body = {"client_key": app.client_key, "client_secret": app.client_secret}
    make(desk.sandbox, "apps", {**body, "kind": "desktop", "redirect_uris": [DESKTOP]})
    return replace(desk, app=app)


def failure(act: Callable[[], object]) -> LoginError:
    """Return what a call fails with."""
    with pytest.raises(LoginError) as caught:
        act()
    return caught.value


def test_a_web_login_brings_tokens_that_work(desk: Desk) -> None:
    pair = desk.connect()
    assert pair.scopes == frozenset(SCOPES)
    assert (pair.expires_in_s, pair.refresh_token is not None) == (86400, True)
    assert desk.works(pair.access_token)


def test_a_desktop_login_proves_itself_with_hex_pkce(desktop: Desk) -> None:
    verifier = IDS.token()
    assert desktop.works(desktop.connect(DESKTOP, verifier).access_token)


def test_a_wrong_verifier_is_refused_at_the_exchange(desktop: Desk) -> None:
    callback = desktop.consent(DESKTOP, verifier=IDS.token())
    code = callback.code or ""
    error = failure(lambda: desktop.login.exchange(desktop.app, code, DESKTOP, IDS.token()))
    assert (error.code, error.outcome) == ("tiktok_invalid_request", "refused")
    assert "verifier" in error.message


def test_a_user_who_says_no_is_told_from_one_who_says_yes(desk: Desk) -> None:
    callback = desk.consent(WEB, decision="deny")
    assert (callback.code, callback.error, callback.state) == (None, "access_denied", "st-1")


def test_scopes_that_the_user_takes_off_are_missing_in_both_reports(desk: Desk) -> None:
    callback = desk.consent(WEB, scope=["user.info.profile"])
    pair = desk.login.exchange(desk.app, callback.code or "", WEB)
    assert callback.scopes == pair.scopes == frozenset({"user.info.basic", "user.info.profile"})


def test_a_code_works_once(desk: Desk) -> None:
    code = desk.consent(WEB).code or ""
    desk.login.exchange(desk.app, code, WEB)
    assert failure(lambda: desk.login.exchange(desk.app, code, WEB)).revoked


def test_a_wrong_secret_is_the_operators_matter(desk: Desk) -> None:
    wrong = replace(desk.app, client_secret="wrongsecret")
    error = failure(lambda: desk.login.refresh(wrong, "rft.x"))
    assert (error.code, error.revoked, error.transient) == ("invalid_client", False, False)


def test_another_redirect_address_than_at_login_is_refused(desk: Desk) -> None:
    code = desk.consent(WEB).code or ""
    error = failure(lambda: desk.login.exchange(desk.app, code, f"{WEB}/"))
    assert (error.revoked or error.code == "tiktok_invalid_request", error.transient) == (True, False)


def test_a_refresh_brings_a_pair_that_works(desk: Desk) -> None:
    first = desk.connect()
    second = desk.login.refresh(desk.app, first.refresh_token or "")
    assert second.access_token != first.access_token
    assert second.open_id == first.open_id
    assert desk.works(second.access_token)


def test_an_unknown_refresh_token_means_reconnect(desk: Desk) -> None:
    assert failure(lambda: desk.login.refresh(desk.app, "rft.nobody")).revoked


def test_a_revoked_token_is_dead(desk: Desk) -> None:
    pair = desk.connect()
    assert desk.login.revoke(desk.app, pair.access_token).code == "ok"
    assert not desk.works(pair.access_token)
    assert failure(lambda: desk.login.refresh(desk.app, pair.refresh_token or "")).revoked


def test_a_lost_answer_to_a_refresh_is_unknown_and_may_have_renewed_the_tokens(desk: Desk) -> None:
    pair = desk.connect()
    desk.sandbox.control("faults", {"lose_reply": {"endpoint": "oauth/token"}})
    error = failure(lambda: desk.login.refresh(desk.app, pair.refresh_token or ""))
    assert (error.outcome, error.revoked) == ("unknown", False)


def test_a_webhook_of_the_sandbox_is_genuine_and_tells_what_happened(hooked: tuple[Desk, Canned]) -> None:
    desk, receiver = hooked
    pair = desk.connect()
    desk.login.revoke(desk.app, pair.access_token)
    asked = receiver.arrivals.get(timeout=PATIENCE)
    header, secret = asked.headers.get("tiktok-signature"), desk.app.client_secret
    now = CLOCK.now()
    assert signature.verify(header, asked.body, secret, now_ms=now, tolerance_s=300) == "genuine"
    assert signature.verify(header, asked.body, "other", now_ms=now, tolerance_s=300) == "forged"
    event = signature.read_event(asked.body)
    assert (event.kind, event.removal_reason) == (EventKind.AUTHORIZATION_REMOVED, 5)
    assert (event.open_id, event.client_key) == (pair.open_id, desk.app.client_key)
