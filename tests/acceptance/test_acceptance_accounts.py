"""Posts of accounts connected by login: tokens that end, access that is taken away and given back."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.browsing import Browser
from tests.running import House, call, eventually

pytest_plugins = ("tests.running",)

DAY_MS = 86_400_000
SCOPES = ["user.info.basic", "user.info.profile", "video.publish", "video.upload"]


@pytest.fixture
def home(build_house: Any) -> House:  # noqa: ANN401 - the fixture's own type
    """Give a server to which the creator `cleo` is connected by login."""
    built: House = build_house()
    account = {"username": "cleo", "rate_limits": False}
    call("POST", f"{built.witness.url}/_sandbox/accounts", json=account)
    connect(built)
    return built


def connect(house: House) -> None:
    """Connect `cleo`, for the first time or again."""
    with Browser() as browser:
        browser.go(f"{house.url}/connect/tiktok").submit("/session", api_key=house.key)
        browser.submit("/start", always_ask="1")
        browser.submit("", account="cleo", decision="approve", scope=SCOPES)
        if "@cleo is connected" not in browser.text:
            raise AssertionError(browser.text)


def post(house: House, title: str, **more: object) -> dict[str, Any]:
    """Post a video of cleo's and wait for it."""
    return house.run("post_video", house.video(title, account="@cleo", wait_seconds="45", **more)).body


def told(house: House) -> list[str]:
    """Return the kinds of the events about accounts, oldest first."""
    path = f"file:{house.home / 'postrail.db'}?mode=ro"
    with closing(sqlite3.connect(path, uri=True)) as ledger:
        query = "SELECT kind FROM events WHERE post_id IS NULL ORDER BY id"
        return [row[0] for row in ledger.execute(query)]


def remove_access(house: House) -> None:
    """Take the app off the account, as its creator does in TikTok's settings."""
    call("DELETE", f"{house.witness.url}/_sandbox/grants/sbdefault/cleo")


def test_an_account_connected_by_login_is_posted_to(home: House) -> None:
    assert post(home, "first")["status"] == "published_public"
    (published,) = home.witness.posts("first")
    assert published["username"] == "cleo"


def test_a_token_that_ran_out_is_renewed_in_the_middle_of_a_post(home: House) -> None:
    call("POST", f"{home.witness.url}/_sandbox/clock/advance", json={"ms": DAY_MS + 1000})
    assert post(home, "next day")["status"] == "published_public"
    assert len(home.witness.posts("next day")) == 1
    refused = [entry for entry in home.witness.log() if entry["code"] == "access_token_invalid"]
    assert refused
    assert home.witness.log("/oauth/token")


def test_access_that_is_taken_away_is_told_and_posts_say_so(home: House) -> None:
    remove_access(home)
    eventually(lambda: "account_needs_reconnect" in told(home), what="the event")
    refused = home.run("post_video", home.video("later", account="@cleo"))
    assert (refused.status, refused.body["error"]) == (401, "account_needs_reconnect")
    listed = home.run("list_accounts", {"account": "@cleo"}).body["accounts"][0]
    assert listed["state"] == "needs_reconnect"
    assert {row["why"] for row in listed["operations"]} == {"the account must be connected again"}


def test_connecting_again_brings_everything_back(home: House) -> None:
    remove_access(home)
    eventually(lambda: "account_needs_reconnect" in told(home), what="the event")
    connect(home)
    assert told(home)[-1] == "account_connected"
    assert post(home, "again")["status"] == "published_public"


def test_a_post_names_its_account_by_handle_open_id_or_id(home: House) -> None:
    (cleo,) = home.run("list_accounts", {"account": "@cleo"}).body["accounts"]
    for ref in ("cleo", cleo["open_id"], cleo["account_id"]):
        assert home.run("list_accounts", {"account": ref}).body["accounts"] == [cleo]
    assert home.run("post_video", home.video("whose")).body["error"] == "account_required"


def test_no_call_of_ours_ever_meets_a_429(home: House) -> None:
    call("PATCH", f"{home.witness.url}/_sandbox/accounts/cleo", json={"rate_limits": True})
    answers = [home.run("get_creator_info", {"account": "@cleo"}) for _ in range(30)]
    assert {answer.status for answer in answers} == {200, 429}
    refused = answers[-1]
    assert (refused.body["error"], refused.headers["Retry-After"] > "0") == ("rate_limit_exceeded", True)
    assert refused.body["retry_at"]
    posts = [home.run("post_video", home.video(f"n{number}", account="@cleo")) for number in range(3)]
    assert {answer.status for answer in posts} == {202}
    eventually(lambda: home.witness.posts("n0"), what="the first post")
    assert not [entry for entry in home.witness.log() if entry["status"] == 429]
