"""What holds for all rows: nothing raises, twice is once, order does not matter, text survives."""

import json
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.contract import Rows, load_contract, rows_from_json, rows_from_pairs
from connector.contract.coerce import (
    Reader,
    read_boolean,
    read_integer,
    read_text,
    read_trimmed,
)
from connector.contract.contract import Contract
from connector.contract.lists import read_url_list
from connector.contract.plan import compile_plan
from connector.contract.text import fit
from connector.contract.validate import root_of
from connector.kernel.errors import PostrailError
from connector.kernel.jsontext import canonical

CONTRACT: Contract = load_contract()


def names_of(key: str) -> list[str]:
    """Return every name that an operation's fields may be sent under."""
    return list(compile_plan(dict(CONTRACT.schema(f"input/{key}"))).names)


OPERATIONS = st.sampled_from(sorted(CONTRACT.operations))

WORDS = st.sampled_from(
    [
        "true", "FALSE", " 1 ", "0", "yes", "maybe", "", " ", "null", "undefined", "007", "3.0", "-5", "1e3",
        "NaN",
        "public", "self only", "SELF_ONLY", "EVERYBODY", "settled", "upload", "PHOTO", "@mia",
        "{{ $json.x }}", "[object Object]", "https://a.example/1.jpg",
        " https://a.example/w_1,h_2/1.jpg ", "1,2,true",
        "https://a.example/1.jpg,https://b.example/2.jpg", "https://a.example/1.jpg\nhttps://b.example/2.jpg",
        '["https://a.example/1.jpg"]', "[", "\ud800", "😀" * 60, "x" * 5000,
    ]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | WORDS
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5) | st.just("0"), inner, max_size=4)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    sorted(
        {name for key in CONTRACT.operations for name in names_of(key)}
        | {"disable_duet", "", "captoin", "0", "a.b"}
    )
)
ROWS = st.dictionaries(NAMES | st.text(max_size=8), JSON, max_size=10)


def spelled(value: object) -> str:
    """Spell a value so that NaN equals itself and lone surrogates do no harm."""
    return json.dumps(value, sort_keys=True)


@settings(deadline=None)
@given(OPERATIONS, ROWS, st.booleans(), st.sampled_from([None, "pm3k"]))
def test_no_rows_raise_and_every_answer_can_be_written(
    key: str,
    rows: dict[str, object],
    strict: bool,
    dialect: str | None,
) -> None:
    understood = CONTRACT.understand(key, rows, strict=strict, dialect=dialect)
    json.dumps(understood.receipt(), ensure_ascii=False).encode()
    if not understood.ok:
        error = understood.error()
        assert error.code in CONTRACT.errors
        json.dumps([problem.as_dict() for problem in error.details], ensure_ascii=False).encode()
        error.message.encode()


@settings(deadline=None)
@given(OPERATIONS, ROWS, st.booleans())
def test_every_place_has_one_problem_and_is_called_as_it_was_sent(
    key: str, rows: dict[str, object], strict: bool
) -> None:
    places = [problem.field for problem in CONTRACT.understand(key, rows, strict=strict).problems]
    assert len(set(places)) == len(places)
    properties = CONTRACT.schema(f"input/{key}")["properties"]
    assert isinstance(properties, Mapping)
    known = {*map(fit, rows), *properties}
    assert all(place in known or root_of(place) in known for place in places)


