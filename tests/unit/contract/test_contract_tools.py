"""What tools do wrong: named, with a cure for each tool; and names that mean the opposite."""

from typing import Any

import pytest

from connector.contract import Understanding, load_contract, rows_from_form, rows_from_json
from connector.contract.suspect import OF_TOOLS

VIDEO: dict[str, object] = {"source_url": "https://media.example.com/a.mp4", "privacy": "PUBLIC_TO_EVERYONE"}
PHOTOS: dict[str, object] = {
    "photo_images": ["https://media.example.com/a.jpg"],
    "privacy": "PUBLIC_TO_EVERYONE",
}
OF_VIDEOS_ALONE = [
    f"{prefix}{what}" for prefix in ("", "allow_") for what in ("duet", "duets", "stitch", "stitches")
]


def video(**rows: object) -> Understanding:
    """Understand a good video post with these rows."""
    return load_contract().understand("post_video", {**VIDEO, **rows})


def photos(**rows: object) -> Understanding:
    """Understand a good photo post with these rows."""
    return load_contract().understand("post_photos", {**PHOTOS, **rows})


def named(understood: Understanding) -> list[tuple[str, str]]:
    """Return field and problem of each problem."""
    return [(item.field, item.problem) for item in understood.problems]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("source_url", "{{ $json.url }}", "unresolved_expression"),
        ("disable_comment", "={{ $json.flag }}", "unresolved_expression"),
        ("source_url", "=https://media.example.com/a.mp4", "leading_equals"),
        ("privacy", " =SELF_ONLY", "leading_equals"),
        ("wait_seconds", "=5", "leading_equals"),
        ("account", "[object Object]", "object_object"),
        ("video_cover_timestamp_ms", "NaN", "not_a_number"),
        ("wait_seconds", "Infinity", "not_a_number"),
        ("account", "Invalid DateTime", "not_a_number"),
    ],
)
def test_a_leftover_is_named_with_the_cure_of_every_tool(field: str, value: str, problem: str) -> None:
    understood = video(**{field: value})
    assert named(understood) == [(field, problem)]
    assert all(f"{tool}: " in understood.problems[0].fix for tool in ("n8n", "Make", "Zapier"))


@pytest.mark.parametrize(
    ("value", "problem"),
    [("1,2,true", "joined_list"), ("a.jpg,b.jpg ", "trailing_space"), ("x", "not_a_url")],
)
def test_a_list_that_was_written_as_text_is_named(value: str, problem: str) -> None:
    assert named(photos(photo_images=value))[0][1] == problem


@pytest.mark.parametrize(
    "body",
    [
        b"json=%7B%22source_url%22%3A%22https%3A%2F%2Fa.example%22%7D",
        b"%7B%22source_url%22%3A%22https%3A%2F%2Fa.example%22%7D=",
    ],
)
def test_json_in_one_field_of_a_form_is_named(body: bytes) -> None:
    problems = load_contract().understand("post_video", rows_from_form(body)).problems
    assert "json_in_field" in [problem.problem for problem in problems]


def test_an_object_of_fields_within_a_field_is_named() -> None:
    rows = rows_from_json(b'{"body": {"sourceUrl": "https://a.example", "privacy": "SELF_ONLY"}}')
    assert ("body", "json_in_field") in named(load_contract().understand("post_video", rows))


def test_another_object_in_an_unknown_field_is_merely_ignored() -> None:
    assert video(meta={"campaign": 1}, note='{"a": 1}').ok


def test_every_mistake_has_a_cure_in_every_tool() -> None:
    contract = load_contract()
    assert set(contract.tools) == {"n8n", "make", "zapier"}
    assert all(tool.cures.keys() == OF_TOOLS.keys() for tool in contract.tools.values())
    assert contract.cures.keys() == OF_TOOLS.keys()


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("allow_comments", "disable_comment"),
        ("allowComments", "disable_comment"),
        ("comment", "disable_comment"),
        ("allow_duet", "disable_duet"),
        ("duet", "disable_duet"),
        ("allowStitch", "disable_stitch"),
        ("stitch", "disable_stitch"),
    ],
)
@pytest.mark.parametrize(("value", "disabled"), [(True, False), ("false", True), ("1", False)])
def test_a_positive_name_is_turned_round_with_a_receipt(
    name: str, field: str, value: object, disabled: bool
) -> None:
    understood = video(**{name: value})
    assert understood.input[field] is disabled
    assert [(item.field, item.given, item.to, item.rule) for item in understood.coerced] == [
        (field, {name: value}, disabled, "inverse_name")
    ]


