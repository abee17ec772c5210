"""Accounts connected as people do it: our pages, the sandbox's consent page, and back."""

import re
import subprocess
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from connector.wiring.loopback import ServerApi
from connector.wiring.loopback import connect as connect_loopback
from tests.browsing import Browser
from tests.running import House, call

pytest_plugins = ("tests.running",)

PAGE = "/connect/tiktok"
EVERYTHING = [
    "user.info.basic",
    "user.info.profile",
    "user.info.stats",
    "video.list",
    "video.publish",
    "video.upload",
]
_NAMES = count()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One server of this module's own, to which every test connects creators of its own."""
    built = House(tmp_path_factory.mktemp("connect"), "http://127.0.0.1:1", {})
    try:
        built.start()
        yield built
    finally:
        built.close()


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Give a browser without any cookie."""
    with Browser() as opened:
        yield opened


@pytest.fixture
def creator(place: House) -> str:
    """Return the handle of a creator who has an account at the sandbox."""
    name = f"creator{next(_NAMES)}"
    call("POST", f"{place.witness.url}/_sandbox/accounts", json={"username": name, "rate_limits": False})
    return name


def run(place: House, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run `postrail ...` on the server's data folder."""
    return place.command(*words, "--home", str(place.home))


def enter(browser: Browser, place: House) -> Browser:
    """Show the first API key, unless this browser has a session."""
    browser.go(f"{place.url}{PAGE}")
    return browser if "Sign out" in browser.text else browser.submit("/session", api_key=place.key)


def consent(
    browser: Browser, creator: str, decision: str = "approve", scope: list[str] = EVERYTHING
) -> Browser:
    """Answer the consent page."""
    return browser.submit("", account=creator, decision=decision, scope=scope)


def connect(browser: Browser, place: House, creator: str, **answer: Any) -> Browser:  # noqa: ANN401 - what consent takes
    """Connect a creator from the beginning to the end."""
    return consent(enter(browser, place).submit("/start", always_ask="1"), creator, **answer)


def listed(place: House, creator: str) -> list[str]:
    """Return the lines of `accounts list` about a creator."""
    told = run(place, "accounts", "list").stdout
    found = re.search(rf"^@{creator} .*\n(?: .*\n)*", told, re.MULTILINE)
    return found.group().splitlines() if found else []


def test_nobody_connects_without_saying_who_they_are(place: House, browser: Browser) -> None:
    browser.go(f"{place.url}{PAGE}")
    assert "API key" in browser.text
    browser.submit("/session", api_key="pr_key_wrong")
    assert (browser.page.status_code, browser.cookies) == (401, {})


def test_an_account_is_connected_and_told_so(place: House, browser: Browser, creator: str) -> None:
    connect(browser, place, creator)
    assert browser.page.url == f"{place.url}{PAGE}"
    assert f"@{creator} is connected." in browser.text
    assert listed(place, creator)[0].startswith(f"@{creator}  connected  acct_")
    browser.go(f"{place.url}{PAGE}")
    assert "is connected." not in browser.text


def test_what_comes_and_goes_holds_no_secret_and_runs_no_script(
    place: House, browser: Browser, creator: str
) -> None:
    connect(browser, place, creator)
    assert not [url for url in browser.visited if place.key in url]
    assert "<script" not in browser.page.text
    assert "default-src 'none'" in browser.page.headers["Content-Security-Policy"]
    assert browser.page.headers["Referrer-Policy"] == "no-referrer"


def test_the_session_cookie_is_for_this_site_alone(place: House, browser: Browser) -> None:
    browser.go(f"{place.url}{PAGE}").submit("/session", follow=False, api_key=place.key)
    cookie = browser.page.headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Lax", "Path=/connect", "Max-Age=3600"))
    assert "Secure" not in cookie
    assert place.key not in cookie


def test_a_creator_who_says_no_is_told_that_nothing_was_connected(
    place: House, browser: Browser, creator: str
) -> None:
    connect(browser, place, creator, decision="deny")
    assert "Nothing was connected." in browser.text
    assert "(access_denied)" in browser.text
    assert listed(place, creator) == []


def test_a_creator_who_leaves_a_permission_off_is_told_what_does_not_work(
    place: House, browser: Browser, creator: str
) -> None:
    connect(browser, place, creator, scope=["user.info.profile", "video.upload"])
    assert "video.publish was left off" in browser.text
    lines = " ".join(listed(place, creator))
    assert "does not work: post_video (direct): the creator left video.publish off" in lines
    assert "post_video (inbox)" not in lines


def test_connecting_again_makes_whole_what_was_left_off(place: House, browser: Browser, creator: str) -> None:
    connect(browser, place, creator, scope=["user.info.profile"])
    before = listed(place, creator)
    connect(browser, place, creator)
    after = listed(place, creator)
    assert before[0] == after[0]
    assert "does not work" in " ".join(before)
    assert "does not work" not in " ".join(after)


def test_a_second_account_stands_beside_the_first(place: House, browser: Browser, creator: str) -> None:
    connect(browser, place, creator)
    other = f"{creator}b"
    call("POST", f"{place.witness.url}/_sandbox/accounts", json={"username": other})
    connect(browser, place, other)
    assert listed(place, creator)[0] != listed(place, other)[0]
    assert f"@{creator}" in browser.text