@st.composite
def good_rows(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    """An operation and rows that have good chances: an example of its schema with a few rows changed."""
    key = draw(OPERATIONS)
    schema = CONTRACT.schema(CONTRACT.operation(key).operation.input_schema)
    examples = schema["examples"]
    assert isinstance(examples, list)
    properties = schema["properties"]
    assert isinstance(properties, Mapping)
    change = draw(st.dictionaries(st.sampled_from(sorted(properties)), WORDS | SCALARS, max_size=3))
    return key, {**draw(st.sampled_from(examples)), **change}


@settings(deadline=None)
@given(good_rows())
def test_understanding_twice_is_understanding_once(case: tuple[str, dict[str, object]]) -> None:
    key, rows = case
    once = CONTRACT.understand(key, rows)
    if once.ok:
        twice = CONTRACT.understand(key, once.input)
        assert twice.input == once.input
        assert twice.coerced == ()


@settings(deadline=None)
@given(good_rows())
def test_canonical_input_is_valid_without_any_coercion(case: tuple[str, dict[str, object]]) -> None:
    key, rows = case
    once = CONTRACT.understand(key, rows)
    if once.ok:
        again = CONTRACT.understand(key, once.input, strict=True)
        assert again.problems == ()
        assert again.input == once.input


@settings(deadline=None)
@given(good_rows())
def test_the_short_way_and_the_long_way_give_the_same(case: tuple[str, dict[str, object]]) -> None:
    key, rows = case
    try:
        read = rows_from_json(canonical(rows).encode("utf-8", "surrogatepass"))
    except (ValueError, PostrailError):
        return
    short, long = (
        CONTRACT.understand(key, read),
        CONTRACT.understand(key, Rows.of(read, warnings=read.warnings)),
    )
    assert spelled(short.input) == spelled(long.input)
    assert spelled(short.content) == spelled(long.content)
    assert spelled(short.receipt()) == spelled(long.receipt())
    assert short.problems == long.problems


@settings(deadline=None)
@given(good_rows(), st.data())
def test_the_order_of_rows_does_not_matter(case: tuple[str, dict[str, object]], data: st.DataObject) -> None:
    key, rows = case
    names = data.draw(st.permutations(sorted(rows)))
    first, second = (
        CONTRACT.understand(key, rows),
        CONTRACT.understand(key, {name: rows[name] for name in names}),
    )
    assert spelled(first.input) == spelled(second.input)
    assert list(first.input) == list(second.input)
    assert spelled(first.receipt()) == spelled(second.receipt())
    assert first.problems == second.problems


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=90))
def test_text_survives_byte_for_byte(text: str) -> None:
    rows = {"source_url": "https://a.example/x.mp4", "privacy": "SELF_ONLY", "title": text}
    understood = CONTRACT.understand("post_video", rows_from_json(json.dumps(rows).encode()))
    assert str(understood.input["title"]).encode() == text.encode()


@settings(deadline=None)
@given(JSON)
@pytest.mark.parametrize("read", [read_boolean, read_integer, read_text, read_trimmed, read_url_list])
def test_each_reader_changes_a_value_once_at_most(read: Reader, value: object) -> None:
    once, _ = read(value)
    twice, rule = read(once)
    assert rule == ""
    assert spelled(twice) == spelled(once)


def refusal(act: Callable[[], object]) -> str | None:
    """Return the code of the refusal that `act` meets, None when it meets none."""
    try:
        act()
    except PostrailError as error:
        return error.code
    return None


@settings(deadline=None)
@given(st.lists(st.tuples(st.text("ab.[]01", max_size=8), st.text(max_size=3)), max_size=8))
def test_form_names_of_any_shape_become_rows_or_a_refusal(pairs: list[tuple[str, str]]) -> None:
    assert refusal(lambda: rows_from_pairs(pairs)) in {None, "bad_request"}


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text('{}[]",:0e.\\ ', max_size=30).map(str.encode))
def test_a_body_of_any_bytes_becomes_rows_or_a_refusal(body: bytes) -> None:
    assert refusal(lambda: rows_from_json(body)) in {None, "bad_request"}


@settings(deadline=None)
@given(ROWS)
def test_what_json_carries_comes_out_as_it_went_in(rows: dict[str, object]) -> None:
    try:
        body = canonical(rows).encode("utf-8", "replace")
    except ValueError:
        return
    whole = {name: value for name, value in json.loads(body).items() if "." not in name and "[" not in name}
    assert {name: value for name, value in rows_from_json(body).items() if name in whole} == whole


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(max_size=300), st.just("x"), min_size=100, max_size=300))
def test_many_unknown_names_are_all_named(rows: dict[str, object]) -> None:
    understood = CONTRACT.understand("check_status", rows)
    named = {item.field for item in understood.ignored} | {item.field for item in understood.problems}
    assert rows.keys() - set(names_of("check_status")) <= named
