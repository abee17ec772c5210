"""Ids that sort, times that read, text without secrets, one spelling of JSON."""

import pytest

from connector.kernel.clock import SystemClock, to_iso, to_iso_or_none
from connector.kernel.errors import PostrailError, Problem, cut
from connector.kernel.ids import CROCKFORD, SystemIds, encode_ulid
from connector.kernel.jsontext import canonical, digest
from connector.kernel.redact import HIDDEN, redact


def test_ids_sort_by_the_time_they_were_made() -> None:
    assert encode_ulid(1, 2**80 - 1) < encode_ulid(2, 0)
    assert encode_ulid(2**48 - 1, 2**80 - 1) == "7" + "Z" * 25


def test_an_id_has_its_prefix_and_26_characters_of_the_alphabet() -> None:
    prefix, _, rest = SystemIds(SystemClock()).new("post").partition("_")
    assert (prefix, len(rest)) == ("post", 26)
    assert set(rest) <= set(CROCKFORD)


def test_tokens_do_not_repeat() -> None:
    ids = SystemIds(SystemClock())
    assert len({ids.token() for _ in range(1000)}) == 1000


def test_times_are_spelt_in_utc_with_milliseconds() -> None:
    assert to_iso(1_763_617_002_345) == "2025-11-20T05:36:42.345Z"
    assert to_iso_or_none(None) is None


@pytest.mark.parametrize(
    "secret",
    [
        "Authorization: Bearer pr_key_0123456789abcdefghijklmnopqrstuvwxyz",
        "https://up.example/upload?upload_id=1&upload_token=s3cr3t-t0ken",
        "act.abcdef123456!",
        "https://user:s3cr3t-t0ken@host/path",
        "access_token=s3cr3t-t0ken&x=1",
    ],
)
def test_secrets_are_taken_out_of_text(secret: str) -> None:
    shown = redact(f"before {secret} after")
    assert HIDDEN in shown
    assert "s3cr3t" not in shown
    assert "0123456789abcdef" not in shown
    assert shown.startswith("before")


def test_text_without_secrets_stays_as_it_is() -> None:
    assert redact("https://m.example/v.mp4?x=1") == "https://m.example/v.mp4?x=1"


def test_json_has_one_spelling_whatever_the_order_of_its_members() -> None:
    assert canonical({"b": 1, "a": "é"}) == '{"a":"é","b":1}'
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert digest({"a": 1}) != digest({"a": "1"})


def test_a_lone_surrogate_can_be_hashed() -> None:
    assert len(digest({"title": "\ud83d"})) == 64


def test_long_values_are_cut_and_say_so() -> None:
    assert cut("x" * 205) == "x" * 200 + "... (5 more characters)"
    assert cut("short") == "short"


def test_an_error_keeps_its_problems_in_order() -> None:
    problems = [Problem(field="a", problem="x"), Problem(field="b", problem="y")]
    error = PostrailError("invalid_request", "Two.", details=problems)
    assert [item.field for item in error.details] == ["a", "b"]
    assert str(error) == "invalid_request: Two."
