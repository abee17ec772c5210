"""Days that pass in seconds: the server and the sandbox share one pretended time."""

from typing import Any

import pytest
from sqlalchemy import select

from connector.store.database import open_database
from connector.store.tables import events
from tests.browsing import Browser
from tests.running import BuildHouse, House, call, eventually

pytest_plugins = ("tests.databases", "tests.running")

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SCOPES = ["user.info.basic", "user.info.profile", "video.publish", "video.upload"]


@pytest.fixture
def home(ledger_settings: dict[str, str], build_house: BuildHouse) -> House:
    """Give a server on each database in turn that follows its sandbox's time, with `cleo` connected."""
    built = build_house(**ledger_settings)
    built.stop()
    built.settings = {**ledger_settings, "CLOCK_URL": built.witness.url}
    built.start()
    account = {"username": "cleo", "rate_limits": False}
    call("POST", f"{built.witness.url}/_sandbox/accounts", json=account)
    with Browser() as browser:
        browser.go(f"{built.url}/connect/tiktok").submit("/session", api_key=built.key)
        browser.submit("/start", always_ask="1")
        browser.submit("", account="cleo", decision="approve", scope=SCOPES)
        assert "@cleo is connected" in browser.text
    return built


def pass_time(house: House, ms: int) -> None:
    """Let time pass, at the sandbox and at the server."""
    call("POST", f"{house.witness.url}/_sandbox/clock/advance", json={"ms": ms})


def renewals(house: House) -> list[dict[str, Any]]:
    """Return the token calls but for the login's own."""
    return house.witness.log("/oauth/token")[1:]


def await_renewals(house: House, count: int) -> None:
    """Wait until tokens have been renewed so many times."""
    eventually(lambda: len(renewals(house)) >= count, what=f"renewal {count}")


def told(house: House) -> list[str]:
    """Return the kinds of all events in the ledger."""
    url = house.settings.get("DATABASE_URL", f"sqlite:///{house.home / 'postrail.db'}")
    ledger = open_database(url)
    try:
        return ledger.read(lambda conn: list(conn.execute(select(events.c.kind)).scalars()))
    finally:
        ledger.close()


def post(house: House, title: str) -> dict[str, Any]:
    """Post a video of cleo's and wait for it."""
    rows = house.video(title, account="@cleo", wait_seconds="45", allow_repeat="yes")
    return house.run("post_video", rows).body


def test_tokens_of_many_days_are_renewed_ahead_of_time_and_no_call_meets_an_old_one(home: House) -> None:
    for day in range(1, 4):
        pass_time(home, 20 * HOUR_MS)
        await_renewals(home, day)
    assert post(home, "days later")["status"] == "published_public"
    assert {entry["code"] for entry in renewals(home)} == {"ok"}
    assert not [entry for entry in home.witness.log() if entry["code"] == "access_token_invalid"]


def test_a_login_that_will_end_is_told_of_two_weeks_ahead(home: House) -> None:
    home.witness.behave(refresh_extends=False)
    pass_time(home, 352 * DAY_MS)
    await_renewals(home, 1)
    (cleo,) = home.run("list_accounts", {"account": "@cleo"}).body["accounts"]
    assert cleo["state"] == "connected"
    eventually(lambda: "account_token_expiring" in told(home), what="the warning")


def test_a_webhook_that_comes_days_late_is_believed_and_acted_on(home: House) -> None:
    home.witness.set_dial(mode="hand")
    home.witness.behave(webhook_retry_s=3600.0)
    post_id = home.run("post_video", home.video("days late", account="@cleo")).body["post_id"]
    task = eventually(
        lambda: home.status(post_id)["status"] == "processing" and home.status(post_id), what="processing"
    )
    home.kill()
    for _ in range(2):
        call("POST", f"{home.witness.url}/_sandbox/publishes/{task['publish_id']}/advance")
    eventually(lambda: [e for e in home.witness.webhooks("complete") if e["tries"]], what="a try in vain")
    home.start()
    pass_time(home, 60 * HOUR_MS)
    eventually(lambda: all(e["state"] == "delivered" for e in home.witness.webhooks()), what="the delivery")
    assert home.wait(post_id)["status"] == "published_public"
    assert len(home.witness.posts("days late")) == 1


def test_a_post_goes_when_its_life_is_over_and_its_key_makes_another_one(home: House) -> None:
    home.stop()
    home.settings = {**home.settings, "POSTS_LIFE_DAYS": "30"}
    home.start()
    rows = home.video("kept for a month", account="@cleo", idempotency_key="k", wait_seconds="45")
    first = home.run("post_video", rows).body
    assert first["status"] == "published_public"
    pass_time(home, 29 * DAY_MS)
    assert home.run("post_video", rows).body["post_id"] == first["post_id"]
    pass_time(home, 2 * DAY_MS)
    named = [{name: first[name]} for name in ("post_id", "publish_id")]
    gone = [lambda ref=ref: home.run("check_status", ref).status == 404 for ref in named]
    for look in gone:
        eventually(look, what="the end of the post")
    second = home.run("post_video", rows).body
    assert second["status"] == "published_public"
    assert second["post_id"] != first["post_id"]
    assert len(home.witness.posts("kept for a month")) == 2
