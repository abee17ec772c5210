"""Every captured request becomes what its user meant, or is refused with the named reason."""

import json
from pathlib import Path

import pytest

from connector.contract.coerce import read_boolean, read_integer, read_number, read_time
from connector.kernel.errors import PostrailError
from tests.wire.wire_replay import CAPTURES, MEANT, accepted, means, names, understood
from tests.wire.wire_table import DOCUMENT, render

REQUESTS = names()
REFUSED = [name for name in REQUESTS if "body" in means(name)]
READ = [name for name in REQUESTS if "body" not in means(name)]
READERS = {
    "boolean": read_boolean,
    "integer": read_integer,
    "number": read_number,
    "datetime": read_time,
}


def test_every_captured_request_has_its_meaning_written_down_and_no_other() -> None:
    assert sorted(MEANT["requests"]) == REQUESTS
    assert len(REQUESTS) >= 70


@pytest.mark.parametrize("name", READ)
def test_a_request_becomes_what_its_user_meant(name: str) -> None:
    assert accepted(understood(name)) == means(name)["means"]


@pytest.mark.parametrize("name", READ)
def test_a_field_that_cannot_be_meant_is_refused_with_its_reason(name: str) -> None:
    problems = understood(name).problems
    assert {problem.field: problem.problem for problem in problems} == means(name).get("refused", {})
    assert all(problem.got and problem.expected and problem.fix for problem in problems)


@pytest.mark.parametrize("name", READ)
def test_a_request_is_warned_of_exactly_what_is_doubtful(name: str) -> None:
    assert [warning.split()[0] for warning in understood(name).warnings] == means(name).get("warned", [])


@pytest.mark.parametrize("name", READ)
def test_whatever_was_changed_on_the_way_is_in_the_receipt(name: str) -> None:
    found = understood(name)
    named = {item.field for item in found.coerced} | {item.field for item in found.problems}
    sent = json.loads((CAPTURES / f"{name}.json").read_text()).get("parsed_json") or {}
    changed = {field for field, value in found.input.items() if field in sent and sent[field] != value}
    assert changed <= named


@pytest.mark.parametrize("name", REFUSED)
def test_a_body_that_cannot_be_read_is_refused_with_its_reason(name: str) -> None:
    code, problem = means(name)["body"]
    with pytest.raises(PostrailError) as caught:
        understood(name)
    assert (caught.value.code, caught.value.details[0].problem) == (code, problem)
    assert caught.value.details[0].fix


def test_what_zapier_makes_of_text_is_understood_as_it_comes() -> None:
    table = json.loads((CAPTURES / "zapier" / "cli_coercion_table.json").read_text())
    for kind, read in READERS.items():
        for _, sent in table[kind]:
            if not str(sent).startswith("THROWS"):
                value, _ = read(sent)
                assert value == sent or str(value) == str(sent).replace("+00:00", ".000Z")


def test_the_table_in_the_docs_is_current() -> None:
    assert Path(DOCUMENT).read_text() == render(), "run: python -m tests.wire.wire_table"
