"""Media in a bucket: fetched into it, sent and shown out of it by ranges, told when it cannot be used."""

from pathlib import Path

import pytest

from tests.buckets import make_bucket, s3_server
from tests.running import BuildHouse, House, call, eventually

pytest_plugins = ("tests.buckets", "tests.databases", "tests.running")

KEYS = {"MEDIA_ACCESS_KEY_ID": "test", "MEDIA_SECRET_ACCESS_KEY": "a secret of the bucket's"}


@pytest.fixture
def stored(build_house: BuildHouse, s3_endpoint: str, bucket: str) -> House:
    """A server whose media lies in a bucket."""
    return build_house(MEDIA_URL=f"s3://{bucket}/media?endpoint={s3_endpoint}", **KEYS)


def files_of(house: House) -> list[Path]:
    """Return the media files on the server's own disk."""
    return [path for path in (house.home / "media").rglob("*") if path.is_file()]


@pytest.mark.parametrize("transfer", ["upload", "pull"])
def test_a_video_goes_from_the_bucket_to_tiktok_to_the_byte(stored: House, transfer: str) -> None:
    rows = stored.video("from a bucket", source_url=f"{stored.media_url}/big.mp4", transfer=transfer)
    post_id = stored.run("post_video", rows).body["post_id"]
    assert stored.wait(post_id)["status"] == "published_public"
    (post,) = stored.witness.posts("from a bucket")
    sent = call("GET", f"{stored.witness.url}/_sandbox/media/{post['media'][0]['sha256']}")
    assert sent.content == call("GET", f"{stored.media_url}/big.mp4").content
    assert files_of(stored) == []


def test_photos_are_pulled_out_of_the_bucket_through_the_gate_by_ranges(stored: House) -> None:
    post_id = stored.run("post_photos", stored.photos("pulled")).body["post_id"]
    assert stored.wait(post_id)["status"] == "published_public"
    url = stored.witness.publishes("pulled")[0]["source_info"]["photo_images"][0]
    photo = call("GET", f"{stored.media_url}/one.jpg").content
    whole = call("GET", url)
    assert (whole.status, whole.content, whole.headers["Content-Type"]) == (200, photo, "image/jpeg")
    part = call("GET", url, headers={"Range": "bytes=10-19"})
    assert (part.status, part.content) == (206, photo[10:20])
    parts = call("GET", url, headers={"Range": "bytes=0-9,100-109"})
    assert parts.headers["Content-Type"].startswith("multipart/byteranges")
    assert photo[:10] in parts.content
    assert photo[100:110] in parts.content
    assert call("HEAD", url).headers["Content-Length"] == str(len(photo))


def test_a_bucket_that_is_gone_lets_a_post_wait_and_says_why(
    build_house: BuildHouse, s3_endpoint: str
) -> None:
    name = make_bucket(s3_endpoint)
    house = build_house(MEDIA_URL=f"s3://{name}?endpoint={s3_endpoint}", **KEYS)
    call("DELETE", f"{s3_endpoint}/{name}")
    post_id = house.run("post_video", house.video("patient")).body["post_id"]
    eventually(lambda: "storage_missing" in house.log(), what="the reason in the log")
    assert house.status(post_id)["state"] == "pending"
    call("PUT", f"{s3_endpoint}/{name}")
    assert house.wait(post_id)["status"] == "published_public"


def said_at_the_start(house: House, url: str) -> str:
    """Start a server with its media at `url`, which cannot be; return what it says."""
    house.stop()
    house.settings = {"MEDIA_URL": url, **KEYS}
    done = house.command("serve", "--home", str(house.home), "--port", "0")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert KEYS["MEDIA_SECRET_ACCESS_KEY"] not in done.stderr
    return done.stderr


def test_a_bucket_that_cannot_be_used_is_told_at_the_start(build_house: BuildHouse, s3_endpoint: str) -> None:
    house = build_house()
    missing = said_at_the_start(house, f"s3://nobodys-bucket?endpoint={s3_endpoint}")
    assert "there is no such bucket" in missing
    assert "it does not answer" in said_at_the_start(house, "s3://bucket?endpoint=http://127.0.0.1:9")
    assert "write s3://" in said_at_the_start(house, "ftp://bucket")
    with s3_server(INITIAL_NO_AUTH_ACTION_COUNT="1") as guarded:
        name = make_bucket(guarded)
        assert "refuses the credentials" in said_at_the_start(house, f"s3://{name}?endpoint={guarded}")


def test_a_folder_that_cannot_be_used_is_told_at_the_start(build_house: BuildHouse) -> None:
    house = build_house()
    house.stop()
    (house.home / "media").rename(house.home / "elsewhere")
    (house.home / "media").write_text("not a folder")
    done = house.command("serve", "--home", str(house.home), "--port", "0")
    assert done.returncode == 2
    assert "POSTRAIL_HOME: cannot keep media in" in done.stderr
    assert "Traceback" not in done.stderr
