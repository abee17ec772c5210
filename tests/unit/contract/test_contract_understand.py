"""Names, absence, receipts, leftovers, dialects and strict mode, through the facade."""

from typing import Any

import pytest

from connector.contract import Understanding, load_contract, rows_from_json

URL = "https://media.example.com/clip.mp4"
VIDEO: dict[str, object] = {"source_url": URL, "privacy": "SELF_ONLY"}
PHOTOS: dict[str, object] = {"photo_images": ["https://media.example.com/a.jpg"], "privacy": "SELF_ONLY"}


def video(*, strict: bool = False, dialect: str | None = None, **rows: object) -> Understanding:
    """Understand a video post with these rows added to a good one."""
    return load_contract().understand("post_video", {**VIDEO, **rows}, strict=strict, dialect=dialect)


def photos(*, strict: bool = False, **rows: object) -> Understanding:
    """Understand a photo post with these rows added to a good one."""
    return load_contract().understand("post_photos", {**PHOTOS, **rows}, strict=strict)


def receipts(understood: Understanding) -> list[tuple[str, object, str]]:
    """Return field, result and rule of each coercion."""
    return [(item.field, item.to, item.rule) for item in understood.coerced]


def problems(understood: Understanding) -> list[tuple[str, str, str]]:
    """Return field, problem and code of each problem."""
    return [(item.field, item.problem, item.code) for item in understood.problems]


def test_typed_input_comes_back_as_it_is() -> None:
    understood = video(disable_comment=True)
    assert understood.input == {**VIDEO, "disable_comment": True}
    assert understood.receipt() == {"coerced": [], "ignored": [], "warnings": []}


def test_each_change_gives_a_receipt() -> None:
    assert video(disable_comment="TRUE").receipt()["coerced"] == [
        {"field": "disable_comment", "from": '"TRUE"', "to": True, "rule": "text_to_boolean"}
    ]


@pytest.mark.parametrize(
    ("name", "value", "field", "rule"),
    [
        ("disableComment", True, "disable_comment", "field_case"),
        ("ad_your_brand", False, "brand_organic_toggle", "field_alias"),
        ("adBrandedContent", False, "brand_content_toggle", "field_case"),
        ("wait", 5, "wait_seconds", "field_alias"),
    ],
)
def test_other_names_are_understood_with_a_receipt(name: str, value: object, field: str, rule: str) -> None:
    renamed: dict[str, Any] = {name: value}
    understood = video(**renamed)
    assert understood.input[field] == value
    assert receipts(understood) == [(field, field, rule)]


@pytest.mark.parametrize("name", ["url", "video_url", "media_url", "videoUrl"])
def test_a_video_is_taken_under_the_names_that_others_give_it(name: str) -> None:
    understood = load_contract().understand("post_video", {name: URL, "privacy_level": "SELF_ONLY"})
    assert understood.ok
    assert understood.input == VIDEO
    assert {item.field for item in understood.coerced} == {"source_url", "privacy"}


@pytest.mark.parametrize("name", ["photos", "images", "image_urls", "photo_urls", "imageUrls"])
def test_photos_are_taken_under_the_names_that_others_give_them(name: str) -> None:
    understood = load_contract().understand("post_photos", {name: [URL], "privacyLevel": "SELF_ONLY"})
    assert understood.input["photo_images"] == [URL]


def test_a_caption_is_the_title_of_a_video_and_the_description_of_photos() -> None:
    assert video(caption="007").input["title"] == video(text="007").input["title"] == "007"
    assert photos(caption="007").input["description"] == "007"
    assert receipts(video(caption="x")) == [("title", "title", "field_alias")]


def test_a_caption_beside_another_title_is_refused_and_beside_the_same_is_fine() -> None:
    assert problems(video(caption="a", title="b")) == [("title", "ambiguous", "invalid_request")]
    assert video(caption="a", title="a").input["title"] == "a"


@pytest.mark.parametrize("name", ["photos", "images", "image_urls", "imageUrls", "photo_urls"])
def test_photos_beside_a_video_are_refused_under_every_name(name: str) -> None:
    rows: dict[str, Any] = {name: [URL]}
    assert problems(video(**rows)) == [(name, "wrong_operation", "invalid_request")]


