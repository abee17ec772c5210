"""The facade: what is offered, by name, and a dialect's way to it."""

import json
from collections.abc import Callable

import pytest

from connector.contract import Contract, load_contract
from connector.contract.bounds import CleanRows
from connector.contract.load import inline, point
from connector.contract.text import shown, utf16_units
from connector.kernel.errors import PostrailError

DIRECT = "/api/tiktok/direct_post"


def test_the_operations_come_in_the_order_of_the_connector() -> None:
    contract = load_contract()
    assert tuple(contract.operations) == contract.connector.operations
    assert contract.operation("post_photos").operation.kind == "photo"


@pytest.mark.parametrize(
    ("act", "hint"),
    [
        (lambda contract: contract.operation("post_vide"), "Did you mean post_video?"),
        (lambda contract: contract.understand("zzz", {}), "There is no operation 'zzz'."),
        (lambda contract: contract.understand_one("zzz", "x", {}), "There is no operation 'zzz'."),
        (lambda contract: contract.describe("post_photo"), "Did you mean post_photos?"),
        (lambda contract: contract.schema("input/post_vid"), "Did you mean input/post_video?"),
        (lambda contract: contract.translate("pm3", DIRECT, {}), "Did you mean pm3k?"),
        (lambda contract: contract.translate("pm3k", "/nowhere", {}), "has no address '/nowhere'"),
        (lambda contract: contract.understand("check_status", {}, dialect="x"), "There is no dialect 'x'."),
    ],
)
def test_an_unknown_name_is_not_found_and_the_nearest_is_told(
    act: Callable[[Contract], object], hint: str
) -> None:
    with pytest.raises(PostrailError) as caught:
        act(load_contract())
    assert caught.value.code == "not_found"
    assert hint in caught.value.message


def test_a_code_that_the_catalogue_lacks_has_a_fallback() -> None:
    entry = load_contract().error("new_from_tiktok")
    assert (entry.code, entry.error_class, entry.http, entry.who) == (
        "new_from_tiktok",
        "fatal",
        400,
        "tiktok",
    )
    assert not entry.retryable
    assert "new_from_tiktok" in entry.message


def test_the_catalogue_knows_status_and_retry() -> None:
    contract = load_contract()
    assert (contract.error("invalid_request").http, contract.error("invalid_request").retryable) == (
        400,
        False,
    )
    assert contract.error("server_draining").retry_after_s == 5
    assert contract.errors["unconfirmed"].model_dump()["class"] == "retry"


def test_a_description_is_json_with_both_schemas_in_place() -> None:
    described = json.loads(json.dumps(load_contract().describe("post_video")))
    action = described["operation"]
    assert described["display"]["label"] == "Post Video"
    assert action["inputSchema"]["properties"]["privacy"]["title"] == "Who Can See It"
    assert action["outputSchema"]["$id"].endswith("/output/post.json")
    assert action["inputFields"][0] == {
        "key": "source_url",
        "group": "basic",
        "helpText": "The address of the file itself, not of a page that plays it.",
        "placeholder": "https://media.example.com/clip.mp4",
        "hidden": False,
    }


def test_a_description_can_be_changed_without_changing_the_contract() -> None:
    described = load_contract().describe("post_video")
    described["operation"] = None
    load_contract().describe("post_video")["display"] = None
    assert load_contract().operation("post_video").display.label == "Post Video"


def test_schemas_hold_no_references() -> None:
    contract = load_contract()
    assert {"input/post_video", "output/post", "output/error", "meta/operation"} <= set(
        contract.schema_names()
    )
    assert '"$ref"' not in json.dumps([contract.schema(name) for name in contract.schema_names()])


def test_what_stands_beside_a_reference_wins() -> None:
    schemas: dict[str, dict[str, object]] = {
        "input/a": {"x": {"$ref": "b.json#/$defs/y", "title": "mine"}},
        "input/b": {
            "$defs": {"y": {"title": "theirs", "items": [{"$ref": "#/$defs/z"}]}, "z": {"type": "null"}}
        },
    }
    assert inline("input/a", schemas) == {"x": {"title": "mine", "items": [{"type": "null"}]}}


@pytest.mark.parametrize("ref", ["c.json", "a.json#/nothing", "#/x"])
def test_a_reference_that_leads_nowhere_or_in_a_circle_is_an_error(ref: str) -> None:
    with pytest.raises(KeyError):
        inline("input/a", {"input/a": {"x": {"$ref": ref}}})


def test_a_pointer_follows_members_entries_and_escapes() -> None:
    assert point({"a/b": [{"~": 1}]}, "/a~1b/0/~0") == 1
    assert point({"a": 1}, "") == {"a": 1}


@pytest.mark.parametrize(
    ("rows", "operation"),
    [
        ({"media_type": "PHOTO"}, "post_photos"),
        ({"mediaType": " photo "}, "post_photos"),
        ({"media_type": "VIDEO"}, "post_video"),
        ({"media_type": 5}, "post_video"),
        ({}, "post_video"),
    ],
)
def test_pm3k_tells_photos_from_video_by_media_type(rows: dict[str, object], operation: str) -> None:
    assert load_contract().translate("pm3k", DIRECT, rows).operation == operation