def second_app(place: House) -> str:
    """Register another app at the sandbox and add it to the server; return its client key."""
    key = f"sbsecond{next(_NAMES)}"
    redirect = "http://127.0.0.1:*/connect/tiktok/callback"
    body = {
        "client_key": key,
        "client_secret": "second-secret",
        "kind": "desktop",
        "redirect_uris": [redirect],
    }
    call("POST", f"{place.witness.url}/_sandbox/apps", json=body)
    secret = place.folder / f"{key}.secret"
    secret.write_text("second-secret\n")
    added = run(place, "apps", "add", "--client-key", key, "--label", key, "--secret-file", str(secret))
    assert added.returncode == 0, added.stderr
    return key


def test_a_second_app_may_act_for_the_same_account(place: House, browser: Browser, creator: str) -> None:
    connect(browser, place, creator)
    key = second_app(place)
    enter(browser, place)
    form = re.search(
        rf'name="app" value="(app_[^"]+)">(?:(?!</form>).)*Connect with {key}', browser.page.text, re.DOTALL
    )
    assert form
    consent(browser.submit("/start", app=form.group(1), always_ask="1"), creator)
    lines = listed(place, creator)
    assert f"@{creator} is connected." in browser.text
    assert [line for line in lines if key in line]
    assert [line for line in lines if "The sandbox: connected" in line]


def test_a_callback_counts_once_and_in_the_browser_that_began_it(
    place: House, browser: Browser, creator: str
) -> None:
    connect(browser, place, creator)
    callback = next(url for url in browser.visited if "/callback?" in url)
    assert "(login_not_known)" in browser.go(callback).text
    with Browser() as thief:
        enter(thief, place)
        enter(browser, place).submit("/start", always_ask="1")
        browser.submit("", follow=False, account=creator, decision="approve", scope=EVERYTHING)
        stolen = browser.page.headers["Location"]
        assert "(login_not_known)" in thief.go(stolen).text
        assert thief.page.status_code == 400
    assert f"@{creator} is connected." in browser.go(stolen).text


def test_a_form_of_another_site_begins_nothing(place: House, browser: Browser) -> None:
    enter(browser, place).submit("/start", token="guessed")
    assert (browser.page.status_code, "(forbidden)" in browser.text) == (403, True)


def test_a_session_ends_with_its_key(place: House, browser: Browser) -> None:
    key = run(place, "keys", "issue", "--name", "short").stdout.strip()
    browser.go(f"{place.url}{PAGE}").submit("/session", api_key=key)
    assert "Sign out" in browser.text
    key_id = re.search(r"^(key_\S+) .*short$", run(place, "keys", "list").stdout, re.MULTILINE)
    assert key_id
    run(place, "keys", "revoke", key_id.group(1))
    assert "API key" in browser.go(f"{place.url}{PAGE}").text


def test_signing_out_forgets_the_session(place: House, browser: Browser) -> None:
    enter(browser, place).submit("/leave")
    assert "API key" in browser.text


def test_an_invited_person_connects_once_without_a_key(place: House, browser: Browser, creator: str) -> None:
    told = run(place, "accounts", "invite", "--name", f"Person {creator}").stdout.splitlines()
    name, link, _ = told[1].split(",")
    assert name in run(place, "accounts", "pending").stdout
    consent(browser.go(link).submit("/start", always_ask="1"), creator)
    assert f"@{creator} is connected." in browser.text
    assert "Accounts" not in browser.text
    assert name not in run(place, "accounts", "pending").stdout
    assert "(invitation_invalid)" in browser.go(link).text


def test_many_people_are_invited_from_a_table(place: House) -> None:
    table = place.folder / "people.csv"
    table.write_text("email,name\na@x.example,Ada\n,\nb@x.example,Bo\n")
    told = run(place, "accounts", "invite", "--csv", str(table)).stdout.splitlines()
    assert [line.partition(",")[0] for line in told] == ["name", "Ada", "Bo"]
    assert len({line.split(",")[1] for line in told[1:]}) == 2


@pytest.mark.parametrize("spoilt", ["x", "", "_"])
def test_a_link_that_was_changed_is_refused(place: House, browser: Browser, spoilt: str) -> None:
    link = run(place, "accounts", "invite", "--name", "P").stdout.splitlines()[1].split(",")[1]
    browser.go(link[:-1] + spoilt)
    assert (browser.page.status_code, "(invitation_invalid)" in browser.text) == (403, True)


def test_a_browser_on_another_machine_connects_to_the_server(
    place: House, browser: Browser, creator: str
) -> None:
    def walk(url: str) -> None:
        consent(browser.go(url), creator)

    account = connect_loopback(ServerApi(place.url, place.key), "sbdefault", show=walk, wait_s=20)
    assert (account["username"], account["state"]) == (creator, "connected")
    assert "Back in Postrail" in browser.text
    assert listed(place, creator)


def test_a_disconnected_account_is_revoked_at_tiktok_and_its_tokens_erased(
    place: House, browser: Browser, creator: str
) -> None:
    connect(browser, place, creator)
    told = run(place, "accounts", "disconnect", f"@{creator}")
    assert "revoked at TikTok" in told.stdout
    assert listed(place, creator)[0].startswith(f"@{creator}  disconnected")
    assert place.witness.log("/oauth/revoke")
    assert run(place, "accounts", "disconnect", f"@{creator}").returncode == 1