def test_a_video_beside_photos_is_refused_under_the_name_that_says_so() -> None:
    assert problems(photos(video_url=URL)) == [("video_url", "wrong_operation", "invalid_request")]
    assert [item.field for item in photos(url=URL).ignored] == ["url"]


@pytest.mark.parametrize("name", ["post_info", "source_info"])
def test_the_body_that_tiktok_takes_is_told_where_its_members_belong(name: str) -> None:
    rows: dict[str, Any] = {name: {"title": "x", "video_url": URL}}
    (problem,) = video(**rows).problems
    assert (problem.field, problem.problem) == (name, "nested_fields")
    assert "send its members as rows of their own" in problem.fix


def test_the_words_of_tiktok_for_the_post_mode_are_understood() -> None:
    assert video(post_mode="DIRECT_POST").input["post_mode"] == "direct"
    assert video(post_mode="MEDIA_UPLOAD").input["post_mode"] == "inbox"


def test_two_names_of_a_field_that_agree_are_one() -> None:
    assert video(wait="5", wait_seconds=5).input["wait_seconds"] == 5


def test_two_names_of_a_field_that_differ_are_refused() -> None:
    understood = video(brand_organic_toggle=True, ad_your_brand="false")
    assert problems(understood) == [("brand_organic_toggle", "ambiguous", "invalid_request")]


def test_of_two_names_the_empty_one_does_not_count() -> None:
    assert video(brand_organic_toggle=True, ad_your_brand="").input["brand_organic_toggle"] is True


@pytest.mark.parametrize(
    ("value", "rule"), [("", "empty_to_absent"), (None, "null_to_absent"), ("undefined", "null_to_absent")]
)
def test_nothing_in_a_field_means_that_it_was_not_sent(value: object, rule: str) -> None:
    understood = video(account=value)
    assert "account" not in understood.input
    assert receipts(understood) == [("account", None, rule)]


def test_a_required_field_with_nothing_in_it_is_missing() -> None:
    assert problems(video(privacy="")) == [("privacy", "required", "invalid_request")]


def test_defaults_of_the_schema_are_filled_in() -> None:
    understood = load_contract().understand("wait_until_published", {"post_id": "post_1"})
    assert understood.input == {"post_id": "post_1", "wait_seconds": 25, "until": "settled"}


def test_no_other_defaults_are_invented() -> None:
    assert video().input == VIDEO
    assert photos().input == {**PHOTOS, "photo_cover_index": 0}


def test_the_content_has_no_control_fields() -> None:
    understood = video(account="@mia", idempotency_key="k", wait_seconds=1, until="public", allow_repeat=True)
    assert understood.content == VIDEO
    assert set(understood.input) - set(understood.content) == {
        "account",
        "idempotency_key",
        "wait_seconds",
        "until",
        "allow_repeat",
    }


def test_an_unknown_field_is_ignored_and_its_meaning_guessed_aloud() -> None:
    assert video(privcy="x").receipt()["ignored"] == [
        {"field": "privcy", "why": "unknown field; did you mean privacy?", "did_you_mean": "privacy"}
    ]
    assert video(privcy="x").warnings == (
        "privcy has no effect: there is no such field. Did you mean privacy?",
    )


@pytest.mark.parametrize("name", ["Privacy", "PRIVACY", " privacy", "privacy-"])
def test_the_case_of_a_misspelt_name_does_not_hide_what_it_means(name: str) -> None:
    rows: dict[str, Any] = {name: "x"}
    assert [item.did_you_mean for item in video(**rows).ignored] == ["privacy"]


def test_the_misspelt_field_itself_is_named_before_another_that_would_do() -> None:
    rows = {"source_url": URL, "post_mod": "inbox", "privcy": "public"}
    (problem,) = load_contract().understand("post_video", rows).problems
    assert problem.fix == "rename privcy to privacy"


def test_a_missing_field_names_the_misspelt_one_that_came_in_its_place() -> None:
    rows = {"source_url": URL, "privcy": "public"}
    understood = load_contract().understand("post_video", rows)
    (problem,) = understood.problems
    assert (problem.got, problem.fix) == ("nothing, but privcy was sent", "rename privcy to privacy")
    assert understood.error().message.startswith("privacy is missing, but privcy was sent; expected one of ")