def test_pm3k_asks_for_a_status_at_its_own_path() -> None:
    translated = load_contract().translate("pm3k", "/api/tiktok/status", {"publish_id": "v_pub"})
    assert (translated.operation, translated.rows) == ("check_status", {"publish_id": "v_pub"})


def test_pm3k_waits_until_tiktok_has_given_an_id_unless_told_otherwise() -> None:
    contract, rows = load_contract(), {"source_url": "https://a.example/1.mp4", "privacy": "private"}
    for sent, until in (({}, "accepted"), ({"until": None}, "accepted"), ({"until": "public"}, "public")):
        for kind in (dict, CleanRows):
            understood = contract.understand("post_video", kind({**rows, **sent}), dialect="pm3k")
            assert understood.input["until"] == until
    assert "until" not in contract.understand("post_video", rows).input


def test_a_photo_title_that_is_too_long_becomes_the_description_with_a_receipt() -> None:
    contract, title = load_contract(), "😀" * 46
    rows = {
        "media_type": "PHOTO",
        "photo_images": ["https://a.example/1.jpg"],
        "privacy": "private",
        "title": title,
    }
    translated = contract.translate("pm3k", DIRECT, rows)
    understood = contract.understand(translated.operation, translated.rows, dialect="pm3k")
    assert understood.ok
    assert "title" not in understood.input
    assert understood.input["description"] == title
    assert understood.coerced[0].field == "description"
    assert understood.coerced[0].rule == "long_title_to_description"
    for name in ("caption", "description", "text"):
        taken = contract.translate("pm3k", DIRECT, {**rows, name: "other"})
        refused = contract.understand(taken.operation, taken.rows, dialect="pm3k")
        assert [(problem.field, problem.problem) for problem in refused.problems] == [("title", "too_long")]


@pytest.mark.parametrize("value", [["a"], {"a": "b"}, 5, True, "", None, "  "])
def test_a_long_photo_title_beside_any_description_raises_nothing(value: object) -> None:
    contract = load_contract()
    rows = {"media_type": "PHOTO", "title": "x" * 91, "caption": value}
    translated = contract.translate("pm3k", DIRECT, rows)
    assert ("title" in translated.rows) == (value not in ("", None))


def test_pm3k_means_photos_also_where_one_spelling_of_media_type_is_empty() -> None:
    rows = {"media_type": None, "mediaType": "PHOTO"}
    assert load_contract().translate("pm3k", DIRECT, rows).operation == "post_photos"


def test_pm3k_takes_no_number_for_an_unknown_privacy() -> None:
    rows = {"source_url": "https://a.example/1.mp4", "privacy": 3}
    (problem,) = load_contract().understand("post_video", rows, dialect="pm3k").problems
    assert (problem.field, problem.problem) == ("privacy", "not_text")


@pytest.mark.parametrize(
    "rows",
    [
        {"media_type": "PHOTO", "title": "x" * 90},
        {"media_type": "PHOTO", "title": "x" * 91, "description": "taken"},
        {"title": "x" * 91},
    ],
)
def test_a_title_stays_where_it_fits_or_where_it_cannot_move(rows: dict[str, object]) -> None:
    assert load_contract().translate("pm3k", DIRECT, rows).rows["title"] == rows["title"]


def test_a_translation_leaves_the_rows_it_was_given_alone() -> None:
    rows: dict[str, object] = {"media_type": "PHOTO", "title": "x" * 91}
    load_contract().translate("pm3k", DIRECT, rows)
    assert rows == {"media_type": "PHOTO", "title": "x" * 91}


def test_pm3k_has_its_own_words_for_a_duplicate_and_for_what_is_no_video() -> None:
    assert load_contract().dialects["pm3k"].errors == {
        "duplicate_request": "video_duplicate",
        "unsupported_video_type": "bad_request",
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("é", '"é"'),
        ("\ud800", '"\\ud800"'),
        ({"a": [1]}, '{"a": [1]}'),
        ({1, 2}, "set"),
        ("x" * 300, '"' + "x" * 199),
    ],
)
def test_values_are_shown_as_json_that_any_answer_can_carry(value: object, text: str) -> None:
    assert shown(value).startswith(text)
    shown(value).encode()


def test_an_emoji_counts_two_utf16_units() -> None:
    assert utf16_units("a😀é") == 4


def test_one_field_of_an_operation_is_understood_by_itself() -> None:
    contract = load_contract()
    assert contract.understand_one("upload_media", "album_id", {"albumId": 7, "file": "x"}).input == {
        "album_id": "7"
    }
    missing = contract.understand_one("upload_media", "album_id", {"album_id": " "}).error()
    assert (missing.code, missing.details[0].problem) == ("bad_request", "required")
