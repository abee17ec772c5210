"""Files put straight into the bucket over HTTP, taken in and published; what a server without one says."""

import hashlib
import json
import os

import pytest

from connector.demo.media import make_video
from tests.running import Answer, BuildHouse, House, call

pytest_plugins = ("tests.buckets", "tests.databases", "tests.running")

PATH = "/v1/media/presigned"
KEYS = {"MEDIA_ACCESS_KEY_ID": "test", "MEDIA_SECRET_ACCESS_KEY": "a secret of the bucket's"}
PART = 64 * 1024 * 1024


@pytest.fixture
def stored(build_house: BuildHouse, s3_endpoint: str, bucket: str) -> House:
    """A server whose media lies in a bucket."""
    return build_house(MEDIA_URL=f"s3://{bucket}/media?endpoint={s3_endpoint}", **KEYS)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return an MP4."""
    path = tmp_path_factory.mktemp("presigned") / "clip.mp4"
    make_video(path, seconds=1, width=540, height=960)
    return path.read_bytes()


def presign(house: House, **rows: object) -> Answer:
    """Ask for addresses, by rows of text."""
    return house.call("POST", PATH, json=rows)


def complete(house: House, told: dict[str, object]) -> Answer:
    """Say that the bytes are there, at the address that was answered."""
    return house.call("POST", str(told["complete_url"]).removeprefix(house.url))


def test_a_video_goes_into_the_bucket_past_the_server_and_is_published(stored: House, video: bytes) -> None:
    rows = {"size": str(len(video)), "filename": "clip.mp4", "content_type": "video/mp4", "fit": "no"}
    answer = presign(stored, sha256=hashlib.sha256(video).hexdigest(), **rows)
    told = answer.body
    assert answer.status == 200
    assert told["headers"] == {"Content-Type": "video/mp4"}
    assert [item["field"] for item in told["coerced"]] == ["size", "name", "fit"]
    assert call(told["method"], told["url"], data=video, headers=told["headers"]).status == 200
    media = complete(stored, told).body
    assert (media["kind"], media["name"]) == ("video", "clip.mp4")
    assert media["sha256"] == hashlib.sha256(video).hexdigest()
    assert complete(stored, told).body["media_id"] == media["media_id"]
    post_id = stored.run("post_video", stored.video("put", source_url=media["media_id"])).body["post_id"]
    assert stored.wait(post_id)["status"] == "published_public"
    preview = stored.call("GET", media["preview_url"].removeprefix(stored.url))
    assert (preview.status, preview.headers["Content-Type"]) == (200, "image/jpeg")


def test_a_large_file_goes_in_parts(stored: House, video: bytes) -> None:
    size = PART + 1000
    whole = video + (size - len(video)).to_bytes(4, "big") + b"free" + os.urandom(size - len(video) - 8)
    told = presign(stored, size=size).body
    assert told["url"] is None
    assert [(part["number"], part["first"], part["size"]) for part in told["parts"]] == [
        (1, 0, PART),
        (2, PART, 1000),
    ]
    refused = complete(stored, told)
    assert (refused.status, refused.body["error"]) == (409, "upload_mismatch")
    for part in told["parts"]:
        data = whole[part["first"] : part["first"] + part["size"]]
        assert call("PUT", part["url"], data=data).status == 200
    assert complete(stored, told).body["sha256"] == hashlib.sha256(whole).hexdigest()


def test_what_is_no_media_is_refused_as_in_any_upload_and_leaves_nothing(stored: House) -> None:
    told = presign(stored, size=5).body
    call("PUT", told["url"], data=b"hello")
    answer = complete(stored, told)
    usual = stored.call("POST", "/v1/media", data=b"hello", headers={"Content-Type": "video/mp4"})
    assert (answer.status, answer.body["error"]) == (usual.status, usual.body["error"])
    assert answer.problems == usual.problems
    assert complete(stored, told).status == 404
    done = stored.command("media", "gc", "--home", str(stored.home), "--json")
    assert json.loads(done.stdout)["kept_files"] == 0


def test_an_upload_that_is_given_up_is_gone(stored: House) -> None:
    told = presign(stored, size=5).body
    path = f"{PATH}/{told['upload_id']}"
    assert stored.call("DELETE", path).body == {"ok": True, "upload_id": told["upload_id"]}
    assert stored.call("DELETE", path).status == 404
    assert complete(stored, told).status == 404


def test_a_quota_counts_what_is_presigned_in_every_way_in(
    build_house: BuildHouse, s3_endpoint: str, bucket: str, video: bytes
) -> None:
    quota = {"MEDIA_QUOTA": str(2 * len(video))}
    house = build_house(MEDIA_URL=f"s3://{bucket}?endpoint={s3_endpoint}", **quota, **KEYS)
    told = presign(house, size=len(video)).body
    assert presign(house, size=len(video) + 1).body["error"] == "media_quota_exceeded"
    other = video + b"\0\0\0\x10free12345678"
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(other))}
    for refused in (
        house.call("POST", "/v1/media", files={"file": ("b.mp4", other)}),
        house.call("POST", "/v1/media/tus", headers=tus),
    ):
        assert (refused.status, refused.body["error"]) == (413, "media_quota_exceeded")
    call("PUT", told["url"], data=video)
    assert complete(house, told).body["size"] == len(video)


def test_rows_that_cannot_be_are_named_all_at_once(stored: House) -> None:
    answer = presign(stored, size="a lot", sha256="abc", content_type="video")
    assert answer.status == 400
    assert answer.problems == [
        ("size", "not_an_integer"),
        ("content_type", "wrong_form"),
        ("sha256", "wrong_form"),
    ]


def test_a_server_without_a_bucket_says_which_way_to_take(house: House) -> None:
    answer = presign(house, size=5)
    assert (answer.status, answer.body["error"]) == (400, "presigned_not_offered")
    assert "/v1/media/tus" in answer.body["fix"]
    assert house.call("POST", f"{PATH}/upload_1/complete").body["error"] == "presigned_not_offered"


def test_nobody_presigns_without_a_key(house: House) -> None:
    assert house.call("POST", PATH, json={"size": 5}, key="").status == 401
    assert house.call("POST", f"{PATH}/upload_1/complete", key="").status == 401
