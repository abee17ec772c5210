"""Media that cannot be published: the post fails with the reason, and TikTok never hears of it."""

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.running import BuildHouse, House

pytest_plugins = ("tests.databases", "tests.running")


@pytest.fixture
def closed_origin() -> Iterator[str]:
    """Give an origin on which nobody listens while the test runs."""
    with closing(socket.socket()) as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{holder.getsockname()[1]}"


def outcome(house: House, operation: str, rows: dict[str, object]) -> dict[str, Any]:
    accepted = house.run(operation, rows)
    assert accepted.status == 202, accepted.body
    return house.wait(accepted.body["post_id"])


def assert_failed(told: dict[str, Any], code: str, field: str) -> None:
    assert (told["ok"], told["state"], told["status"], told["error"]) == (False, "failed", "failed", code)
    details = told["details"]
    assert [item["field"] for item in details] == [field]
    assert all(details[0][name] for name in ("problem", "got", "expected", "fix"))


def test_a_text_that_calls_itself_a_video_is_named_as_what_it_is(house: House) -> None:
    inits = house.witness.inits()
    rows = house.video("text", source_url=f"{house.media_url}/notes.mp4")
    told = outcome(house, "post_video", rows)
    assert_failed(told, "unsupported_video_type", "source_url")
    assert told["details"][0]["problem"] == "unsupported_video_type"
    assert house.witness.inits() == inits


def test_a_picture_is_no_video(house: House) -> None:
    rows = house.video("picture", source_url=f"{house.media_url}/one.jpg")
    assert_failed(outcome(house, "post_video", rows), "unsupported_video_type", "source_url")


def test_a_video_is_no_picture(house: House) -> None:
    rows = house.photos("video", photo_images=f"{house.media_url}/one.jpg\n{house.media_url}/clip.mp4")
    assert_failed(outcome(house, "post_photos", rows), "unsupported_image_type", "photo_images[1]")


def test_a_missing_file_is_a_fetch_error(house: House) -> None:
    rows = house.video("missing", source_url=f"{house.media_url}/nothing.mp4")
    assert_failed(outcome(house, "post_video", rows), "fetch_error", "source_url")


def test_a_source_that_nobody_serves_is_tried_again_and_then_told(
    build_house: BuildHouse, closed_origin: str, media_url: str
) -> None:
    house = build_house(TRUSTED_ORIGINS=f"{media_url},{closed_origin}")
    told = outcome(house, "post_video", house.video("closed", source_url=f"{closed_origin}/clip.mp4"))
    assert_failed(told, "fetch_error", "source_url")
    timeline = house.status(str(told["post_id"]))["timeline"]
    assert len([entry for entry in timeline if entry["call"] == "media/fetch"]) > 1
    assert house.witness.log() == []


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/a.mp4", "http://169.254.169.254/latest", "http://[::1]/a.mp4"]
)
def test_a_private_address_is_not_asked_for_media(house: House, address: str) -> None:
    told = outcome(house, "post_video", house.video("private", source_url=address))
    assert_failed(told, "address_not_allowed", "source_url")


def test_the_dialect_answers_a_failed_source_with_its_code_at_once(house: House) -> None:
    rows = house.video("dialect", source_url=f"{house.media_url}/nothing.mp4")
    answer = house.call("POST", "/api/tiktok/direct_post", json=rows)
    assert (answer.status, answer.body["ok"], answer.body["error"]) == (400, False, "fetch_error")
    assert (answer.body["retryable"], answer.headers.get("Retry-After")) == (False, None)
