"""Drafts and audits: posts left in the creator's inbox, finished there, and apps that may do no more."""

from typing import Any

import pytest

from tests.running import Answer, House, call, eventually

pytest_plugins = ("tests.running",)


@pytest.fixture
def home(build_house: Any) -> House:  # noqa: ANN401 - the fixture's own type
    """Give a server of one's own."""
    built: House = build_house()
    return built


def draft(house: House, operation: str, rows: dict[str, object]) -> dict[str, Any]:
    """Send a draft and wait until it is in the inbox."""
    return house.run(operation, {**rows, "post_mode": "inbox", "wait_seconds": "45"}).body


def finish(house: House, publish_id: str, **words: object) -> Answer:
    """Post a draft as its creator does in TikTok's app."""
    return call("POST", f"{house.witness.url}/_sandbox/publishes/{publish_id}/post", json=words)


def change_app(house: House, **traits: object) -> None:
    """Change what TikTok thinks of the app."""
    call("PATCH", f"{house.witness.url}/_sandbox/apps/sbdefault", json=traits)


@pytest.mark.parametrize("transfer", ["upload", "pull"])
def test_a_video_goes_to_the_inbox_and_is_finished_there(home: House, transfer: str) -> None:
    told = draft(home, "post_video", home.video("a caption", transfer=transfer))
    assert (told["status"], told["state"], told["url_reason"]) == ("inbox_delivered", "done", "in_inbox")
    assert {item["field"] for item in told["ignored"]} == {"title", "privacy"}
    assert home.witness.posts() == []
    finish(home, told["publish_id"], title="their own words")
    after = eventually(
        lambda: (now := home.status(told["post_id"]))["status"] == "published_public" and now,
        what="publication",
    )
    assert [post["title"] for post in home.witness.posts()] == ["their own words"]
    assert after["post_url"].rpartition("/")[2] == home.witness.posts()[0]["post_id"]


def test_photos_go_to_the_inbox_with_their_words(home: House) -> None:
    told = draft(home, "post_photos", home.photos("three days", description="where we ate"))
    assert told["status"] == "inbox_delivered"
    assert [item["field"] for item in told["ignored"]] == ["privacy"]
    finish(home, told["publish_id"])
    (post,) = eventually(home.witness.posts, what="the post")
    assert (post["title"], post["description"]) == ("three days", "where we ate")


@pytest.mark.parametrize("operation", ["post_video", "post_photos"])
def test_a_draft_needs_no_privacy(home: House, operation: str) -> None:
    rows = home.video("a caption") if operation == "post_video" else home.photos("three days")
    del rows["privacy"]
    told = draft(home, operation, rows)
    assert told["status"] == "inbox_delivered"
    assert "privacy" not in {item["field"] for item in told["ignored"]}


def test_auto_needs_no_privacy_where_it_means_the_inbox(home: House) -> None:
    rows = home.video("one")
    del rows["privacy"]
    assert home.run("post_video", rows).problems == [("privacy", "required")]
    assert home.run("post_video/check", rows).problems == [("privacy", "required")]
    home.command("apps", "audit", "sbdefault", "unaudited", "--home", str(home.home))
    assert home.run("post_video/check", rows).body["ok"]
    assert home.run("post_video", {**rows, "wait_seconds": "45"}).body["status"] == "inbox_delivered"
    refused = home.run("post_video", {**rows, "title": "two", "is_aigc": "perhaps"})
    assert refused.problems == [("privacy", "required"), ("is_aigc", "not_a_boolean")]


def test_a_draft_that_lapses_stays_where_tiktok_last_saw_it(home: House) -> None:
    told = draft(home, "post_video", home.video("late"))
    call("POST", f"{home.witness.url}/_sandbox/publishes/{told['publish_id']}/lapse")
    assert home.status(told["post_id"])["status"] == "inbox_delivered"
    assert finish(home, told["publish_id"]).status >= 400


def test_the_first_refusal_teaches_that_the_app_is_not_audited(home: House) -> None:
    change_app(home, audited=False)
    first = home.run("post_video", home.video("one", wait_seconds="45")).body
    assert first["status"] == "inbox_delivered"
    second = home.run("post_video", home.video("two", wait_seconds="45")).body
    assert "not audited" in second["warnings"][0]
    assert second["status"] == "inbox_delivered"
    inits = home.witness.inits()
    refused = home.run("post_video", home.video("three", post_mode="direct"))
    assert (refused.status, refused.body["error"]) == (
        403,
        "unaudited_client_can_only_post_to_private_accounts",
    )
    assert refused.problems == [("privacy", "app_not_audited")]
    assert home.witness.inits() == inits
    listed = home.command("apps", "list", "--home", str(home.home)).stdout
    assert "audit unaudited" in listed
    assert "unaudited_client_can_only_post_to_private_accounts: first" in listed


def test_an_operator_who_knows_of_the_audit_says_so(home: House) -> None:
    change_app(home, audited=False)
    home.run("post_video", home.video("one", wait_seconds="45"))
    change_app(home, audited=True)
    home.command("apps", "audit", "sbdefault", "audited", "--home", str(home.home))
    told = home.run("post_video", home.video("two", wait_seconds="45")).body
    assert told["status"] == "published_public"


def test_an_app_without_its_audit_may_post_privately_to_a_private_account(home: House) -> None:
    change_app(home, audited=False)
    home.command("apps", "audit", "sbdefault", "unaudited", "--home", str(home.home))
    account = call("GET", f"{home.witness.url}/_sandbox/accounts").body["accounts"][0]["username"]
    call("PATCH", f"{home.witness.url}/_sandbox/accounts/{account}", json={"private_account": True})
    rows = home.video("mine", privacy="private", post_mode="direct", wait_seconds="45")
    assert home.run("post_video", rows).body["status"] == "published_private"


def test_a_reached_cap_is_noted_and_used(home: House) -> None:
    change_app(home, daily_user_cap=0)
    rows = home.video("one", wait_seconds="45")
    assert home.run("post_video", rows).body["error"] == "reached_active_user_cap"
    inits = home.witness.inits()
    refused = home.run("post_video", home.video("two"))
    assert (refused.status, refused.body["error"]) == (429, "reached_active_user_cap")
    assert refused.body["retry_at"]
    assert home.witness.inits() == inits


def test_accounts_and_their_limits_are_operations(home: House) -> None:
    (account,) = home.run("list_accounts", {}).body["accounts"]
    assert (account["state"], account["apps"][0]["audit"]) == ("connected", "audited")
    assert all(row["works"] for row in account["operations"])
    info = home.run("get_creator_info", {"account": f"@{account['username']}"}).body
    assert "SELF_ONLY" in info["privacy_level_options"]
    assert info["account"]["open_id"] == account["open_id"]
    missing = home.run("list_accounts", {"account": "@nobody"})
    assert (missing.status, missing.body["error"]) == (404, "account_not_found")
