"""`docs/coercion.md`, read as its readers read it: each table at its word, held against the product.

Nothing here looks at schemas or manifests: what is sent, and what must come of it, is parsed from the page.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from flask import Flask, request
from pydantic.alias_generators import to_camel

from connector.contract import Understanding, load_contract
from connector.contract.names import take_apart
from connector.contract.spellings import plan_of
from connector.contract.understand import understand
from connector.kernel.errors import PostrailError
from connector.web.incoming import read_rows

Row = Mapping[str, str]

PAGE = (Path(__file__).parents[2] / "docs" / "coercion.md").read_text()
CODE = re.compile(r"`([^`]*)`")
LEFTOVER = "{{ $json.x }}"
PHOTO = "https://media.example.com/a.jpg"
NOTHING: tuple[object, ...] = (None, "", " null ", [], {}, False, "Off", 0)
"""What asks for nothing."""

BROKEN: dict[str, dict[str, object]] = {
    "no privacy, and post_mode is not inbox": {"privacy": ""},
    "is_ad: true without a disclosure": {"is_ad": True},
    "is_ad: false with a disclosure that is true": {"is_ad": False, "brand_organic_toggle": True},
    "brand_content_toggle: true with privacy: SELF_ONLY": {
        "brand_content_toggle": True,
        "privacy": "SELF_ONLY",
    },
    "photo_cover_index beyond the last photo": {"photo_cover_index": 1},
    "neither post_id nor publish_id": {"post_id": ""},
    "album: new with an album_id": {"album": "new", "album_id": "album_1"},
    "outcome: not_published with a post_url": {"outcome": "not_published", "post_url": "x"},
    "an account with another scope": {"scope": "all", "account": "@mia"},
    "an app with another scope": {"scope": "all", "app": "TikTok"},
}
"""Rows that break a condition, by its words on the page: a new condition needs its own."""

JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
FILE_PART = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n--b--\r\n'
REFUSED_BODIES: dict[str, tuple[bytes, str]] = {
    "not_an_object": (b"[1, 2]", JSON),
    "not_a_number": (b'{"wait_seconds": NaN}', JSON),
    "too_deep": (b"[" * 30 + b"]" * 30, JSON),
    "too_many_fields": (b"a=1&" * 1_100, FORM),
    "name_clash": (b"a=1&a.b=2", FORM),
    "sent_twice": (b'{"twice": "1"}', JSON),
    "broken_json": (b'{"title": "x', JSON),
    "form_as_text": (b"title=x", JSON),
    "broken_multipart": (b"x", f"{MULTIPART}; boundary=b"),
    "not_utf8": (b'{"title": "\xff"}', JSON),
    "file_not_taken": (FILE_PART, f"{MULTIPART}; boundary=b"),
}
"""A body for each problem of whole requests that the reading of bodies alone can tell."""

APP = Flask("page")
APP.config["MAX_CONTENT_LENGTH"] = 1_048_576


def section(title: str) -> str:
    """Return what stands under a heading, up to the next of its rank or a higher one."""
    rank = title.partition(" ")[0]
    start = PAGE.index(f"\n{title}\n") + len(title) + 2
    end = re.compile(rf"^#{{1,{len(rank)}}} ", re.MULTILINE).search(PAGE, start)
    return PAGE[start : end.start() if end else None]


def table(text: str, first: str, second: str) -> list[dict[str, str]]:
    """Return the rows of the table whose first columns have these names; none where it is not there."""
    _, head, rest = text.partition(f"| {first} | {second} |")
    if not head:
        return []
    names, _, *lines = (head + rest.partition("\n\n")[0]).strip().split("\n")
    columns = names.strip("| ").split(" | ")
    cells = [re.split(r"(?<!\\) \| ?", line.removeprefix("| ").removesuffix("|")) for line in lines]
    return [dict(zip(columns, (cell.strip() for cell in row), strict=False)) for row in cells]


def codes(cell: str) -> list[str]:
    """Return what stands in a cell as code."""
    return [found.replace("\\|", "|") for found in CODE.findall(cell)]


OPERATIONS = re.findall(r"^### (.+)$", section("## Fields"), re.MULTILINE)


def operation_rows(first: str, second: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the rows of a table that every operation may have, with the operation."""
    for operation in OPERATIONS:
        for row in table(section(f"### {operation}"), first, second):
            yield operation, row


