"""Bodies into rows: what tools send, how names nest, and what is refused."""

from collections.abc import Callable

import pytest

from connector.contract import rows_from_json, rows_from_pairs
from connector.kernel.errors import PostrailError

Pairs = list[tuple[str, object]]


def refusal(act: Callable[[], object]) -> tuple[str, str]:
    """Return code and problem of the refusal that `act` meets."""
    with pytest.raises(PostrailError) as caught:
        act()
    return caught.value.code, caught.value.details[0].problem


def test_an_object_gives_its_members() -> None:
    assert rows_from_json(b'{"title": "x", "n": [1, true, null]}') == {"title": "x", "n": [1, True, None]}


@pytest.mark.parametrize("body", [b"", b"  \n", b"\xef\xbb\xbf"])
def test_an_empty_body_has_no_rows(body: bytes) -> None:
    assert rows_from_json(body) == {}


def test_a_byte_order_mark_is_no_part_of_the_body() -> None:
    assert rows_from_json(b'\xef\xbb\xbf{"a": "\xc3\xa9"}') == {"a": "é"}


def test_integers_of_any_size_stay_exact() -> None:
    assert rows_from_json(b'{"id": 12345678901234567890123}') == {"id": 12345678901234567890123}


def test_the_last_of_two_equal_names_wins_with_a_warning() -> None:
    rows = rows_from_json(b'{"title": "a", "title": "b", "x": {"y": 1, "y": 2}}')
    assert rows == {"title": "b", "x": {"y": 2}}
    assert rows.warnings == (
        '"title" was sent twice; the last one counts.',
        '"y" was sent twice; the last one counts.',
    )


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"a": NaN}', "not_a_number"),
        (b'{"a": -Infinity}', "not_a_number"),
        (b'{"a": 1e999}', "not_a_number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too_deep"),
        (b'{"title": "a "quoted" word"}', "broken_json"),
        (b"source_url=x", "form_as_text"),
        (b"<a b='c'/>", "broken_json"),
        (b'{"a": "\xff"}', "not_utf8"),
        (b"[1, 2]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"null", "not_an_object"),
        (b'{"a": ' + b"[" * 21 + b"]" * 21 + b"}", "too_deep"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep"),
        (b'{"a": [' + b"1," * 1_000 + b"1]}", "too_many_fields"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_by_name(body: bytes, problem: str) -> None:
    assert refusal(lambda: rows_from_json(body)) == ("bad_request", problem)


def test_bodies_at_the_bounds_are_read() -> None:
    assert rows_from_json(b'{"a": ' + b"[" * 19 + b"]" * 19 + b"}")
    assert rows_from_json(b'{"a": [' + b"1," * 998 + b"1]}")


@pytest.mark.parametrize("name", ["name", "key"])
def test_a_list_of_rows_is_read_like_a_form(name: str) -> None:
    body = f'[{{"{name}": "title", "value": "x"}}, {{"{name}": "c[0]", "value": 7}}, {{"{name}": "gone"}}]'
    assert rows_from_json(body.encode()) == {"title": "x", "c": [7], "gone": None}


@pytest.mark.parametrize(
    ("pairs", "rows"),
    [
        ([("title", "x"), ("flag", "")], {"title": "x", "flag": ""}),
        ([("a.b", "1"), ("e[k]", "v")], {"a": {"b": "1"}, "e": {"k": "v"}}),
        ([("a[b][c]", "1"), ("a[b][d]", "2")], {"a": {"b": {"c": "1", "d": "2"}}}),
        ([("c[1]", "y"), ("c[0]", "x"), ("c[10]", "z")], {"c": ["x", "y", "z"]}),
        ([("c.0", "x"), ("c.1", "y")], {"c": ["x", "y"]}),
        ([("d[]", "x"), ("d[]", "y")], {"d": ["x", "y"]}),
        ([("d[]", "x")], {"d": ["x"]}),
        ([("d[][0]", "x"), ("d[][1]", "y")], {"d": ["x", "y"]}),
        ([("dup", "1"), ("dup", "2")], {"dup": ["1", "2"]}),
        ([("images[0][url]", "u"), ("images[0][cover]", "1")], {"images": [{"url": "u", "cover": "1"}]}),
        ([("", ""), ("a[", "1"), ("[x]", "2")], {"": "", "a[": "1", "[x]": "2"}),
        ([("a..b", "1")], {"a..b": "1"}),
    ],
)
def test_names_nest_and_index_in_any_order(pairs: Pairs, rows: dict[str, object]) -> None:
    assert rows_from_pairs(pairs) == rows


@pytest.mark.parametrize(
    ("pairs", "problem"),
    [
        ([("a", "1"), ("a.b", "2")], "name_clash"),
        ([("a.b", "2"), ("a", "1")], "name_clash"),
        ([("a" + "[b]" * 20, "1")], "too_deep"),
        ([(f"k{n}", "1") for n in range(1_001)], "too_many_fields"),
    ],
)
def test_pairs_that_contradict_or_exceed_bounds_are_refused(pairs: Pairs, problem: str) -> None:
    assert refusal(lambda: rows_from_pairs(pairs)) == ("bad_request", problem)
