"""TikTok's envelope: split, and judged by what it says of the effect."""

import json

import pytest

from connector.tiktok import wire


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"error":"x"}', b'{"error":{}}', b'{"error":{"code":1}}']
)
def test_a_reply_of_another_shape_is_not_taken_for_success(body: bytes) -> None:
    with pytest.raises(wire.ReplyError):
        wire.parse_reply(body)


def test_data_may_be_absent() -> None:
    assert wire.parse_reply(json.dumps({"error": {"code": "ok"}}).encode())[0] == {}


def test_the_log_id_is_found_under_each_of_its_names() -> None:
    assert wire.log_id_of({"log_id": "a"}, {}) == "a"
    assert wire.log_id_of({"logid": "b"}, {}) == "b"
    assert wire.log_id_of({}, {"x-tt-logid": "c"}) == "c"
    assert wire.log_id_of({}, {}) is None


@pytest.mark.parametrize(
    ("status", "code", "read", "change"),
    [
        (200, "reached_active_user_cap", "refused", "refused"),
        (400, "invalid_params", "refused", "refused"),
        (401, "access_token_invalid", "refused", "refused"),
        (403, "some_new_code", "refused", "refused"),
        (429, "rate_limit_exceeded", "retry", "retry"),
        (200, "rate_limit_exceeded", "retry", "retry"),
        (429, None, "retry", "retry"),
        (500, "internal_error", "retry", "unknown"),
        (200, "internal_error", "retry", "unknown"),
        (503, "new_trouble", "retry", "unknown"),
        (502, None, "retry", "unknown"),
        (200, None, "retry", "unknown"),
        (403, None, "retry", "unknown"),
    ],
)
def test_an_error_says_whether_the_call_may_have_had_its_effect(
    status: int, code: str | None, read: str, change: str
) -> None:
    assert wire.outcome_of(status, code, repeatable=True) == read
    assert wire.outcome_of(status, code, repeatable=False) == change


def test_only_inits_are_not_repeatable() -> None:
    endpoints = [value for value in vars(wire).values() if isinstance(value, wire.Endpoint)]
    assert {item.name for item in endpoints if not item.repeatable} == {
        "video/init",
        "inbox/video/init",
        "content/init",
    }
    assert len({item.path for item in endpoints}) == len(endpoints) == 9


def test_a_code_passes_through_unless_its_name_means_something_else_here() -> None:
    assert wire.our_code("spam_risk") == "spam_risk"
    assert wire.our_code("quite_new") == "quite_new"
    assert wire.our_code("internal_error") == "tiktok_internal_error"
    assert wire.our_code("invalid_request") == "tiktok_invalid_request"


def test_an_unknown_publish_id_is_named_as_on_tiktoks_pages() -> None:
    assert wire.our_code("invalid_params", "invalid_publish_id") == "invalid_publish_id"
    assert wire.our_code("invalid_params", "The chunk size is invalid") == "invalid_params"


@pytest.mark.parametrize(
    ("value", "text", "number"),
    [
        (7602997517160123666, "7602997517160123666", 7602997517160123666),
        ("7602997517160123666", "7602997517160123666", 7602997517160123666),
        ("", None, None),
        (None, None, None),
        (True, None, None),
        (1.5, None, None),
        ("-5", "-5", None),
        ("9" * 5000, "9" * 5000, None),
        ("x", "x", None),
        ([1], None, None),
    ],
)
def test_texts_and_numbers_are_read_without_guessing(
    value: object, text: str | None, number: int | None
) -> None:
    assert wire.text_or_none(value) == text
    assert wire.number_or_none(value) == number
