"""The table of PM3K's facts holds together: numbered, each told one way, every test in it there to be run."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.pm3k_table import DOCUMENT, ROOT, Fact, load, render

PARTS, FACTS = load()
EACH = pytest.mark.parametrize("fact", FACTS, ids=lambda fact: str(fact.number))
OVER_HTTP = ("acceptance", "browser", "drills", "integration", "n8n")
"""The folders of tests that speak to running servers."""


@cache
def functions_of(path: Path) -> frozenset[str]:
    """Return the names of the functions at the top of a file."""
    body = ast.parse(path.read_text()).body
    return frozenset(node.name for node in body if isinstance(node, ast.FunctionDef))


def place(section: str) -> list[int]:
    """Return a section as what it is ordered by."""
    return [int(number) for number in section.split(".")]


def test_the_facts_are_numbered_from_one_without_gaps() -> None:
    assert [fact.number for fact in FACTS] == list(range(1, len(FACTS) + 1))


def test_the_facts_stand_in_the_order_of_the_document_and_none_is_told_twice() -> None:
    sections = [place(fact.section) for fact in FACTS]
    assert sections == sorted(sections)
    assert len({fact.fact for fact in FACTS}) == len(FACTS)


@EACH
def test_a_fact_is_proven_or_a_deviation_or_missing_and_no_two_of_them(fact: Fact) -> None:
    assert fact.fact.endswith(".")
    assert [bool(told) for told in (fact.test, fact.deviation, fact.missing)].count(True) == 1


@pytest.mark.parametrize("node", sorted({fact.test for fact in FACTS if fact.test}))
def test_a_test_that_a_fact_names_exists_and_speaks_to_a_server(node: str) -> None:
    file, _, name = node.partition("::")
    assert Path(file).parts[:2] in {("tests", folder) for folder in OVER_HTTP}
    assert name.startswith("test_")
    assert name in functions_of(ROOT / file)


def test_what_is_missing_is_missing_of_a_part_that_is_explained_and_every_such_part_lacks_something() -> None:
    assert {fact.part for fact in FACTS if fact.missing} == set(PARTS)


def test_the_page_is_the_one_that_is_generated() -> None:
    assert DOCUMENT.read_text() == render(), "write it anew: python -m tests.pm3k_table"
