"""`postrail accounts connect --loopback` as a person runs it: the program, a browser, a distant server."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.settings import bare_environment
from tests.browsing import Browser
from tests.running import STOP_S, BuildHouse, House, call

pytest_plugins = ("tests.databases", "tests.running")


@pytest.fixture
def home(build_house: BuildHouse) -> House:
    """Give a server, and the creator `dana` at its sandbox."""
    built = build_house()
    call("POST", f"{built.witness.url}/_sandbox/accounts", json={"username": "dana", "rate_limits": False})
    return built


@contextmanager
def connecting(home: House, laptop: Path, secret: str, *more: str) -> Iterator["subprocess.Popen[str]"]:
    """Run the program in a folder of its own, with nothing of the server's but its address and a key."""
    laptop.mkdir()
    (laptop / "key").write_text(f"{secret}\n")
    words = ("accounts", "connect", "--loopback", "--no-browser", "--server", home.url, "--key-file", "key")
    process = subprocess.Popen(
        [sys.executable, "-m", "connector", *words, *more],
        cwd=laptop,
        env={**bare_environment(), "POSTRAIL_HOME": str(laptop / "home")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def consent_page(process: "subprocess.Popen[str]") -> str:
    """Return the address that the program asks its user to open."""
    assert process.stderr is not None
    assert "Open this address" in process.stderr.readline()
    return process.stderr.readline().strip()


def test_an_account_is_connected_by_the_browser_of_another_machine(home: House, tmp_path: Path) -> None:
    with connecting(home, tmp_path / "laptop", home.key) as process, Browser() as browser:
        browser.go(consent_page(process))
        browser.submit("", account="dana", decision="approve", scope=["user.info.basic", "video.publish"])
        assert "close this page" in browser.text
        told, trouble = process.communicate(timeout=STOP_S)
    assert (process.returncode, trouble) == (0, "")
    assert told.startswith("@dana  connected  acct_")
    assert "does not work: post_video (inbox)" in told
    assert not (tmp_path / "laptop" / "home").exists()
    body = home.run("post_video", home.video("by loopback", account="@dana", wait_seconds="45")).body
    assert body["status"] == "published_public"


def test_whoever_denies_is_told_so_on_both_sides(home: House, tmp_path: Path) -> None:
    with connecting(home, tmp_path / "laptop", home.key) as process, Browser() as browser:
        browser.go(consent_page(process)).submit("", account="dana", decision="deny")
        assert "close this page" in browser.text
        _, trouble = process.communicate(timeout=STOP_S)
    assert process.returncode == 2
    assert trouble == "postrail: The user denied the request.\n"
    listed = home.run("list_accounts", {}).body["accounts"]
    assert "dana" not in {account["username"] for account in listed}


@pytest.mark.parametrize(
    ("secret", "more", "said"),
    [
        ("pr_key_wrong", (), "The API key is unknown or has been revoked."),
        ("", ("--app", "nosuchapp"), "Say which TikTok app is meant."),
    ],
)
def test_what_the_server_refuses_is_told_in_a_line(
    home: House, tmp_path: Path, secret: str, more: tuple[str, ...], said: str
) -> None:
    with connecting(home, tmp_path / "laptop", secret or home.key, *more) as process:
        _, trouble = process.communicate(timeout=STOP_S)
    assert process.returncode == 2
    assert trouble == f"postrail: {said}\n"
