"""Every accepted spelling of every type, and those that are left for the schema to refuse."""

import pytest

from connector.contract.coerce import (
    RULES,
    enum_reader,
    read_absence,
    read_boolean,
    read_integer,
    read_text,
    read_trimmed,
)
from connector.contract.lists import read_url_list
from connector.contract.text import ExactNumber

A, B, C = (
    "https://media.example.com/a.jpg",
    "https://media.example.com/b.webp",
    "http://cdn.example.com/c.png",
)
COMMAS = "https://cdn.example.com/w_100,h_200/a.jpg"


@pytest.mark.parametrize("text", ["true", "TRUE", "True", " true ", "true\n", "1", "yes", "YES", "on", "On"])
def test_text_that_means_true_is_read_as_true(text: str) -> None:
    assert read_boolean(text) == (True, "text_to_boolean")


@pytest.mark.parametrize("text", ["false", "FALSE", " False", "0", "no", "No", "off", "OFF "])
def test_text_that_means_false_is_read_as_false(text: str) -> None:
    assert read_boolean(text) == (False, "text_to_boolean")


@pytest.mark.parametrize(
    ("number", "meaning"), [(1, True), (0, False), (1.0, True), (ExactNumber("0.0"), False)]
)
def test_the_numbers_one_and_zero_are_booleans(number: float, meaning: bool) -> None:
    assert read_boolean(number) == (meaning, "number_to_boolean")


@pytest.mark.parametrize("value", ["maybe", "", "t", "y", "2", "wahr", "true false", 2, -1, 0.5, [True], {}])
def test_what_is_no_boolean_is_left_untouched(value: object) -> None:
    assert read_boolean(value) == (value, "")


@pytest.mark.parametrize("value", [True, False])
def test_a_boolean_needs_no_receipt(value: bool) -> None:
    assert read_boolean(value) == (value, "")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("42", 42),
        (" 7 ", 7),
        ("+5", 5),
        ("-3", -3),
        ("007", 7),
        ("3.0", 3),
        ("12345678901234567890", 12345678901234567890),
    ],
)
def test_text_of_digits_is_read_as_an_integer(text: str, number: int) -> None:
    assert read_integer(text) == (number, "text_to_integer")


@pytest.mark.parametrize(
    "text", ["", "1_000", "1,000", "1.5", "1e3", "0x10", "٣", "12 s", "--1", "nan", "9" * 41]
)
def test_other_text_is_no_integer(text: str) -> None:
    assert read_integer(text) == (text, "")


def test_a_number_with_a_fraction_of_zero_is_an_integer() -> None:
    assert read_integer(ExactNumber("3.0")) == (3, "number_to_integer")


@pytest.mark.parametrize("value", [1.5, float("nan"), float("inf"), True, None, [1]])
def test_other_values_are_no_integers(value: object) -> None:
    read, rule = read_integer(value)
    assert read is value
    assert rule == ""


@pytest.mark.parametrize("text", ["true", "007", "[1,2]", "null", "  x  ", "{{ x }}", "héé 😀", "a\r\nb"])
def test_free_text_is_never_touched(text: str) -> None:
    assert read_text(text) == (text, "")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (42, "42"),
        (-1, "-1"),
        (7602997070760331285, "7602997070760331285"),
        (1.5, "1.5"),
        (ExactNumber("1.10"), "1.10"),
    ],
)
def test_a_number_for_text_becomes_the_text_it_was_written_as(number: float, text: str) -> None:
    assert read_text(number) == (text, "number_to_text")


@pytest.mark.parametrize("value", [True, [1], {"a": 1}])
def test_other_values_do_not_become_text(value: object) -> None:
    assert read_text(value) == (value, "")


def test_blanks_around_an_id_or_a_url_are_taken_away() -> None:
    assert read_trimmed(f" {A}\n") == (A, "trimmed")


@pytest.mark.parametrize(
    ("text", "choice", "rule"),
    [
        ("SELF_ONLY", "SELF_ONLY", ""),
        ("self_only", "SELF_ONLY", "enum_spelling"),
        (" Self-Only ", "SELF_ONLY", "enum_spelling"),
        ("self only", "SELF_ONLY", "enum_spelling"),
        ("selfOnly", "SELF_ONLY", "enum_spelling"),
        ("private", "SELF_ONLY", "enum_alias"),
        ("Private", "SELF_ONLY", "enum_alias"),
        ("everyone", "everyone", ""),
    ],
)
def test_a_choice_is_found_whatever_its_case_and_separators(text: str, choice: str, rule: str) -> None:
    read = enum_reader(["SELF_ONLY", "PUBLIC_TO_EVERYONE"], {"private": "SELF_ONLY"})
    assert read(text) == (choice, rule)


@pytest.mark.parametrize(
    ("value", "urls", "rule"),
    [
        ([A, B], [A, B], ""),
        ([], [], ""),
        ([f" {A} ", B], [A, B], "trimmed"),
        (A, [A], "single_to_list"),
        (f" {A} ", [A], "single_to_list"),
        (f'["{A}","{B}"]', [A, B], "json_text_to_list"),
        ("[]", [], "json_text_to_list"),
        (f"{A}\n{B}", [A, B], "lines_to_list"),
        (f"{A}\r\n\r\n {B} \r\n", [A, B], "lines_to_list"),
        (f"{A},{B}", [A, B], "commas_to_list"),
        (f"{A}, {C} ,{B}", [A, C, B], "commas_to_list"),
        (f"{A},\n{B}", [A, B], "commas_to_list"),
        (COMMAS, [COMMAS], "single_to_list"),
        (f"{COMMAS}\n{A}", [COMMAS, A], "lines_to_list"),
        ("a.jpg,b.jpg", ["a.jpg,b.jpg"], "single_to_list"),
        ("1,2,true", ["1,2,true"], "single_to_list"),
        ("[broken", ["[broken"], "single_to_list"),
        ({"0": A, "1": B}, [A, B], "indexed_to_list"),
        ({"10": B, "2": A}, [A, B], "indexed_to_list"),
        ({"": A}, [A], "indexed_to_list"),
        ({"": [A, B]}, [A, B], "indexed_to_list"),
    ],
)
def test_a_list_of_urls_may_be_spelled_in_many_ways(value: object, urls: list[str], rule: str) -> None:
    assert read_url_list(value) == (urls, rule)


@pytest.mark.parametrize("value", [{"url": A}, {"0": A, "x": B}, {}, 5, True])
def test_what_is_no_list_is_left_untouched(value: object) -> None:
    assert read_url_list(value) == (value, "")


@pytest.mark.parametrize(
    ("value", "free_text", "rule"),
    [
        (None, True, "null_to_absent"),
        (None, False, "null_to_absent"),
        ("", True, "empty_to_absent"),
        ("", False, "empty_to_absent"),
        ("  ", True, ""),
        ("  ", False, "empty_to_absent"),
        ("null", True, ""),
        ("null", False, "null_to_absent"),
        ("undefined ", False, "null_to_absent"),
        ("None", False, ""),
        (0, False, ""),
        (False, False, ""),
        ([], False, ""),
    ],
)
def test_nothing_is_recognised_as_nothing(value: object, free_text: bool, rule: str) -> None:
    assert read_absence(value, free_text=free_text) == rule


def test_every_rule_is_described_in_a_sentence() -> None:
    assert all(words.endswith(".") for words in RULES.values())
