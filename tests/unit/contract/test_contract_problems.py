"""What is refused, by which code, and in which words."""

import pytest

from connector.contract import load_contract
from connector.kernel.errors import PostrailError, Problem

A = "https://media.example.com/a.jpg"
VIDEO: dict[str, object] = {"source_url": "https://media.example.com/a.mp4", "privacy": "PUBLIC_TO_EVERYONE"}
PHOTOS: dict[str, object] = {"photo_images": [A, A], "privacy": "PUBLIC_TO_EVERYONE"}
POST: dict[str, object] = {"post_id": "post_1"}
GOOD = {"post_video": VIDEO, "post_photos": PHOTOS, "wait_until_published": POST, "check_status": {}}


def refused(operation: str, **rows: object) -> PostrailError:
    """Return the refusal of a good request with these rows changed; None takes a row away."""
    changed = {name: value for name, value in {**GOOD[operation], **rows}.items() if value is not None}
    return load_contract().understand(operation, changed).error()


@pytest.mark.parametrize(
    ("operation", "rows", "code", "field", "problem"),
    [
        ("post_video", {"source_url": None}, "bad_request", "source_url", "required"),
        ("post_video", {"source_url": "clip.mp4"}, "bad_request", "source_url", "not_a_url"),
        ("post_video", {"source_url": "ftp://a.example/x"}, "bad_request", "source_url", "not_a_url"),
        ("post_video", {"source_url": "https://"}, "bad_request", "source_url", "not_a_url"),
        (
            "post_video",
            {"source_url": "https://a.example/my clip.mp4"},
            "bad_request",
            "source_url",
            "not_a_url",
        ),
        ("post_video", {"source_url": ["https://a.example/x"]}, "bad_request", "source_url", "not_a_url"),
        ("post_video", {"privacy": None}, "invalid_request", "privacy", "required"),
        ("post_video", {"privacy": "pubic"}, "invalid_request", "privacy", "not_one_of"),
        ("post_video", {"disable_comment": "maybe"}, "invalid_request", "disable_comment", "not_a_boolean"),
        ("post_video", {"title": "x" * 2201}, "invalid_request", "title", "too_long"),
        ("post_video", {"title": "😀" * 1101}, "invalid_request", "title", "too_long"),
        ("post_video", {"title": True}, "invalid_request", "title", "not_text"),
        (
            "post_video",
            {"video_cover_timestamp_ms": "-1"},
            "invalid_request",
            "video_cover_timestamp_ms",
            "too_small",
        ),
        ("post_video", {"wait_seconds": "51"}, "invalid_request", "wait_seconds", "too_large"),
        ("post_video", {"wait_seconds": "soon"}, "invalid_request", "wait_seconds", "not_an_integer"),
        ("post_video", {"post_mode": "later"}, "invalid_request", "post_mode", "not_one_of"),
        ("post_video", {"is_ad": "true"}, "invalid_request", "is_ad", "disclosure_missing"),
        (
            "post_video",
            {"is_ad": False, "brand_organic_toggle": True},
            "invalid_request",
            "is_ad",
            "disclosure_contradicted",
        ),
        (
            "post_video",
            {"privacy": "private", "brand_content_toggle": "yes"},
            "invalid_request",
            "brand_content_toggle",
            "branded_content_private",
        ),
        ("post_photos", {"photo_images": None}, "too_few_images", "photo_images", "required"),
        ("post_photos", {"photo_images": []}, "too_few_images", "photo_images", "too_few"),
        ("post_photos", {"photo_images": [A] * 36}, "too_many_images", "photo_images", "too_many"),
        ("post_photos", {"photo_images": [A, "b.jpg"]}, "bad_request", "photo_images[1]", "not_a_url"),
        ("post_photos", {"photo_images": [A, 5]}, "bad_request", "photo_images[1]", "not_a_url"),
        ("post_photos", {"photo_images": 5}, "invalid_request", "photo_images", "not_a_list"),
        ("post_photos", {"photo_images": "1,2,true"}, "invalid_request", "photo_images", "joined_list"),
        (
            "post_photos",
            {"photo_cover_index": "2"},
            "cover_out_of_range",
            "photo_cover_index",
            "cover_out_of_range",
        ),
        ("post_photos", {"photo_cover_index": -1}, "cover_out_of_range", "photo_cover_index", "too_small"),
        ("post_photos", {"photo_cover_index": 35}, "cover_out_of_range", "photo_cover_index", "too_large"),
        ("post_photos", {"title": "x" * 91}, "invalid_request", "title", "too_long"),
        ("post_photos", {"description": "x" * 4001}, "invalid_request", "description", "too_long"),
        ("check_status", {}, "bad_request", "post_id", "required"),
        ("wait_until_published", {"until": "viral"}, "invalid_request", "until", "not_one_of"),
    ],
)
def test_each_fault_has_its_code_and_its_word(
    operation: str, rows: dict[str, object], code: str, field: str, problem: str
) -> None:
    error = refused(operation, **rows)
    assert error.code == code
    assert [(found.field, found.problem, found.code) for found in error.details] == [(field, problem, code)]


def test_a_missing_field_is_explained() -> None:
    assert refused("post_video", source_url=None).details == (
        Problem(
            field="source_url",
            problem="required",
            got="nothing",
            expected="an http or https URL",
            fix='send source_url, for example "https://media.example.com/clip.mp4"',
            code="bad_request",
        ),
    )


