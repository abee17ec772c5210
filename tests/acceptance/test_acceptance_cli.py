"""The command line as a person meets it: help that reads well, mistakes told in one line, no accidents."""

import json
import socket
from pathlib import Path

import pytest

from connector.settings import bare_environment
from tests.running import House, postrail

pytest_plugins = ("tests.databases", "tests.running")

COMMANDS = ((), ("serve",), ("work",), ("demo",), ("sandbox",), ("check",), ("keys",), ("keys", "issue"))


def run(folder: Path, *words: str, **settings: str) -> tuple[int, str, str]:
    """Run `postrail ...` in a folder of its own; give its exit status and what it said."""
    given = {f"POSTRAIL_{name}": value for name, value in settings.items()}
    done = postrail(*words, environment={**bare_environment(), **given}, folder=folder, timeout_s=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_help_has_an_example_or_says_where_to_start(tmp_path: Path, words: tuple[str, ...]) -> None:
    status, told, _ = run(tmp_path, *words, "--help")
    assert status == 0
    assert "\\b" not in told
    assert "xample" in told or "Start here:" in told or words == ("keys",)


def test_the_first_help_shows_one_command_a_line(tmp_path: Path) -> None:
    lines = [line.strip() for line in run(tmp_path)[1].splitlines() + run(tmp_path, "--help")[1].splitlines()]
    assert any(line.startswith("postrail demo") and "postrail serve" not in line for line in lines)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("serve", "--port", "99999"), "--port"),
        (("sandbox", "--port", "70000"), "--port"),
        (("sandbox", "--idle-exit", "-1"), "--idle-exit"),
        (("sandbox", "--home", "/proc/q"), "/proc/q"),
        (("keys", "list", "--home", "nothing-here"), "nothing-here"),
        (("keys", "revoke", "key_1", "--home", "nothing-here"), "nothing-here"),
        (("accounts", "list", "--home", "nothing-here"), "nothing-here"),
        (("accounts", "invite", "--name", "Mia", "--home", "nothing-here"), "nothing-here"),
        (("apps", "list", "--home", "nothing-here"), "nothing-here"),
    ],
)
def test_a_mistake_is_told_in_a_line_that_names_it(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    status, out, told = run(tmp_path, *words)
    assert (status, out) == (2, "")
    assert said in told
    assert "Traceback" not in told
    assert not (tmp_path / "nothing-here").exists()


def test_a_port_that_is_taken_is_told_by_the_sandbox_too(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        status, _, told = run(tmp_path, "sandbox", "--home", str(tmp_path / "s"), "--port", port)
    assert (status, "Traceback" in told) == (2, False)
    assert port in told


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("TRUSTED_ORIGIN", "http://127.0.0.1:1", "did you mean POSTRAIL_TRUSTED_ORIGINS?"),
        ("DATABASE_URL", "mysql://x", "postgresql://"),
        ("WORKERS", "0", "POSTRAIL_WORKERS"),
        ("TRUSTED_ORIGINS", "http://127.0.0.1:9000/media", "write http://127.0.0.1:9000"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_told(tmp_path: Path, setting: str, value: str, said: str) -> None:
    status, _, told = run(tmp_path, "serve", "--home", str(tmp_path / "h"), "--port", "0", **{setting: value})
    assert status == 2
    assert said in told


def test_an_installation_whose_secret_key_is_gone_is_given_no_other(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    assert run(tmp_path, "keys", "issue", "--home", home)[0] == 0
    (tmp_path / "home" / "secret.key").unlink()
    status, _, told = run(tmp_path, "serve", "--home", home, "--port", "0")
    assert status == 2
    assert "secret.key is missing" in told
    assert "put your copy of the file back" in told
    assert not (tmp_path / "home" / "secret.key").exists()


def test_a_key_in_the_place_of_its_id_is_not_repeated(house: House) -> None:
    done = house.command("keys", "revoke", house.key, "--home", str(house.home))
    assert done.returncode == 1
    assert house.key not in done.stderr
    assert "keys list" in done.stderr


def test_the_address_that_serve_prints_says_where_to_look(house: House) -> None:
    assert "/v1/operations" in house.call("GET", "/", key="").body["see"]


def test_the_demo_makes_its_media_for_playing(tmp_path: Path) -> None:
    status, told, _ = run(tmp_path, "demo", "--media", "made")
    assert status == 0
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [
        "clip.mp4",
        "one.jpg",
        "three.png",
        "two.webp",
    ]
    assert len(told.splitlines()) == 4


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        ({"TIKTOK_CLIENT_KEY": "awx", "TIKTOK_CLIENT_SECRET": "s"}, True),
        (
            {
                "TIKTOK_CLIENT_KEY": "awx",
                "TIKTOK_CLIENT_SECRET": "s",
                "PUBLIC_URL": "https://posts.example.com",
            },
            False,
        ),
        ({}, False),
    ],
    ids=["own app", "own app with a public address", "sandbox"],
)
def test_links_that_lead_to_this_machine_alone_are_warned_of(
    tmp_path: Path, settings: dict[str, str], warned: bool
) -> None:
    home = str(tmp_path / "h")
    assert run(tmp_path, "keys", "issue", "--home", home)[0] == 0
    status, told, said = run(tmp_path, "accounts", "invite", "--name", "Mia", HOME=home, **settings)
    assert (status, len(told.splitlines())) == (0, 2)
    assert ("POSTRAIL_PUBLIC_URL is not set" in said and "http://127.0.0.1:8000" in said) is warned


def test_people_are_invited_by_a_name_or_by_a_table_not_by_both(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name\nMia\n")
    words = ("accounts", "invite", "--name", "Noa", "--csv", "people.csv")
    status, told, said = run(tmp_path, *words, HOME=str(tmp_path / "h"))
    assert (status, told) == (2, "")
    assert "not by both" in said


def test_the_address_of_the_media_is_told_where_no_server_runs(tmp_path: Path) -> None:
    status, told, _ = run(tmp_path, "domains", "list", HOME=str(tmp_path / "h"), PORT="8123")
    assert (status, json.loads(told)["public_url"]) == (0, "http://127.0.0.1:8123")
    assert json.loads(told)["media_prefix"] == "http://127.0.0.1:8123/media/"


def test_a_signature_file_is_told_with_the_whole_address_at_which_it_is_served(tmp_path: Path) -> None:
    (tmp_path / "tiktokAbC123.txt").write_text("tiktok-developers-site-verification=AbC123\n")
    status, told, _ = run(tmp_path, "domains", "add-file", "tiktokAbC123.txt", HOME=str(tmp_path / "h"))
    assert status == 0
    assert "Served at http://127.0.0.1:8000/tiktokAbC123.txt" in told
