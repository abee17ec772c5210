"""The short way: taken by what tools usually send, left by all that has to be told of, bounded in memory."""

import json

import pytest

from connector.contract import load_contract, rows_from_json
from connector.contract.bounds import CleanRows, Rows
from connector.contract.plan import compile_plan
from connector.contract.swift import Swift

SCHEMA = dict(load_contract().schema("input/post_video"))
VIDEO: dict[str, object] = {"source_url": "https://media.example.com/a.mp4", "privacy": "PUBLIC_TO_EVERYONE"}


def swift() -> Swift:
    """Return a short way that remembers nothing yet."""
    return Swift(compile_plan(SCHEMA), SCHEMA)


def body(**rows: object) -> bytes:
    """Return a good post as JavaScript writes it."""
    return json.dumps({**VIDEO, **rows}, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "rows",
    [
        {},
        {"title": 'Sunday roast "best" 😀 {ok}', "disable_comment": "true", "is_ad": "0"},
        {"disable_duet": True, "video_cover_timestamp_ms": 1000, "wait_seconds": "25", "account": "@mia"},
        {"is_ad": "yes", "brand_organic_toggle": "1", "idempotency_key": "exec-42:0"},
    ],
)
def test_what_tools_usually_send_takes_the_short_way(rows: dict[str, object]) -> None:
    read = rows_from_json(body(**rows))
    assert isinstance(read, CleanRows)
    assert swift().understand(read) is not None


@pytest.mark.parametrize(
    "rows",
    [
        {"privacy": "public"},
        {"privacy": "SELF_ONLY", "disable_comment": "false"},
        {"disable_comment": "maybe"},
        {"disable_comment": None},
        {"title": "{{ $json.caption }}"},
        {"title": "null"},
        {"title": 5},
        {"title": ""},
        {"account": "NaN"},
        {"account": " @mia"},
        {"source_url": "https://a.example/{{x}}"},
        {"source_url": "https:///a.mp4"},
        {"source_url": "https://a.example/a b.mp4"},
        {"source_url": "https://a.example/\u00a0"},
        {"source_url": "https://a.example/" + "a" * 8_001},
        {"source_url": ["https://a.example/a.mp4"]},
        {"video_cover_timestamp_ms": "-1"},
        {"video_cover_timestamp_ms": 2**31},
        {"idempotency_key": "k" * 256},
        {"wait_seconds": "51"},
        {"is_ad": "true"},
        {"brand": "Acme"},
        {"strict": "true"},
        {"privcy": "x"},
    ],
)
def test_what_has_to_be_told_of_goes_the_long_way(rows: dict[str, object]) -> None:
    assert swift().understand(CleanRows({**VIDEO, **rows})) is None


@pytest.mark.parametrize(
    "data",
    [
        b'{"title":"a","title":"b"}',
        b'{"title":"a" , "title" : "b"}',
        b'{"title":1.10}',
        b'{"title":123456789012345678901234567890}',
        b'{"title":"a\\u0000"}',
        b'{"title":"\\ud83d"}',
        b'{"x":"\\u0022\\u0022","title":"a","title":"b"}',
        b'{"a":{"b":1,"b":2}}',
    ],
)
def test_where_the_fast_parser_would_lose_something_the_exact_one_reads(data: bytes) -> None:
    assert not isinstance(rows_from_json(data), CleanRows)


def test_what_is_remembered_is_bounded_and_stays_right() -> None:
    short = swift()
    for number in range(2_000):
        rows = CleanRows(
            {**VIDEO, "wait_seconds": str(number % 50), "is_aigc": "on" if number % 2 else "off"}
        )
        found = short.understand(rows if number % 3 else CleanRows(reversed(rows.items())))
        assert found is not None
        assert found.input["is_aigc"] is bool(number % 2)
        assert found.input["wait_seconds"] == number % 50


def test_what_is_remembered_of_one_spelling_is_not_told_of_another() -> None:
    short = swift()
    told: list[list[str]] = []
    for given in (True, 1, "1", "yes", True):
        found = short.understand(CleanRows({**VIDEO, "is_aigc": given}))
        assert found is not None
        assert found.input["is_aigc"] is True
        told.append([receipt.rule for receipt in found.coerced])
    assert told == [[], ["number_to_boolean"], ["text_to_boolean"], ["text_to_boolean"], []]


@pytest.mark.parametrize(
    ("operation", "rows"),
    [
        ("post_video", {"disable_comment": "TRUE", "is_aigc": 0, "wait_seconds": "07", "disable_duet": True}),
        (
            "post_photos",
            {"fit": "on", "photo_cover_index": "0", "photo_images": '["https://a.example/\u00e9"]'},
        ),
        (
            "post_photos",
            {"photo_images": json.dumps([f"https://a.example/{number}" for number in range(35)])},
        ),
    ],
)
def test_the_receipt_is_written_out_as_the_long_way_writes_it(
    operation: str, rows: dict[str, object]
) -> None:
    right: dict[str, dict[str, object]] = {
        "post_video": VIDEO,
        "post_photos": {"photo_images": ["https://a.example/1"]},
    }
    sent, contract = {**right[operation], "privacy": "SELF_ONLY", **rows}, load_contract()
    short = contract.understand(operation, CleanRows(sent))
    assert short.receipt() == contract.understand(operation, Rows.of(sent)).receipt()
    assert short.receipt()["coerced"] == [item.as_dict() for item in short.coerced]
