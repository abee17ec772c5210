"""A dry run does everything up to the last call, tells every problem at once, and stores nothing."""

from collections.abc import Mapping
from dataclasses import replace

import jsonschema_rs
import pytest

from connector.contract import load_contract
from connector.engine.model import Principal
from connector.engine.rehearse import rehearse
from connector.kernel.errors import PostrailError, Problem
from tests.fakes.scripted import CREATOR, Scene

pytest_plugins = ("tests.engine_scene",)

ANYONE = Principal(workspace_id="w", key_id="k")
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


def tried(scene: Scene, rows: Mapping[str, object], dialect: str | None = None) -> dict[str, object]:
    """Try a post out."""
    contract = load_contract()
    operation = contract.operation("post_photos" if "photo_images" in rows else "post_video")
    understood = contract.understand(operation.key, rows)
    assert understood.ok
    return rehearse(scene.context, ANYONE, operation, understood, None, dialect=dialect)


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
