"""Every room has its sign and its place, and no rule is switched off wholesale."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = sorted(path.parent for path in (ROOT / "connector").glob("*/__init__.py"))
SOURCES = [*(ROOT / "connector").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
CODE_AND_REASON = re.compile(
    r"#\s*noqa: [A-Z]+\d+(, [A-Z]+\d+)*\s+(-|#) \S|#\s*type: ignore\[[a-z-]+(, [a-z-]+)*\]\s+(-|#) ?\S"
)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_says_what_it_is_for_and_what_it_may_not_touch(room: Path) -> None:
    sign = (room / "__init__.py").read_text()
    assert sign.startswith('"""')
    assert len(sign.split('"""')[1].split()) >= 8


def test_every_room_has_a_layer() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = {name.strip() for layer in settings[0]["layers"] for name in layer.split("|")}
    assert {room.name for room in ROOMS} <= layers


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_exemption_names_its_rule_and_its_reason(path: Path) -> None:
    bare = [
        line.strip()
        for line in path.read_text().splitlines()
        if re.search(r"#\s*(noqa|type: ignore)", line) and not CODE_AND_REASON.search(line)
    ]
    assert [line for line in bare if "re.compile" not in line and "re.search" not in line] == []


def test_every_ruff_exemption_stands_beside_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    table = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.mccabe]")]
    rules = [line for line in table.splitlines() if re.match(r'\s+"[A-Z]+\d*",', line)]
    assert rules
    assert [line for line in rules if "#" not in line] == []
