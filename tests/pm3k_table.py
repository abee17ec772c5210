"""Writes `docs/pm3k.md`: PM3K's document, each fact with its proof. Run: `python -m tests.pm3k_table`.

The facts stand in `tests/data/pm3k_facts.yaml`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
FILE = ROOT / "tests" / "data" / "pm3k_facts.yaml"
DOCUMENT = ROOT / "docs" / "pm3k.md"
HEAD = """# PM3K's document, fact by fact

What the REST document of PM3K says its service does, in our own words: a fact a line, with its section there
and the test that proves it here by doing what a user would do. What happens otherwise on purpose is a
deviation, with the reason; what nothing proves is *not yet*, with what is to be built or tested. This page is
generated from `tests/data/pm3k_facts.yaml`: `python -m tests.pm3k_table`.

"""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One statement of PM3K's document: `section` is where it stands there; one of the last three is told.

    `test` is `file::function`, `missing` is `part: what`.
    """

    number: int
    section: str
    fact: str
    test: str = ""
    deviation: str = ""
    missing: str = ""

    @property
    def part(self) -> str:
        """Return the part of the product of which something is missing, "" where nothing is."""
        return self.missing.partition(":")[0]


def load() -> tuple[Mapping[str, str], list[Fact]]:
    """Return what each part is that something may be missing of, and the facts as they stand in the file."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return found["parts"], [Fact(**row) for row in found["facts"]]


def _proof(fact: Fact) -> str:
    if fact.test:
        return f"`{fact.test.removeprefix('tests/').replace('::', '` `')}`"
    return f"deviation: {fact.deviation}" if fact.deviation else f"*not yet*: {fact.missing}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def render() -> str:
    """Return the page."""
    parts, facts = load()
    proven, deviating = (sum(bool(getattr(fact, name)) for fact in facts) for name in ("test", "deviation"))
    missing = Counter(fact.part for fact in facts if fact.missing)
    counted = f"{proven} are proven, {deviating} are deviations, {missing.total()} are not proven yet"
    return "".join(
        [
            HEAD,
            f"Of {len(facts)} facts {counted}:\n\n| missing | what it is | facts |\n| --- | --- | --- |\n",
            *(f"| {part} | {_cell(text)} | {missing[part]} |\n" for part, text in parts.items()),
            "\n| | section | fact | proof |\n| --- | --- | --- | --- |\n",
            *(
                f"| {fact.number} | {fact.section} | {_cell(fact.fact)} | {_cell(_proof(fact))} |\n"
                for fact in facts
            ),
        ]
    )


if __name__ == "__main__":
    DOCUMENT.write_text(render())