FIELDS = [(operation, codes(row["field"])[0], row) for operation, row in operation_rows("field", "takes")]
CONDITIONS = list(operation_rows("when", "problem"))
IGNORED = [
    (operation, codes(row["field"])[0], row["why"]) for operation, row in operation_rows("field", "why")
]
REFUSED = [
    (operation, codes(row["field"])[0], codes(row["problem"])[0])
    for operation, row in operation_rows("field", "problem")
]
KINDS = re.findall(r"^### (.+)$", section("## Values"), re.MULTILINE)
VALUES = [(kind, row) for kind in KINDS for row in table(section(f"### {kind}"), "sent", "which is")]


def right_value(takes: str) -> object:
    """Return a value that a field takes, by the page's words for it."""
    if takes.startswith("true or false"):
        return False
    if takes.startswith("a list of"):
        return [PHOTO]
    if takes.startswith("an http or https URL"):
        return PHOTO
    if number := re.search(r"a whole number.* from (\d+) to", takes):
        return int(number.group(1))
    if takes.startswith(("text", "free text")):
        return "x"
    return takes.removeprefix("one of ").partition(";")[0].partition(",")[0]


def required(operation: str) -> list[str]:
    """Return the fields that an operation needs, by themselves or by a condition."""
    (line,) = re.findall(r"^Required: (.*)\.$", section(f"### {operation}"), re.MULTILINE)
    conditions = [row for of, row in CONDITIONS if of == operation and codes(row["problem"]) == ["required"]]
    return codes(line) + [codes(row["told at"])[0] for row in conditions]


def right_rows(operation: str) -> dict[str, object]:
    """Return what an operation needs at least."""
    takes = {field: row["takes"] for of, field, row in FIELDS if of == operation}
    return {name: right_value(takes[name]) for name in required(operation)}


def answer(operation: str, rows: Mapping[str, object]) -> Understanding:
    """Understand right rows with these among them."""
    return load_contract().understand(operation, {**right_rows(operation), **rows})


def without(operation: str, field: str) -> dict[str, object]:
    """Return the right rows of an operation but for one field."""
    return {name: value for name, value in right_rows(operation).items() if name != field}


def sent_as(operation: str, field: str, name: str, value: object) -> Understanding:
    """Understand right rows in which a field comes under this name alone."""
    return load_contract().understand(operation, {**without(operation, field), name: value})


def test_the_page_has_tables_of_everything() -> None:
    assert len(KINDS) > 10
    assert len(VALUES) > 150
    assert len(FIELDS) > 60
    assert len(IGNORED) > 10
    assert len(REFUSED) > 40
    assert set(load_contract().operations) == set(OPERATIONS)


@pytest.mark.parametrize(("kind", "row"), VALUES, ids=lambda item: str(item)[:60])
def test_a_value_becomes_what_its_table_says(kind: str, row: Row) -> None:
    given, *zone = codes(row["sent"])
    rows = {"x": json.loads(given), **({"timezone": json.loads(zone[0])} if zone else {})}
    found = understand(plan_of(kind), rows)
    rule = row["rule or problem"].removesuffix("(with a warning)").strip()
    if row["becomes"] == "refused":
        assert rule in {problem.problem for problem in found.problems}
        return
    becomes = rows["x"] if row["becomes"] == "as it is" else None
    if row["becomes"].startswith("`"):
        becomes = json.loads(codes(row["becomes"])[0])
    assert found.input.get("x") == becomes
    assert [item.rule for item in found.coerced if item.field == "x"] == ([rule] if rule else [])
    assert bool(found.warnings) is ("with a warning" in row["rule or problem"])