@pytest.mark.parametrize("value", ["", None, "undefined"])
def test_nothing_under_a_positive_name_is_nothing(value: object) -> None:
    understood = video(allow_comments=value)
    assert understood.ok
    assert "disable_comment" not in understood.input


def test_a_positive_name_that_holds_no_boolean_is_refused_by_its_own_name() -> None:
    assert named(video(comment="Nice!")) == [("comment", "not_a_boolean")]


def test_both_names_may_come_where_they_agree() -> None:
    assert video(allow_comments=True, disable_comment="false").input["disable_comment"] is False
    assert named(video(allow_comments=True, disable_comment=True)) == [("disable_comment", "ambiguous")]


@pytest.mark.parametrize("name", ["allow_download", "allowRemix", "allow_coments"])
def test_an_unknown_permission_is_an_error_and_never_ignored(name: str) -> None:
    assert named(video(**{name: False})) == [(name, "unknown_permission")]


@pytest.mark.parametrize(("name", "strict"), [("allow_settings", False), ("data", False), ("data", True)])
def test_fields_within_a_refused_row_are_misplaced_and_not_missing(name: str, *, strict: bool) -> None:
    rows = {name: {"source_url": "https://media.example.com/a.mp4", "privacy": "public"}, "strict": strict}
    understood = load_contract().understand("post_video", rows)
    assert [problem.field for problem in understood.problems] == [name]


def test_strict_knows_no_positive_names() -> None:
    assert named(video(strict=True, duet=True)) == [("duet", "unknown_field")]


@pytest.mark.parametrize("name", OF_VIDEOS_ALONE)
def test_photos_ignore_every_name_that_allows_what_they_do_not_have(name: str) -> None:
    why = "photos have no duets" if "duet" in name else "photos have no stitches"
    assert [(item.field, item.why) for item in photos(**{name: True}).ignored] == [(name, why)]


@pytest.mark.parametrize(
    ("operation", "rows"),
    [
        ("post_video", {**VIDEO, "photo_images": ["https://media.example.com/a.jpg"]}),
        ("post_photos", {**PHOTOS, "source_url": "https://media.example.com/a.mp4"}),
    ],
)
def test_video_and_photos_together_are_refused(operation: str, rows: dict[str, object]) -> None:
    assert [problem.problem for problem in load_contract().understand(operation, rows).problems] == [
        "wrong_operation"
    ]


@pytest.mark.parametrize("nothing", ["", None, [], "null"])
def test_an_empty_field_of_the_other_operation_is_merely_ignored(nothing: object) -> None:
    assert video(photo_images=nothing).ok


@pytest.mark.parametrize(
    ("rows", "warned"),
    [
        ({"privacy": "private", "disable_comment": "false"}, 1),
        ({"privacy": "private", "allow_comments": "yes"}, 1),
        ({"privacy": "private", "disable_comment": "true"}, 0),
        ({"privacy": "private"}, 0),
        ({"disable_comment": False}, 0),
    ],
)
def test_comments_that_nobody_can_write_are_warned_of(rows: dict[str, object], warned: int) -> None:
    understood = video(**rows)
    assert understood.ok
    assert len(understood.warnings) == warned


def test_a_disclosure_without_is_ad_is_honoured() -> None:
    assert video(brand_organic_toggle="true").input["brand_organic_toggle"] is True


@pytest.mark.parametrize(("given", "warned"), [(2**53 - 1, 0), (2**53 + 1, 1), ("9007199254740993", 0)])
def test_an_id_that_came_as_a_rounded_number_is_warned_of(given: object, warned: int) -> None:
    found = load_contract().understand("check_status", {"publish_id": given})
    assert found.input["publish_id"] == str(given)
    assert len(found.warnings) == warned


@pytest.mark.parametrize(
    ("field", "value"), [("title", "a\0b"), ("account", "a\0b"), ("source_url", "https://a\0.example/x")]
)
def test_the_character_nul_is_refused_in_every_field(field: str, value: str) -> None:
    assert named(video(**{field: value})) == [(field, "nul_character")]


@pytest.mark.parametrize("name", ["title", "photo_images"])
def test_what_is_far_too_long_is_refused_at_once(name: str) -> None:
    value: Any = "x" * 500_000 if name == "title" else ["x"] * 900
    assert named(photos(**{name: value})) == [(name, "too_long" if name == "title" else "too_many")]


def test_names_that_contradict_each_other_are_a_problem_and_no_exception() -> None:
    found = load_contract().understand(
        "post_video", rows_from_json(b'{"privacy": "SELF_ONLY", "privacy.x": 1}')
    )
    assert "name_clash" in [problem.problem for problem in found.problems]
