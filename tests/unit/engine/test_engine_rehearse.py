"""A dry run does everything up to the last call, tells every problem at once, and stores nothing."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace

import jsonschema_rs
import pytest

from connector.contract import load_contract
from connector.engine.ask import Ask
from connector.engine.intake import Received, take_in
from connector.engine.model import Principal
from connector.engine.perform import perform
from connector.engine.wait import WaitRoom
from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError, Problem
from tests.fakes.scripted import CREATOR, PretendFile, Scene

pytest_plugins = ("tests.engine_scene",)

ANYONE = Principal(workspace_id="w", key_id="k", scopes=frozenset({"posts:write"}))
VIDEO: dict[str, object] = {
    "source_url": "https://m.example/v.mp4",
    "privacy": "SELF_ONLY",
    "account": "a",
    "dry_run": "true",
}
PHOTOS: dict[str, object] = {
    "photo_images": ["https://m.example/1.jpg", "https://m.example/2.jpg", "https://m.example/3.jpg"],
    "privacy": "SELF_ONLY",
    "account": "a",
    "dry_run": True,
}


def tried(
    scene: Scene, rows: Mapping[str, object], dialect: str | None = None, key: str | None = None
) -> dict[str, object]:
    """Try a post out."""
    contract = load_contract()
    operation = contract.operation(
        "post_photos" if {"photo_images", "images"} & rows.keys() else "post_video"
    )
    understood = contract.understand(operation.key, rows)
    ask = Ask(principal=ANYONE, operation=operation, understood=understood, key=key, dialect=dialect)
    with closing(WaitRoom(scene.stage.ledger, SystemClock(), capacity=0)) as room:
        return perform(scene.context, room, ask).body


def refused(scene: Scene, rows: Mapping[str, object], dialect: str | None = None) -> PostrailError:
    """Try a post out that cannot go."""
    with pytest.raises(PostrailError) as caught:
        tried(scene, rows, dialect)
    return caught.value


def too_large(field: str) -> PostrailError:
    """Return the refusal of a photo."""
    problem = Problem(field=field, problem="too_wide", code="image_too_large_px", auto_fix={"fit": True})
    return PostrailError("image_too_large_px", "too wide", details=[problem])


@pytest.mark.parametrize("rows", [VIDEO, PHOTOS])
def test_a_post_that_is_right_is_answered_as_promised_and_leaves_no_trace(
    scene: Scene, rows: dict[str, object]
) -> None:
    body = tried(scene, rows)
    validator = jsonschema_rs.Draft202012Validator(dict(load_contract().schema("output/dry_run")))
    assert [error.message for error in validator.iter_errors(body)] == []
    assert scene.tiktok.calls == ["creator open-a"]
    assert scene.stage.ledger.next_due() is None


def test_the_files_are_told_in_the_order_of_the_post(scene: Scene) -> None:
    media = tried(scene, PHOTOS)["media"]
    assert isinstance(media, list)
    assert [row["field"] for row in media] == ["photo_images[0]", "photo_images[1]", "photo_images[2]"]
    assert media[0]["codec"] == "h264"


def test_problems_of_files_post_and_account_come_together(scene: Scene) -> None:
    scene.media.refuse = {"https://m.example/2.jpg": too_large("photo_images[1]")}
    error = refused(scene, {**PHOTOS, "privacy": "FOLLOWER_OF_CREATOR"})
    assert error.code == "image_too_large_px"
    assert [(one.field, one.problem) for one in error.details] == [
        ("photo_images[1]", "too_wide"),
        ("privacy", "not_offered"),
    ]
    assert error.details[0].as_dict()["auto_fix"] == {"fit": True}
    assert [row["ok"] for row in error.extra["media"]] == [True, False, True]  # type: ignore[attr-defined] # rows
    assert error.extra["dry_run"] is True


def test_a_video_is_held_against_what_the_account_may_do(scene: Scene) -> None:
    scene.tiktok.creators = [replace(CREATOR, max_video_post_duration_sec=4, comment_disabled=True)]
    error = refused(scene, {**VIDEO, "disable_comment": False, "video_cover_timestamp_ms": 5000})
    assert [one.problem for one in error.details] == ["behind_the_end", "too_long"]
    assert "comments stay off" in str(error.extra["warnings"])


def test_the_dialects_own_rules_hold(scene: Scene) -> None:
    scene.media.sides = (1080, 1080)
    assert refused(scene, VIDEO, "pm3k").details[0].problem == "not_vertical"
    assert "1080 x 1080" in str(tried(scene, VIDEO)["warnings"])


def test_a_draft_asks_nobody(scene: Scene) -> None:
    body = tried(scene, {**VIDEO, "post_mode": "inbox"})
    assert (body["mode"], scene.tiktok.calls) == ("inbox", [])


def test_an_account_that_tiktok_does_not_answer_for_is_one_problem_among_the_others(scene: Scene) -> None:
    scene.media.refuse = {"https://m.example/v.mp4": PostrailError("fetch_error", "no such host")}
    scene.tiktok.creators = [PostrailError("rate_limit_exceeded", "too often")]
    error = refused(scene, VIDEO)
    assert error.code == "fetch_error"
    assert [one.field for one in error.details] == ["account", "account"]


def problems(error: PostrailError) -> list[tuple[str, str]]:
    """Return (field, problem) of each detail."""
    return [(one.field, one.problem) for one in error.details]


def test_rows_that_are_wrong_hide_nothing_of_the_files_and_the_account(scene: Scene) -> None:
    scene.media.refuse = {"https://m.example/2.jpg": too_large("photo_images[1]")}
    unknown = "media_01J9Z3K8Q4T2W6Y1X5V7B0N3M8"
    images = ["https://m.example/2.jpg", "ftp://m.example/1.jpg", unknown]
    images[0], images[1] = images[1], images[0]
    rows = {**PHOTOS, "photo_images": images, "title": "x" * 91, "privacy": "FOLLOWER_OF_CREATOR"}
    error = refused(scene, rows)
    assert sorted(problems(error)) == [
        ("photo_images[0]", "not_a_url"),
        ("photo_images[1]", "too_wide"),
        ("photo_images[2]", "media_not_found"),
        ("privacy", "not_offered"),
        ("title", "too_long"),
    ]
    assert error.code == load_contract().understand("post_photos", rows).error().code
    assert error.message.endswith("(5 problems in all)")


def test_a_video_with_wrong_rows_is_held_against_its_own_length(scene: Scene) -> None:
    error = refused(scene, {**VIDEO, "title": "x" * 2201, "video_cover_timestamp_ms": 50_000})
    assert problems(error) == [("title", "too_long"), ("video_cover_timestamp_ms", "behind_the_end")]


def test_what_is_missing_is_told_with_what_is_wrong_elsewhere(scene: Scene) -> None:
    error = refused(scene, {"privacy": "SELF_ONLY", "account": "nobody", "dry_run": True})
    assert problems(error) == [("source_url", "required"), ("account", "unknown_account")]
    assert error.extra["account"] is None
    assert scene.tiktok.calls == []


def test_an_idempotency_key_that_cannot_be_used_is_one_problem_among_the_others(scene: Scene) -> None:
    with pytest.raises(PostrailError) as caught:
        tried(scene, {**VIDEO, "video_cover_timestamp_ms": 50_000}, key="\u00e4")
    assert [one.problem for one in caught.value.details] == ["not_a_key", "behind_the_end"]


def test_a_draft_that_lacks_privacy_is_no_worse_for_it(scene: Scene) -> None:
    rows = {name: value for name, value in VIDEO.items() if name != "privacy"}
    error = refused(scene, {**rows, "post_mode": "inbox", "title": "x" * 2201})
    assert problems(error) == [("title", "too_long")]


def test_an_upload_of_the_wrong_kind_is_told_with_the_right_operation(scene: Scene) -> None:
    file = Received(field="file", label="a.mp4", file=PretendFile(bytearray(b"video")))
    upload = take_in(scene.context, ANYONE, [file], album=None)
    error = refused(scene, {**PHOTOS, "photo_images": [upload["media_id"], "https://m.example/1.jpg"]})
    assert [(one.field, one.problem, one.fix) for one in error.details] == [
        ("photo_images[0]", "wrong_kind", "post it by post_video")
    ]


def test_an_entry_that_is_wrong_is_told_once_under_whatever_name_it_came(scene: Scene) -> None:
    rows = {name: value for name, value in PHOTOS.items() if name != "photo_images"}
    error = refused(scene, {**rows, "images": ["https://m.example/1.jpg", "{{ $json.url }}", "ftp://x"]})
    assert problems(error) == [("images[1]", "unresolved_expression"), ("images[2]", "not_a_url")]
    assert [row["field"] for row in error.extra["media"]] == ["images[0]"]  # type: ignore[attr-defined] # rows


@pytest.mark.parametrize("name", ["url", "video_url", "sourceUrl"])
def test_a_video_that_is_wrong_is_told_once_under_whatever_name_it_came(scene: Scene, name: str) -> None:
    rows = {key: value for key, value in VIDEO.items() if key != "source_url"}
    assert problems(refused(scene, {**rows, name: "ftp://x/y.mp4"})) == [(name, "not_a_url")]


def test_a_choice_that_is_wrong_is_told_once_under_whatever_name_it_came(scene: Scene) -> None:
    rows = {name: value for name, value in VIDEO.items() if name != "privacy"}
    assert problems(refused(scene, {**rows, "privacy_level": "nobody"})) == [("privacy_level", "not_one_of")]


def test_what_the_account_does_not_take_is_told_by_the_names_that_were_sent(scene: Scene) -> None:
    rows = {"video_url": VIDEO["source_url"], "privacyLevel": "friends", "account": "a", "dry_run": True}
    scene.tiktok.creators = [
        replace(CREATOR, max_video_post_duration_sec=4, privacy_level_options=("SELF_ONLY",))
    ]
    assert problems(refused(scene, rows)) == [("privacyLevel", "not_offered"), ("video_url", "too_long")]


def test_a_file_that_is_wrong_in_itself_is_told_by_the_name_that_was_sent(scene: Scene) -> None:
    scene.media.refuse = {"https://m.example/2.jpg": too_large("photo_images[1]")}
    rows = {name: value for name, value in PHOTOS.items() if name != "photo_images"}
    error = refused(scene, {**rows, "images": PHOTOS["photo_images"]})
    assert problems(error) == [("images[1]", "too_wide")]
    assert [row["field"] for row in error.extra["media"]] == ["images[0]", "images[1]", "images[2]"]  # type: ignore[attr-defined] # rows


def test_a_preview_is_no_file_of_a_post(scene: Scene) -> None:
    preview = "https://posts.example/v1/media/media_01J9Z3K8Q4T2W6Y1X5V7B0N3M8/preview?side=64"
    error = refused(scene, {**PHOTOS, "photo_images": [preview, "https://m.example/1.jpg"]})
    assert problems(error) == [("photo_images[0]", "is_preview")]