@pytest.mark.parametrize(("sent", "meant"), [("Post_ID", "post_id"), ("publishid", "publish_id")])
def test_a_missing_id_names_the_misspelt_one_whichever_it_was(sent: str, meant: str) -> None:
    (problem,) = load_contract().understand("check_status", {sent: "x"}).problems
    assert (problem.field, problem.fix) == ("post_id", f"rename {sent} to {meant}")


def test_a_contradiction_shows_the_values_as_they_were_sent() -> None:
    (problem,) = video(allow_comment=True, disable_comment=True).problems
    assert problem.problem == "ambiguous"
    assert problem.got == "allow_comment: true and disable_comment: true"
    assert problem.expected == "one answer: allow_comment says the opposite of disable_comment"
    assert problem.fix == "send disable_comment alone"


def test_a_row_without_a_name_is_ignored() -> None:
    nameless: dict[str, Any] = {"": ""}
    assert video(**nameless).receipt()["ignored"] == [{"field": "", "why": "a row without a name"}]


def test_fields_that_photos_lack_are_ignored_whatever_they_hold() -> None:
    understood = photos(disable_duet="maybe", disableStitch=True, strict=True)
    assert understood.ok
    assert [(item.field, item.why) for item in understood.ignored] == [
        ("disableStitch", "photos have no stitches"),
        ("disable_duet", "photos have no duets"),
    ]


def test_the_brand_is_kept_and_named_as_without_effect() -> None:
    understood = video(brand="Acme")
    assert understood.input["brand"] == "Acme"
    assert [item.field for item in understood.ignored] == ["brand"]


def test_a_media_type_that_agrees_is_dropped_and_another_is_refused() -> None:
    assert video(media_type="video").input == VIDEO
    assert problems(video(media_type="PHOTO")) == [("media_type", "not_one_of", "invalid_request")]


@pytest.mark.parametrize(
    ("field", "value", "problem", "code"),
    [
        ("source_url", "{{ $json.url }}", "unresolved_expression", "bad_request"),
        ("source_url", "https://a.example/{{$json.x}}", "unresolved_expression", "bad_request"),
        ("privacy", "{{ $json.p }}", "unresolved_expression", "invalid_request"),
        ("disable_comment", "[object Object]", "object_object", "invalid_request"),
        ("account", "a\ud800", "not_unicode", "invalid_request"),
        ("title", "cut \ud83d", "not_unicode", "invalid_request"),
    ],
)
def test_what_a_tool_left_behind_is_named(field: str, value: str, problem: str, code: str) -> None:
    for strict in (False, True):
        assert problems(video(strict=strict, **{field: value})) == [(field, problem, code)]


@pytest.mark.parametrize("text", ["{{ $json.caption }}", "[object Object]", "null", "undefined"])
def test_free_text_that_looks_left_behind_stays_with_a_warning(text: str) -> None:
    understood = video(title=text)
    assert understood.input["title"] == text
    assert len(understood.warnings) == 1


def test_urls_that_cannot_be_told_apart_are_refused() -> None:
    joined = "https://cdn.example/w_1,h_2/a.jpg,https://cdn.example/b.jpg"
    assert problems(photos(photo_images=joined)) == [("photo_images", "ambiguous_list", "invalid_request")]


def test_warnings_of_the_reader_are_passed_on() -> None:
    rows = rows_from_json(b'{"post_id": "a", "post_id": "b"}')
    assert load_contract().understand("check_status", rows).warnings == rows.warnings


@pytest.mark.parametrize("value", ["true", 1, "", None])
def test_strict_converts_nothing(value: object) -> None:
    assert problems(video(strict=True, disable_comment=value)) == [
        ("disable_comment", "not_a_boolean", "invalid_request")
    ]


def test_strict_refuses_unknown_fields_and_camel_case() -> None:
    assert problems(video(strict=True, captoin="x", disableComment=True)) == [
        ("captoin", "unknown_field", "invalid_request"),
        ("disableComment", "unknown_field", "invalid_request"),
    ]