@pytest.mark.parametrize("row", table(section("## Nothing"), "sent", "in any field but free text"), ids=str)
def test_nothing_is_what_its_table_says(row: Row) -> None:
    given = json.loads(codes(row["sent"])[0])
    for kind, told in (("Ids and names", "in any field but free text"), ("Free text", "in free text")):
        found = understand(plan_of(kind), {"x": given})
        absent, _, rule = row[told].partition(": ")
        assert ("x" not in found.input) is (absent == "absent")
        if rule:
            assert [item.rule for item in found.coerced] == [rule]


@pytest.mark.parametrize("row", table(section("## How a request is read"), "sent", "rows"), ids=str)
def test_a_body_becomes_the_rows_of_its_table(row: Row) -> None:
    sent, rows = codes(row["sent"])[0], json.loads(codes(row["rows"])[0])
    kind = JSON if sent.startswith(("{", "[")) else FORM
    with APP.test_request_context("/", method="POST", data=sent.encode(), content_type=kind):
        assert dict(take_apart(read_rows(request).rows)) == rows


@pytest.mark.parametrize(("operation", "field", "row"), FIELDS, ids=lambda item: str(item)[:40])
def test_a_field_is_taken_under_each_of_its_names(operation: str, field: str, row: Row) -> None:
    value = right_value(row["takes"])
    for name in (field, *codes(row["also called"])):
        camel = to_camel(name)
        for spelled in {name, camel}:
            found = sent_as(operation, field, spelled, value)
            if "named in `ignored`" not in row["takes"]:
                assert found.ignored == ()
            rule = "field_case" if spelled != name else "field_alias" if name != field else ""
            rules = [item.rule for item in found.coerced if item.field == field]
            assert rules == ([rule] if rule else [])
    for name in (spelled for each in codes(row["opposite"]) for spelled in {each, to_camel(each)}):
        found = sent_as(operation, field, name, "yes")
        assert found.input[field] is False
        assert [item.rule for item in found.coerced] == ["inverse_name"]


@pytest.mark.parametrize(("operation", "field", "row"), FIELDS, ids=lambda item: str(item)[:40])
def test_the_other_names_of_choices_are_taken(operation: str, field: str, row: Row) -> None:
    pairs = codes(row["choices also called"])
    for alias, choice in zip(pairs[::2], pairs[1::2], strict=True):
        found = sent_as(operation, field, field, alias)
        assert found.input[field] == choice
        assert [item.rule for item in found.coerced] == ["enum_alias"]


def code_of(cell: str, problem: str, *, entry: bool = False) -> str:
    """Return the code of a problem of a field, by the page's column `error`."""
    for part in cell.split("; "):
        code, said = CODE.search(part), part.partition("(")[2].rstrip(")")
        if code and (said == "*an entry*" if entry else not said or problem in said.split(", ")):
            return code.group(1)
    return "invalid_request"


@pytest.mark.parametrize(("operation", "field", "row"), FIELDS, ids=lambda item: str(item)[:40])
def test_what_is_refused_has_the_code_of_its_field(operation: str, field: str, row: Row) -> None:
    free_text, bounds = row["takes"].startswith("free text"), re.search(r"from (\d+) to (\d+)", row["takes"])
    wrong: list[tuple[object, str]] = (
        [(True, "not_text")] if free_text else [(LEFTOVER, "unresolved_expression")]
    )
    if bounds:
        wrong += [(int(bounds.group(1)) - 1, "too_small"), (int(bounds.group(2)) + 1, "too_large")]
    if longest := re.search(r"at most (\d+) (?:characters|UTF-16 units)", row["takes"]):
        start = PHOTO if row["takes"].startswith("an http") else ""
        wrong.append((start + "x" * (int(longest.group(1)) + 1), "too_long"))
    if row["takes"].startswith("a list of"):
        wrong += [([], "too_few"), ([PHOTO] * 36, "too_many"), (5, "not_a_list")]
        (of_entry,) = sent_as(operation, field, field, [LEFTOVER]).problems
        assert of_entry.field == f"{field}[0]"
        assert of_entry.code == code_of(row["error"], "unresolved_expression", entry=True)
    for value, problem in wrong:
        (found,) = sent_as(operation, field, field, value).problems
        assert (found.field, found.problem) == (field, problem)
        assert found.code == code_of(row["error"], problem)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_required_is_told_when_it_is_missing(operation: str) -> None:
    errors = {field: row["error"] for of, field, row in FIELDS if of == operation}
    needs = (row for of, row in CONDITIONS if of == operation and codes(row["problem"]) == ["required"])
    of_conditions = {codes(row["told at"])[0]: row["error"] for row in needs}
    for name in required(operation):
        (found,) = load_contract().understand(operation, without(operation, name)).problems
        assert (found.field, found.problem) == (name, "required")
        assert found.code == code_of(of_conditions.get(name, errors[name]), "required")
    assert load_contract().understand(operation, right_rows(operation)).ok


