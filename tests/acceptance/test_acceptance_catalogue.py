"""What is offered, as JSON, and the gated media route as TikTok's puller sees it."""

import re

import pytest

from tests.running import Answer, BuildHouse, House, call, eventually

pytest_plugins = ("tests.databases", "tests.running")


@pytest.fixture
def photo_url(house: House) -> str:
    """Return the address from which the sandbox has pulled the first photo of a published carousel."""
    told = house.run("post_photos", house.photos("gate", wait_seconds="30", allow_repeat="yes")).body
    assert told["status"] == "published_public"
    task = next(task for task in house.witness.publishes("gate") if task["publish_id"] == told["publish_id"])
    return str(task["source_info"]["photo_images"][0])


def test_the_operations_are_listed_with_their_schemas(house: House) -> None:
    operations = house.call("GET", "/v1/operations", key="").body["operations"]
    names = [operation["key"] for operation in operations]
    assert names[:4] == ["post_video", "post_photos", "check_status", "wait_until_published"]
    assert names[4:8] == ["upload_media", "presign_upload", "list_accounts", "get_creator_info"]
    assert names[8:] == ["resolve_post", "retry_post", "pause", "resume"]
    one = house.call("GET", "/v1/operations/post_video", key="").body
    assert one == operations[names.index("post_video")]
    assert "source_url" in str(one)


def test_every_schema_that_is_listed_can_be_had(house: House) -> None:
    names = house.call("GET", "/v1/schemas", key="").body["schemas"]
    assert "input/post_video" in names
    for name in names:
        schema = house.call("GET", f"/v1/schemas/{name}", key="").body
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["title"]


def test_every_error_of_the_catalogue_says_what_to_do(house: House) -> None:
    errors = house.call("GET", "/v1/errors", key="").body["errors"]
    assert len(errors) > 40
    for entry in errors:
        assert house.call("GET", f"/v1/errors/{entry['code']}", key="").body == entry
        assert all(entry[name] for name in ("code", "class", "http", "who", "message", "cause", "fix"))


@pytest.mark.parametrize("path", ["operations/nothing", "schemas/nothing", "schemas/../x", "errors/nothing"])
def test_what_is_not_offered_is_not_found(house: House, path: str) -> None:
    answer = house.call("GET", f"/v1/{path}", key="")
    assert (answer.status, answer.body["error"]) == (404, "not_found")


def get(url: str, **headers: str) -> Answer:
    return call("GET", url, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_the_media_route_serves_the_whole_file_with_its_length_and_type(photo_url: str) -> None:
    whole, head = get(photo_url), call("HEAD", photo_url)
    assert (whole.status, whole.headers["Content-Type"]) == (200, "image/jpeg")
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert int(whole.headers["Content-Length"]) == len(whole.content) > 0
    assert (head.status, head.content) == (200, b"")
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]


def test_the_media_route_serves_ranges(photo_url: str) -> None:
    whole = get(photo_url).content
    last = len(whole) - 1
    for asked, first, end in (("bytes=0-9", 0, 9), ("bytes=10-", 10, last), ("bytes=-5", last - 4, last)):
        part = get(photo_url, Range=asked)
        assert (part.status, part.content) == (206, whole[first : end + 1])
        assert part.headers["Content-Range"] == f"bytes {first}-{end}/{len(whole)}"


def test_a_range_behind_the_end_is_416_with_the_size(photo_url: str) -> None:
    size = len(get(photo_url).content)
    answer = get(photo_url, Range=f"bytes={size}-")
    assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{size}")


def test_a_range_of_another_version_gets_the_whole_file(photo_url: str) -> None:
    assert get(photo_url, Range="bytes=0-9", If_Range='"another"').status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_gate_that_nobody_opened_is_gone(house: House, photo_url: str, method: str) -> None:
    name = photo_url.rpartition("/")[2]
    assert call(method, f"{house.url}/media/{'x' * 43}/{name}").status == 410
    assert call(method, f"{photo_url}.other").status == 410


def test_the_gate_stays_shut_while_tiktoks_answer_is_outstanding(build_house: BuildHouse) -> None:
    house = build_house(GATE_MODE="refuse")
    house.witness.set_faults(lose_reply={"endpoint": "content/init"})
    post_id = house.run("post_photos", house.photos("shut")).body["post_id"]
    assert house.wait(post_id)["status"] == "published_public"
    orphan, used = house.witness.publishes("shut")
    assert get(orphan["source_info"]["photo_images"][0]).status == 410
    assert get(used["source_info"]["photo_images"][0]).status == 200
    eventually(lambda: len(house.witness.posts()) == 1)


def test_a_gate_token_cannot_be_guessed(photo_url: str) -> None:
    token = photo_url.split("/")[-2]
    assert re.fullmatch(r"[A-Za-z0-9_-]{32,}", token)