@pytest.mark.parametrize(
    ("alias", "choice"),
    [
        ("public", "PUBLIC_TO_EVERYONE"),
        ("friends", "MUTUAL_FOLLOW_FRIENDS"),
        ("followers", "FOLLOWER_OF_CREATOR"),
        ("private", "SELF_ONLY"),
    ],
)
def test_strict_still_takes_the_documented_aliases(alias: str, choice: str) -> None:
    understood = video(strict=True, privacy=alias, ad_your_brand=False)
    assert understood.input["privacy"] == choice
    assert understood.input["brand_organic_toggle"] is False


def test_a_fraction_of_zero_is_a_whole_number_under_strict_too() -> None:
    understood = video(strict=True, wait_seconds=5.0)
    assert understood.input["wait_seconds"] == 5
    assert type(understood.input["wait_seconds"]) is int
    assert problems(video(strict=True, wait_seconds=5.5))[0][1] == "not_an_integer"


def test_strict_takes_no_other_spelling_of_a_choice() -> None:
    assert problems(video(strict=True, privacy="self_only")) == [("privacy", "not_one_of", "invalid_request")]


def test_a_row_can_ask_for_strict_in_text() -> None:
    understood = load_contract().understand(
        "post_video", {**VIDEO, "disable_comment": "true", "strict": "yes"}
    )
    assert problems(understood) == [("disable_comment", "not_a_boolean", "invalid_request")]


@pytest.mark.parametrize("strict", [False, True])
def test_the_pm3k_dialect_falls_back_to_self_only_with_a_warning(strict: bool) -> None:
    understood = video(strict=strict, dialect="pm3k", privacy="everybody")
    assert understood.input["privacy"] == "SELF_ONLY"
    assert understood.warnings[0].startswith('privacy "everybody" is unknown')


def test_the_pm3k_dialect_does_not_guess_what_is_missing_or_unresolved() -> None:
    assert problems(video(dialect="pm3k", privacy=None)) == [("privacy", "required", "invalid_request")]
    assert problems(video(dialect="pm3k", privacy="{{ x }}"))[0][1] == "unresolved_expression"


def test_without_a_dialect_an_unknown_choice_is_refused() -> None:
    assert problems(video(privacy="everybody")) == [("privacy", "not_one_of", "invalid_request")]


def test_a_long_value_is_cut_in_the_receipt_and_whole_in_the_input() -> None:
    urls = [f"https://media.example.com/{number}.jpg" for number in range(35)]
    understood = photos(photo_images="\n".join(urls))
    receipt = understood.coerced[0].as_dict()
    assert understood.input["photo_images"] == urls
    assert len(str(receipt["from"])) < 250
    assert len(str(receipt["to"])) < 250


@pytest.mark.parametrize("name", ["publish_at", "publishAt", "callback_url"])
def test_a_field_that_would_change_what_happens_is_refused_while_it_is_not_offered(name: str) -> None:
    rows: dict[str, Any] = {name: "true"}
    (problem,) = video(**rows).problems
    assert (problem.field, problem.problem) == (name, "not_offered_yet")


@pytest.mark.parametrize("off", ["", "false", None, False, "0", [], {}])
def test_such_a_field_that_is_switched_off_is_merely_ignored(off: object) -> None:
    understood = video(publish_at=off)
    assert understood.ok
    assert [(item.field, item.why) for item in understood.ignored] == [("publish_at", "it asks for nothing")]


def test_under_strict_such_a_field_is_refused_whatever_it_holds() -> None:
    assert problems(video(strict=True, publish_at="", draft=False)) == [
        ("draft", "said_otherwise", "invalid_request"),
        ("publish_at", "not_offered_yet", "invalid_request"),
    ]


@pytest.mark.parametrize("nothing", ["", None, "null", [], {}])
def test_a_permission_that_holds_nothing_is_merely_ignored(nothing: object) -> None:
    understood = video(allow_download=nothing)
    assert understood.ok
    assert [item.field for item in understood.ignored] == ["allow_download"]


def test_fields_within_another_row_are_misplaced_and_not_missing() -> None:
    rows = {"data": {"url": URL, "privacy": "public", "title": "x"}}
    assert problems(load_contract().understand("post_video", rows)) == [
        ("data", "json_in_field", "invalid_request")
    ]


