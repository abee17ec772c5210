"""Small pictures of uploads over HTTP: for their owner alone, kept by whoever asked."""

import io
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image

from tests.running import Answer, House, call

pytest_plugins = ("tests.databases", "tests.running")


@pytest.fixture(scope="module")
def files(house: House) -> Mapping[str, Mapping[str, str]]:
    """Return what a photo and a video were answered with when they came."""
    answers = {}
    for name in ("one.jpg", "clip.mp4"):
        data = call("GET", f"{house.media_url}/{name}").content + b"\0\0\0\x08free" * (name == "clip.mp4")
        answers[name] = house.call("POST", "/v1/media", files={"file": (name, data)}).body
    return answers


def preview(house: House, told: Mapping[str, str], query: str = "", **request: Any) -> Answer:  # noqa: ANN401 - what requests takes
    """Ask for a preview at the address that the upload was answered with."""
    return house.call("GET", told["preview_url"].removeprefix(house.url) + query, **request)


@pytest.mark.parametrize("name", ["one.jpg", "clip.mp4"])
def test_a_preview_is_a_small_jpeg(house: House, files: Mapping[str, Mapping[str, str]], name: str) -> None:
    answer = preview(house, files[name])
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert (picture.format, max(picture.size)) == ("JPEG", 320)
    with Image.open(io.BytesIO(preview(house, files[name], "?side=64&at_ms=900").content)) as picture:
        assert max(picture.size) == 64


def test_another_moment_is_another_picture(house: House, files: Mapping[str, Mapping[str, str]]) -> None:
    first, later = (preview(house, files["clip.mp4"], f"?at_ms={at}").content for at in (0, 2000))
    assert first != later


def test_it_is_kept_by_whoever_asked_and_by_nobody_between(
    house: House, files: Mapping[str, Mapping[str, str]]
) -> None:
    answer = preview(house, files["one.jpg"])
    assert answer.headers["Cache-Control"] == "private, max-age=86400"
    again = preview(house, files["one.jpg"], headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status, again.content) == (304, b"")
    other = preview(house, files["one.jpg"], "?side=64", headers={"If-None-Match": answer.headers["ETag"]})
    assert other.status == 200


def test_nobody_sees_it_without_a_key(house: House, files: Mapping[str, Mapping[str, str]]) -> None:
    assert preview(house, files["one.jpg"], key="").status == 401
    unknown = house.call("GET", "/v1/media/media_01J9Z3K8Q4T2W6Y1X5V7B0N3M8/preview")
    assert (unknown.status, unknown.body["error"]) == (404, "media_not_found")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("side=15", "out_of_range"),
        ("side=1081", "out_of_range"),
        ("side=" + "9" * 5000, "out_of_range"),
        ("side=-1", "not_an_integer"),
        ("side=big", "not_an_integer"),
        ("side=%D9%A3%D9%A2%D9%A0", "not_an_integer"),
        ("at_ms=43200001", "out_of_range"),
        ("at_ms=1.5", "not_an_integer"),
    ],
)
def test_a_number_that_is_none_is_named(
    house: House, files: Mapping[str, Mapping[str, str]], query: str, problem: str
) -> None:
    answer = preview(house, files["one.jpg"], f"?{query}")
    assert (answer.status, answer.body["error"]) == (400, "bad_request")
    assert answer.problems == [(query.partition("=")[0], problem)]


def test_an_ended_upload_has_none(house: House) -> None:
    data = call("GET", f"{house.media_url}/two.webp").content
    told = house.call("POST", "/v1/media", files={"file": ("two.webp", data)}).body
    assert preview(house, told).status == 200
    house.call("DELETE", f"/v1/media/{told['media_id']}")
    assert preview(house, told).status == 410