@pytest.mark.parametrize(
    ("rows", "got", "expected", "fix"),
    [
        ({"disable_comment": "maybe"}, '"maybe"', "true or false", "send disable_comment, for example false"),
        (
            {"until": "setled"},
            '"setled"',
            "one of settled, accepted, processed, public",
            'did you mean "settled"?',
        ),
        (
            {"privacy": "freinds"},
            '"freinds"',
            "one of PUBLIC_TO_EVERYONE, MUTUAL_FOLLOW_FRIENDS, FOLLOWER_OF_CREATOR, SELF_ONLY",
            (
                'did you mean "friends"? public, friends, followers, private are understood too; '
                "get_creator_info tells which of them the account offers now"
            ),
        ),
        ({"title": "x" * 2201}, "2201 UTF-16 units", "at most 2200 UTF-16 units", "shorten title"),
        ({"wait_seconds": 99}, "99", "a whole number from 0 to 50", "send wait_seconds, for example 0"),
        (
            {"media_type": "PHOTO"},
            '"PHOTO"',
            "VIDEO",
            (
                'send media_type, for example "VIDEO"; PHOTO is for photo_images (post_photos); TikTok takes '
                "nothing else, and no sound alone"
            ),
        ),
    ],
)
def test_problems_say_what_came_what_is_wanted_and_what_to_do(
    rows: dict[str, object], got: str, expected: str, fix: str
) -> None:
    found = refused("post_video", **rows).details[0]
    assert (found.got, found.expected, found.fix) == (got, expected, fix)


def test_all_problems_come_at_once_in_the_order_of_the_schema() -> None:
    error = refused("post_video", wait_seconds="x", is_ad=True, privacy="?", source_url="?", disable_duet="?")
    assert [found.field for found in error.details] == [
        "source_url",
        "privacy",
        "disable_duet",
        "is_ad",
        "wait_seconds",
    ]
    assert error.code == "bad_request"
    assert (
        error.message
        == 'source_url is not accepted: got "?"; expected an http or https URL (and 4 more problems).'
    )


def test_one_problem_makes_one_plain_sentence() -> None:
    assert refused("post_photos", photo_images=None).message == (
        "photo_images is missing; expected a list of 1 to 35 http or https URLs."
    )


def test_a_condition_is_silent_while_one_of_its_fields_is_wrong() -> None:
    error = refused("post_video", is_ad=True, brand_organic_toggle="maybe")
    assert [found.field for found in error.details] == ["brand_organic_toggle"]


def test_a_condition_is_silent_while_what_it_depends_on_is_wrong() -> None:
    assert [found.field for found in refused("post_video", privacy=None, post_mode="later").details] == [
        "post_mode"
    ]
    assert [
        found.field for found in refused("post_photos", photo_images=["x"], photo_cover_index=5).details
    ] == ["photo_images[0]"]


def test_a_problem_is_told_and_cured_by_the_name_that_was_sent() -> None:
    (found,) = refused("post_video", caption="x" * 2201).details
    assert (found.field, found.fix) == ("caption", "shorten caption")
    (found,) = refused("post_photos", photo_images=None, images=["x"]).details
    assert (found.field, found.fix) == (
        "images[0]",
        'send images[0], for example "https://media.example.com/a.jpg"',
    )


def test_a_field_of_several_names_is_told_by_its_own_name() -> None:
    (found,) = refused("post_video", wait="99", wait_seconds=99).details
    assert found.field == "wait_seconds"


def test_of_several_faults_of_one_value_the_first_is_told() -> None:
    assert [found.problem for found in refused("post_video", source_url="x" * 9_000).details] == ["not_a_url"]


def test_each_entry_of_a_list_has_its_own_problem_in_its_order() -> None:
    error = refused("post_photos", photo_images=[A, None, "{{ a }}", "x", "=y", "a\0"])
    assert [(found.field, found.problem) for found in error.details] == [
        ("photo_images[1]", "not_a_url"),
        ("photo_images[2]", "unresolved_expression"),
        ("photo_images[3]", "not_a_url"),
        ("photo_images[4]", "leading_equals"),
        ("photo_images[5]", "nul_character"),
    ]
    assert {found.code for found in error.details} == {"bad_request"}


def test_both_ids_are_named_when_none_is_sent() -> None:
    message = refused("check_status").message
    assert message == "post_id is missing; expected the post_id or the publish_id of a post."


def test_the_refusal_carries_the_receipt() -> None:
    extra = refused("post_video", privacy=None, privcy="public", disable_duet="on").extra
    assert extra["ignored"] == [
        {"field": "privcy", "why": "unknown field; did you mean privacy?", "did_you_mean": "privacy"}
    ]
    assert extra["coerced"] == [
        {"field": "disable_duet", "from": '"on"', "to": True, "rule": "text_to_boolean"}
    ]


@pytest.mark.parametrize(
    "rows",
    [
        {"title": "x" * 2200},
        {"title": "😀" * 1100},
        {"wait_seconds": 50},
        {"is_ad": True, "brand_organic_toggle": True},
        {"is_ad": False, "brand_organic_toggle": False, "brand_content_toggle": False, "brand": ""},
        {"brand_organic_toggle": True},
        {"brand_content_toggle": True, "privacy": "followers"},
        {"privacy": "private", "brand_organic_toggle": True},
        {"source_url": "HTTPS://user@xn--e1afmkfd.example:8443/видео,1.mp4?a=1#x"},
    ],
)
def test_what_stands_just_inside_the_limits_is_accepted(rows: dict[str, object]) -> None:
    assert load_contract().understand("post_video", {**VIDEO, **rows}).problems == ()


def test_an_understanding_without_problems_has_no_error() -> None:
    understood = load_contract().understand("post_video", VIDEO)
    assert understood.ok
    with pytest.raises(ValueError, match="nothing is wrong"):
        understood.error()