@pytest.mark.parametrize(("operation", "row"), CONDITIONS, ids=lambda item: str(item)[:60])
def test_a_condition_is_told_where_the_page_says_and_silent_while_a_field_is_wrong(
    operation: str, row: Row
) -> None:
    broken, (field,), (problem,) = BROKEN[row["when"]], codes(row["told at"]), codes(row["problem"])
    (found,) = answer(operation, broken).problems
    assert (found.field, found.problem, found.code) == (field, problem, codes(row["error"])[0])
    for other in (field, *codes(row["also about"])):
        assert {each.problem for each in answer(operation, {**broken, other: LEFTOVER}).problems} == {
            "unresolved_expression"
        }


@pytest.mark.parametrize(("operation", "row"), list(operation_rows("when", "warning")), ids=str)
def test_what_is_allowed_with_a_warning_is_warned_of(operation: str, row: Row) -> None:
    pairs = (part.partition(": ") for part in row["when"].split(" with "))
    found = answer(operation, {name: json.loads(value) for name, _, value in pairs})
    assert found.ok
    assert found.warnings == (row["warning"],)


@pytest.mark.parametrize(("operation", "name", "why"), IGNORED)
def test_what_has_no_effect_is_ignored_for_the_reason_on_the_page(
    operation: str, name: str, why: str
) -> None:
    for spelled in {name, to_camel(name)}:
        found = answer(operation, {spelled: LEFTOVER})
        assert found.ok
        assert [(item.field, item.why) for item in found.ignored] == [(spelled, why)]


@pytest.mark.parametrize(("operation", "name", "problem"), REFUSED)
def test_what_is_refused_is_refused_where_it_asks_for_something(
    operation: str, name: str, problem: str
) -> None:
    for spelled in {name, to_camel(name)}:
        (found,) = answer(operation, {spelled: "x"}).problems
        assert (found.field, found.problem, found.code) == (spelled, problem, "invalid_request")
        for nothing in NOTHING:
            calm = answer(operation, {spelled: nothing})
            assert calm.ok
            assert [item.field for item in calm.ignored] == [spelled]


@pytest.mark.parametrize("problem", REFUSED_BODIES)
def test_a_body_that_is_refused_as_a_whole_has_the_code_of_its_problem(problem: str) -> None:
    (row,) = (
        row
        for row in table(section("## The refusal"), "problem", "what it says")
        if codes(row["problem"]) == [problem]
    )
    body, kind = REFUSED_BODIES[problem]
    with (
        APP.test_request_context("/?twice=2", method="POST", data=body, content_type=kind),
        pytest.raises(PostrailError) as caught,
    ):
        read_rows(request)
    assert caught.value.code == codes(row["of a whole request: error"])[0]
    assert [found.problem for found in caught.value.details] == [problem]


def test_every_rule_and_problem_on_the_page_is_explained_once() -> None:
    rules = [codes(row["rule"])[0] for row in table(section("## The receipt"), "rule", "what it says")]
    problems = [
        codes(row["problem"])[0] for row in table(section("## The refusal"), "problem", "what it says")
    ]
    for words in (rules, problems):
        assert len(words) == len(set(words))
    told = {row["rule or problem"].removesuffix("(with a warning)").strip() for _, row in VALUES}
    assert told - {""} <= {*rules, *problems}
