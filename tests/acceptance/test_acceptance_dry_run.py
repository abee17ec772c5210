"""`dry_run: true` against the whole product: everything is looked at, nothing is stored, sent or kept."""

from collections.abc import Iterator

import jsonschema_rs
import pytest

from connector.contract import load_contract
from tests.running import House

pytest_plugins = ("tests.running",)


@pytest.fixture(autouse=True)
def nothing_is_stored_or_sent(house: House) -> Iterator[None]:
    """Hold every test of this file to it: no init at TikTok, no post in the ledger, no file in the spool."""
    before = house.witness.inits(), house.stored(), spooled(house)
    yield
    assert (house.witness.inits(), house.stored(), spooled(house)) == before


def spooled(house: House) -> int:
    """Count the files in the spool."""
    return sum(path.is_file() for path in (house.home / "media").rglob("*"))


def test_a_video_is_looked_at_and_the_account_is_asked(house: House) -> None:
    answer = house.run("post_video", house.video("try", dry_run="true", disable_comment="no"))
    assert answer.status == 200
    validator = jsonschema_rs.Draft202012Validator(dict(load_contract().schema("output/dry_run")))
    assert [error.message for error in validator.iter_errors(answer.body)] == []
    (video,) = answer.body["media"]
    assert (video["codec"], video["fps"], video["width"], video["height"]) == ("h264", 30, 540, 960)
    assert abs(video["duration_ms"] - 3000) < 100
    assert {item["field"] for item in answer.body["coerced"]} >= {"dry_run", "disable_comment"}


def test_photos_are_converted_for_a_try_and_told_before_and_after(house: House) -> None:
    images = [f"{house.media_url}/{name}" for name in ("one.jpg", "two.webp", "three.png")]
    answer = house.run("post_photos", house.photos("try", photo_images=images, dry_run=True))
    assert answer.status == 200
    assert [row["mime"] for row in answer.body["media"]] == ["image/jpeg", "image/webp", "image/jpeg"]
    assert [row["before"]["mime"] for row in answer.body["media"]] == [
        "image/jpeg",
        "image/webp",
        "image/png",
    ]
    assert [bool(row["changes"]) for row in answer.body["media"]] == [False, False, True]


def test_every_problem_is_told_at_once_with_the_index_of_its_file(house: House) -> None:
    images = [f"{house.media_url}/{name}" for name in ("one.jpg", "notes.mp4", "none.jpg", "clip.mp4")]
    rows = house.photos("try", photo_images=images, privacy="followers", dry_run=True)
    answer = house.run("post_photos", rows)
    assert answer.status == 400
    assert [item["field"] for item in answer.body["details"]] == [
        "photo_images[1]",
        "photo_images[2]",
        "photo_images[3]",
        "privacy",
    ]
    assert all(item["fix"] for item in answer.body["details"])
    assert [row["ok"] for row in answer.body["media"]] == [True, False, False, False]


def test_a_cover_behind_the_end_is_told(house: House) -> None:
    answer = house.run("post_video", house.video("try", dry_run=True, video_cover_timestamp_ms="60000"))
    assert (answer.status, answer.body["error"]) == (400, "cover_out_of_range")


def test_a_dry_run_by_pm3ks_address_is_answered_and_binds_no_key(house: House) -> None:
    rows = house.video("try", dry_run=True, idempotency_key="dry-1")
    for _ in range(2):
        answer = house.call("POST", "/api/tiktok/direct_post", json=rows)
        assert (answer.status, answer.body["dry_run"]) == (200, True)
        assert "Idempotency-Replayed" not in answer.headers


@pytest.mark.parametrize("path", ["/v1/operations/post_video", "/api/tiktok/direct_post"])
def test_problems_of_every_kind_are_told_at_once(house: House, path: str) -> None:
    rows = house.video("x" * 2201, dry_run="yes", video_cover_timestamp_ms="60000", disable_duet="perhaps")
    answer = house.call("POST", path, json=rows)
    assert answer.status == 400
    assert sorted(answer.problems) == [
        ("disable_duet", "not_a_boolean"),
        ("title", "too_long"),
        ("video_cover_timestamp_ms", "behind_the_end"),
    ]
    assert [row["ok"] for row in answer.body["media"]] == [True]


def test_an_unknown_upload_hides_nothing(house: House) -> None:
    images = ["media_01J9Z3K8Q4T2W6Y1X5V7B0N3M8", f"{house.media_url}/clip.mp4", f"{house.media_url}/one.jpg"]
    answer = house.run("post_photos", house.photos("x" * 91, photo_images=images, dry_run=True))
    assert sorted(answer.problems) == [
        ("photo_images[0]", "media_not_found"),
        ("photo_images[1]", "unsupported_image_type"),
        ("title", "too_long"),
    ]
    assert [row["ok"] for row in answer.body["media"]] == [False, False, True]


def test_a_dry_run_that_is_not_asked_for_clearly_is_none(house: House) -> None:
    answer = house.run(
        "post_video", house.video("x" * 2201, dry_run="perhaps", video_cover_timestamp_ms=60_000)
    )
    assert sorted(answer.problems) == [("dry_run", "not_a_boolean"), ("title", "too_long")]


@pytest.mark.parametrize("path", ["/v1/operations/post_photos", "/api/tiktok/direct_post"])
def test_photos_under_another_name_are_told_once_each_by_that_name(house: House, path: str) -> None:
    images = [f"{house.media_url}/one.jpg", "{{ $json.url }}", "ftp://x/y.jpg", f"{house.media_url}/clip.mp4"]
    rows = {"images": images, "media_type": "PHOTO", "privacy": "public", "dry_run": True}
    answer = house.call("POST", path, json=rows)
    assert sorted(answer.problems) == [
        ("images[1]", "unresolved_expression"),
        ("images[2]", "not_a_url"),
        ("images[3]", "unsupported_image_type"),
    ]
    assert [(row["field"], row["ok"]) for row in answer.body["media"]] == [
        ("images[0]", True),
        ("images[3]", False),
    ]