def test_of_the_body_that_tiktok_takes_only_what_it_lacks_is_missing() -> None:
    post = {"title": "x", "privacy_level": "SELF_ONLY"}
    whole = {"post_info": post, "source_info": {"source": "PULL_FROM_URL", "video_url": URL}}
    understand = load_contract().understand
    assert {problem for _, problem, _ in problems(understand("post_video", whole))} == {"nested_fields"}
    assert problems(understand("post_video", {"post_info": post}))[0] == (
        "source_url",
        "required",
        "bad_request",
    )


def test_what_can_be_allowed_is_listed_where_something_else_is_to_be() -> None:
    (problem,) = video(allow_download=True).problems
    assert problem.expected.startswith("one of allow_comment, allow_comments, allow_duet")


def test_an_empty_entry_of_a_list_is_to_be_taken_out() -> None:
    found = photos(photo_images=[URL, None, ""]).problems
    assert [(item.field, item.fix) for item in found] == [
        ("photo_images[1]", "take the empty entry out"),
        ("photo_images[2]", "take the empty entry out"),
    ]


def test_too_many_photos_and_too_long_a_title_are_told_what_to_do() -> None:
    (many,) = photos(photo_images=[URL] * 37).problems
    assert (many.got, many.fix) == ("37 entries", "take 2 out, or send them in another post")
    (none,) = photos(photo_images=[]).problems
    assert none.expected == "at least 1 entry"
    (long,) = photos(title="x" * 91).problems
    assert long.fix == "shorten title; a longer text belongs in description"


@pytest.mark.parametrize("name", ["schedule", "scheduledAt", "schedule_time", "publish_time", "post_at"])
def test_a_post_that_is_meant_for_later_is_never_published_now(name: str) -> None:
    rows: dict[str, Any] = {name: "2030-01-01T10:00:00Z"}
    assert problems(video(**rows)) == [(name, "not_offered_yet", "invalid_request")]


def test_a_post_that_is_meant_as_a_draft_is_never_published() -> None:
    (problem,) = video(draft="yes").problems
    assert (problem.problem, problem.code) == ("said_otherwise", "invalid_request")
    assert "post_mode: inbox" in problem.fix
    assert video(draft=False).ok


def test_a_choice_of_the_wrong_type_is_one_problem() -> None:
    assert problems(video(privacy=["private", "public"])) == [("privacy", "not_text", "invalid_request")]


def test_what_is_wrong_is_known_by_the_fields_own_names_and_told_by_those_that_were_sent() -> None:
    rows = {"images": ["https://m.example/1.jpg", "{{ $json.url }}", "ftp://x"], "privacy_level": "nobody"}
    understood = load_contract().understand("post_photos", rows)
    assert [problem.field for problem in understood.problems] == ["images[1]", "images[2]", "privacy_level"]
    assert understood.flagged == {"photo_images[1]", "photo_images[2]", "privacy"}


def test_a_place_is_spelled_by_the_name_that_was_sent() -> None:
    understood = load_contract().understand("post_photos", {"images": ["https://m.example/1.jpg"]})
    places = ["photo_images[3]", "photo_images", "images[3]", "title", "account"]
    told = ["images[3]", "images", "images[3]", "title", "account"]
    assert [understood.spelled(place) for place in places] == told


def test_a_field_that_came_under_several_names_is_told_by_its_own() -> None:
    understood = video(caption="a", text="a")
    assert understood.spelled("title") == "title"


def test_rows_in_their_usual_spelling_are_told_as_they_are() -> None:
    understood = load_contract().understand(
        "post_video", rows_from_json(b'{"source_url": "%s", "privacy": "SELF_ONLY"}' % URL.encode())
    )
    assert (understood.flagged, understood.spelled("source_url")) == (frozenset(), "source_url")


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("field", ["title", "account", "disable_comment", "wait_seconds"])
def test_a_number_that_json_does_not_have_is_refused_and_never_text(field: str, number: float) -> None:
    rows: dict[str, Any] = {field: number}
    assert [(one[0], one[1]) for one in problems(video(**rows))] == [(field, "not_a_number")]
