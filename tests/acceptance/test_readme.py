"""What the README says is so: its commands run, its output is what is printed, what it names exists."""

import re
import subprocess
from pathlib import Path

import pytest

from connector.settings import bare_environment
from tests.running import House, postrail

pytest_plugins = ("tests.databases", "tests.running")

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
CALLS = [block for block in BLOCKS if "curl " in block]


def part(name: str) -> str:
    """Return the output that stands between two markers."""
    found = re.search(rf"<!-- {name}:begin -->\n```text\n(.*?)```\n<!-- {name}:end -->", README, re.DOTALL)
    assert found is not None
    return found.group(1)


def shape(line: str) -> str:
    """Return a line without what differs from run to run: numbers, and the width of a table."""
    return re.sub(r"[━─═ ]+", " ", re.sub(r"\d+", "0", line)).strip()


def shell(house: House, block: str, **given: str) -> "subprocess.CompletedProcess[str]":
    """Run a block of the README, its example addresses replaced by real ones."""
    block = block.replace("http://127.0.0.1:8000", house.url)
    block = block.replace("http://127.0.0.1:9000", house.media_url)
    block = re.sub(r"export POSTRAIL_KEY=.*", "", block)
    for old, new in given.items():
        block = block.replace(f"{old}_...", new)
    environment = {**bare_environment(), "POSTRAIL_KEY": house.key, "NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        ["/bin/sh", "-eu", "-c", block],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_the_demo_prints_what_the_readme_shows(tmp_path: Path) -> None:
    told = postrail("demo", environment=bare_environment(), folder=tmp_path)
    assert told.returncode == 0
    printed = {shape(line) for line in told.stdout.splitlines()}
    assert [line for line in part("demo").splitlines() if shape(line) not in printed] == []


def test_the_first_post_goes_as_the_readme_says(house: House) -> None:
    post, wait = CALLS
    first = shell(house, post)
    found = re.search(r'"post_id": ?"(post_\w+)"', first.stdout)
    assert found is not None, first.stdout + first.stderr
    assert '"coerced"' in first.stdout
    again = shell(house, post)
    assert found.group(1) in again.stdout
    settled = shell(house, wait, post=found.group(1))
    assert '"published_public"' in settled.stdout, settled.stdout


def test_the_set_up_commands_are_those_of_the_makefile_and_the_command_line(tmp_path: Path) -> None:
    targets = re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"make (\w+)", README)
    assert named
    assert set(named) <= set(targets)
    served = next(block for block in BLOCKS if "postrail serve" in block)
    assert {"--home", "--port"} == set(re.findall(r"--\w+", served))
    shown = postrail("demo", "--media", "media", environment=bare_environment(), folder=tmp_path)
    assert f"{Path('media') / 'clip.mp4'}" in shown.stdout


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([\w/.-]+)\)", README))))
def test_what_the_readme_links_to_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", README)) - {"data/"}))
def test_the_folders_and_files_it_names_exist(name: str) -> None:
    assert (ROOT / name).exists()


def test_the_settings_it_names_exist() -> None:
    settings = (ROOT / "connector/settings.py").read_text()
    named = set(re.findall(r"POSTRAIL_([A-Z_]+)", README)) - {"KEY"}
    assert named
    assert [name for name in named if f"    {name.lower()}: " not in settings] == []


def test_the_last_line_of_make_test_has_the_form_that_is_shown() -> None:
    assert re.fullmatch(r"\d+ passed in [\d.]+s.*\n", part("test"))
