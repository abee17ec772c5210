"""A server with a TikTok app of its user's own, told by the environment: connect, post, hear, disconnect.

The sandbox stands where TikTok is: another origin, which knows the app and nothing else of the server.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browsing import Browser
from tests.running import House, call, eventually

pytest_plugins = ("tests.databases", "tests.running")

KEY, SECRET = "awmyown0app0key0", "a client secret of the user's own"
SCOPES = ["user.info.basic", "user.info.profile", "video.publish", "video.upload"]


@pytest.fixture
def house(tmp_path: Path, media_url: str) -> Iterator[House]:
    """Give a server that is configured as for the real TikTok, and the creator `emil` there."""
    built = House(tmp_path / "house", media_url, {})
    built.settings = {
        "TIKTOK_CLIENT_KEY": KEY,
        "TIKTOK_CLIENT_SECRET": SECRET,
        "TIKTOK_WEB_URL": built.witness.url,
        "TIKTOK_APP_LABEL": "Our own app",
    }
    portal = {
        "client_key": KEY,
        "client_secret": SECRET,
        "kind": "desktop",
        "redirect_uris": ["http://127.0.0.1:*/connect/tiktok/callback"],
        "webhook_url": f"http://127.0.0.1:{built.port}/webhooks/tiktok",
        "audited": True,
    }
    control = f"{built.witness.url}/_sandbox"
    assert call("POST", f"{control}/apps", json=portal).status == 201
    call("POST", f"{control}/accounts", json={"username": "emil", "rate_limits": False})
    try:
        built.start()
        yield built
    finally:
        built.close()


def connect(house: House) -> None:
    """Connect `emil` as a person does."""
    with Browser() as browser:
        browser.go(f"{house.url}/connect/tiktok").submit("/session", api_key=house.key)
        assert "Our own app" in browser.text
        browser.submit("/start", always_ask="1")
        assert browser.page.url.startswith(house.witness.url)
        browser.submit("", account="emil", decision="approve", scope=SCOPES)
        assert "@emil is connected" in browser.text


def accounts(house: House) -> list[dict[str, Any]]:
    """Return the accounts of the server."""
    found: list[dict[str, Any]] = house.run("list_accounts", {}).body["accounts"]
    return found


def test_nothing_of_the_sandbox_is_made_up_for_an_app_of_ones_own(house: House) -> None:
    assert accounts(house) == []
    assert "Sandbox mode" not in house.log()
    refused = house.run("post_video", house.video("too early"))
    assert (refused.status, refused.body["error"]) == (401, "tiktok_not_connected")
    assert {
        entry["username"] for entry in call("GET", f"{house.witness.url}/_sandbox/accounts").body["accounts"]
    } == {"emil"}


def test_an_account_is_connected_and_posted_to_with_the_users_own_app(house: House) -> None:
    connect(house)
    (emil,) = accounts(house)
    assert (emil["state"], emil["sandbox"], emil["apps"][0]["client_key"]) == ("connected", False, KEY)
    told = house.run("post_video", house.video("own app", wait_seconds="45")).body
    assert told["status"] == "published_public"
    assert told["post_url"].startswith(house.witness.url)
    (post,) = house.witness.posts("own app")
    assert post["username"] == "emil"
    eventually(
        lambda: any(
            line["call"].startswith("webhook/") for line in house.status(told["post_id"])["timeline"]
        ),
        what="a webhook that is signed with the secret of the app",
    )


def test_photos_are_refused_before_anything_is_stored_without_a_public_address(house: House) -> None:
    connect(house)
    refused = house.run("post_photos", house.photos("nobody could pull these"))
    assert refused.body["error"] == "public_url_required"
    assert house.stored() == 0


def test_the_secret_of_the_app_is_nowhere_to_be_read(house: House) -> None:
    connect(house)
    files = [path for path in house.folder.rglob("*") if path.is_file() and "sandbox" not in path.parts]
    assert files
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_a_key_without_its_secret_is_told_at_the_start(house: House) -> None:
    house.stop()
    house.settings = {"TIKTOK_CLIENT_KEY": KEY}
    done = house.command("serve", "--home", str(house.home), "--port", "0")
    assert done.returncode == 2
    assert "POSTRAIL_TIKTOK_CLIENT_SECRET" in done.stderr
    assert "Traceback" not in done.stderr
