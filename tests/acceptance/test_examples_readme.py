"""What `examples/README.md` says is so: its commands run from the repository's root, what it names exists."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from connector.settings import bare_environment
from tests.running import House, postrail

pytest_plugins = ("tests.databases", "tests.running")

ROOT = Path(__file__).parents[2]
README = (ROOT / "examples/README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
SERVING = [line for block in BLOCKS for line in block.splitlines() if "postrail serve" in line]
[POSTING] = (block.splitlines() for block in BLOCKS if "examples/" in block)
MEDIA = {"clip.mp4": "clip.mp4", "a.jpg": "one.jpg", "b.webp": "two.webp"}


def shell(house: House, command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the README at the root, its media addresses replaced by those of a real host."""
    for name, file in MEDIA.items():
        command = command.replace(f"https://media.example.com/{name}", f"{house.media_url}/{file}")
    environment = {**bare_environment(), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return subprocess.run(
        ["/bin/sh", "-eu", "-c", command],
        cwd=ROOT,
        env={**environment, "POSTRAIL_URL": house.url, "POSTRAIL_KEY": house.key},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.mark.parametrize("command", POSTING)
def test_a_command_posts_as_it_stands(house: House, command: str) -> None:
    told = shell(house, command)
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() in [post["share_url"] for post in house.witness.posts()]


def test_the_key_is_issued_as_it_says(house: House) -> None:
    assert any("$(.venv/bin/postrail keys issue --home ./data)" in block for block in BLOCKS)
    told = house.command("keys", "issue", "--home", str(house.home))
    assert house.call("GET", "/v1/operations", key=told.stdout.strip()).status == 200
    assert (house.home / "first-key").exists()


def test_the_server_is_started_as_the_main_readme_starts_it(tmp_path: Path) -> None:
    assert len(SERVING) == 2
    main = (ROOT / "README.md").read_text()
    flags = postrail("serve", "--help", environment=bare_environment(), folder=tmp_path).stdout
    for line in SERVING:
        assert line.endswith(".venv/bin/postrail serve --home ./data")
        assert "--home" in flags
    assert ".venv/bin/postrail serve --home ./data" in main


def test_followers_is_no_choice_of_the_sandboxs_first_account(house: House) -> None:
    told = shell(house, POSTING[0].replace("PRIVACY=public", "PRIVACY=followers"))
    assert told.returncode == 1
    assert "privacy_level_option_mismatch" in told.stderr


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([\w/.-]+)\)", README))))
def test_what_it_links_to_exists(path: str) -> None:
    assert (ROOT / "examples" / path).exists()


def test_the_branches_and_rows_of_the_workflow_are_the_ones_it_tells_of() -> None:
    workflow = json.loads((ROOT / "examples/n8n/post_video_and_wait.json").read_text())
    values = {
        node["name"]: [row["name"] for row in node["parameters"]["assignments"]["assignments"]]
        for node in workflow["nodes"]
        if node["type"] == "n8n-nodes-base.set"
    }
    for name in set(values) - {"Rows"}:
        assert f"- **{name}** has" in README
    assert {"wait_seconds", "wait_calls", "idempotency_key"} <= set(values["Rows"])
    assert [row for row in values["Failed"] if f"`{row}`" not in README] == []


def test_the_settings_it_names_exist() -> None:
    settings = (ROOT / "connector/settings.py").read_text()
    named = set(re.findall(r"POSTRAIL_([A-Z_]+)", README)) - {"KEY", "URL"}
    assert named
    assert [name for name in named if f"    {name.lower()}: " not in settings] == []
