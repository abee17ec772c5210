"""Files from the tools, in every shape that they send them: taken once, named by posts, published."""

import base64
import hashlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from connector.demo.media import make_photo, make_video
from tests.integration.media.scripted_server import ScriptedServer, answer
from tests.running import Answer, BuildHouse, House, eventually

pytest_plugins = ("tests.databases", "tests.running")

MEMBERS = {
    "ok",
    "media_id",
    "url",
    "kind",
    "mime",
    "size",
    "width",
    "height",
    "duration_ms",
    "sha256",
    "changes",
    "warnings",
    "album_id",
    "expires_at",
}


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a JPEG that no other test has."""
    path = tmp_path_factory.mktemp("uploads") / "beach.jpg"
    make_photo(path, "JPEG")
    return path.read_bytes() + b"beach"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return an MP4."""
    path = tmp_path_factory.mktemp("uploads") / "clip.mp4"
    make_video(path, seconds=1, width=540, height=960)
    return path.read_bytes()


def send(house: House, path: str = "/v1/media", **request: Any) -> Answer:  # noqa: ANN401 - what requests takes
    """Upload and see that it was taken."""
    answer = house.call("POST", path, **request)
    assert answer.status == 200, answer.body
    return answer


def in_spool(house: House) -> set[str]:
    """Return the names of all files in the media folder, whole or half."""
    return {path.name for path in (house.home / "media").rglob("*") if path.is_file()}


@pytest.fixture
def nothing_stays(house: House) -> Iterator[None]:
    """Hold a test to it: no file is in the spool that was not there before, not even half a one."""
    before = in_spool(house)
    yield
    eventually(lambda: in_spool(house) <= before, what="nothing half left behind")


WAYS: dict[str, Any] = {
    "multipart": lambda data: {"files": {"file": ("a.jpg", data, "image/jpeg")}},
    "multipart under another name": lambda data: {"files": {"data": ("a.jpg", data)}},
    "raw": lambda data: {"data": data, "headers": {"Content-Type": "image/jpeg"}},
    "raw as bytes": lambda data: {"data": data, "headers": {"Content-Type": "application/octet-stream"}},
    "raw as the wrong type": lambda data: {"data": data, "headers": {"Content-Type": "video/mp4"}},
    "raw without a type": lambda data: {"data": data},
    "raw as curl calls it": lambda data: {
        "data": data,
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
    },
    "raw in chunks": lambda data: {"data": iter([data[:1000], data[1000:]])},
    "base64": lambda data: {"json": {"data": base64.b64encode(data).decode()}},
    "base64 as file": lambda data: {"json": {"file": base64.b64encode(data).decode()}},
    "base64 in lines": lambda data: {"json": {"data": base64.encodebytes(data).decode()}},
    "base64url without padding": lambda data: {
        "json": {"data": base64.urlsafe_b64encode(data).decode().rstrip("=")}
    },
    "data URI": lambda data: {
        "json": {"data": f"data:image/jpeg;base64,{base64.b64encode(data).decode()}", "name": "a.jpg"}
    },
    "base64 in a form": lambda data: {"data": {"file": base64.b64encode(data).decode()}},
    "base64 in a part": lambda data: {"files": {"file": (None, base64.b64encode(data))}},
}


@pytest.mark.parametrize("path", ["/v1/media", "/v1/operations/upload_media"])
@pytest.mark.parametrize("way", WAYS)
def test_the_same_bytes_are_the_same_upload_whatever_way_they_come(
    house: House, photo: bytes, way: str, path: str
) -> None:
    first = send(house, files={"file": ("a.jpg", photo)}).body
    answer = send(house, path, **WAYS[way](photo)).body
    assert answer["media_id"] == first["media_id"]
    assert set(answer) >= MEMBERS
    assert (answer["kind"], answer["mime"], answer["size"]) == ("photo", "image/jpeg", len(photo))
    assert [name for name in in_spool(house) if name == answer["sha256"]] == [answer["sha256"]]


def test_a_url_is_fetched_now(house: House) -> None:
    answer = send(house, "/v1/operations/upload_media", json={"file": f"{house.media_url}/clip.mp4"}).body
    assert (answer["kind"], answer["width"], answer["height"]) == ("video", 540, 960)
    refused = house.call("POST", "/v1/media", json={"file": f"{house.media_url}/nothing.mp4"})
    assert (refused.status, refused.body["error"]) == (400, "fetch_error")


def test_a_url_in_the_query_is_fetched_too(house: House) -> None:
    assert send(house, params={"file": f"{house.media_url}/clip.mp4"}).body["kind"] == "video"


def test_a_private_url_is_not_fetched(house: House) -> None:
    answer = house.call("POST", "/v1/media", json={"file": f"{house.url}/healthz"})
    assert (answer.status, answer.body["error"]) == (400, "address_not_allowed")


@pytest.mark.parametrize("spelling", ["media_id", "url"])
def test_a_post_takes_an_upload_by_id_or_url_and_fetches_nothing(
    build_house: BuildHouse, video: bytes, spelling: str
) -> None:
    house = build_house(TRUSTED_ORIGINS="")
    upload = send(house, data=video, headers={"Content-Type": "video/mp4"}, params={"name": "clip.mp4"}).body
    assert upload["url"].endswith("/clip.mp4")
    rows = {**house.video("uploaded"), "source_url": upload[spelling], "wait_seconds": 30}
    told = house.run("post_video", rows).body
    assert told["status"] == "published_public", told
    assert len(house.witness.posts("uploaded")) == 1


def test_both_names_of_an_upload_are_the_same_input(house: House, photo: bytes) -> None:
    upload = send(house, files={"file": ("a.jpg", photo)}).body
    local = upload["url"].replace("127.0.0.1", "localhost")
    for index, name in enumerate((upload["media_id"], upload["url"], local)):
        rows = {"photo_images": [name], "privacy": "private", "title": "same", "idempotency_key": "same"}
        answer = house.run("post_photos", rows)
        assert answer.status == 202 if index == 0 else answer.headers["Idempotency-Replayed"] == "true"


def test_lists_mix_uploads_and_urls(house: House, photo: bytes) -> None:
    upload = send(house, files={"file": ("a.jpg", photo)}).body
    images = f"{upload['media_id']}, {house.media_url}/two.webp"
    rows = {**house.photos("mixed"), "photo_images": images, "wait_seconds": 30}
    told = house.run("post_photos", rows).body
    assert told["status"] == "published_public", told


@pytest.mark.parametrize(
    ("field", "name", "code"),
    [
        ("source_url", "media_01J9Z3K8Q4T2W6Y1X5V7B0N3M8", "media_not_found"),
        ("source_url", "{house}/v1/media/media_01J9Z3K8Q4T2W6Y1X5V7B0N3M8/a.mp4", "media_not_found"),
        ("source_url", "{house}/v1/media/hello/a.mp4", "media_not_found"),
    ],
)
def test_an_upload_that_nobody_has_is_not_found(house: House, field: str, name: str, code: str) -> None:
    stored = house.stored()
    answer = house.run("post_video", house.video("none", **{field: name.format(house=house.url)}))
    assert (answer.status, answer.body["error"]) == (404, code)
    assert answer.problems == [(field, "media_not_found")]
    assert house.stored() == stored


def test_what_is_refused_at_once_is_told_by_the_name_that_was_sent(house: House, photo: bytes) -> None:
    upload = send(house, files={"file": ("a.jpg", photo)}).body
    images = [upload["url"], upload["preview_url"] + "?side=64", "media_01J9Z3K8Q4T2W6Y1X5V7B0N3M8"]
    stored = house.stored()
    answer = house.run("post_photos", {"images": images, "privacy": "public"})
    assert answer.problems == [("images[1]", "is_preview"), ("images[2]", "media_not_found")]
    assert house.stored() == stored


def test_a_photo_is_no_video(house: House, photo: bytes) -> None:
    upload = send(house, files={"file": ("a.jpg", photo)}).body
    answer = house.run("post_video", house.video("photo", source_url=upload["media_id"]))
    assert (answer.status, answer.problems) == (400, [("source_url", "wrong_kind")])


def test_a_png_is_converted_and_says_so(house: House, tmp_path: Path) -> None:
    make_photo(tmp_path / "a.png", "PNG")
    answer = send(house, files={"file": ("../../a.png", (tmp_path / "a.png").read_bytes())}).body
    assert (answer["mime"], answer["name"]) == ("image/jpeg", "a.png")
    assert answer["changes"]
    assert answer["url"].endswith("/a.jpg")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\0b.jpg", "C:\\x\\y.jpg", "\u202egpj.exe", "", "x" * 254]
)
def test_a_name_is_a_label_and_no_path(house: House, photo: bytes, name: str) -> None:
    answer = send(house, json={"data": base64.b64encode(photo).decode(), "name": name.replace("\0", "")}).body
    assert not {"/", "\\", "\0"} & set(answer["name"])
    assert urlsplit(answer["url"]).path.count("/") == 4
    raw = send(house, data=photo, headers={"Content-Disposition": 'attachment; filename="../../x.jpg"'}).body
    assert "/" not in raw["name"]


@pytest.mark.usefixtures("nothing_stays")
@pytest.mark.parametrize(
    ("data", "status", "code", "problem"),
    [
        (b"", 400, "bad_request", "empty_file"),
        (b"this is no video\n", 415, "unsupported_file_type", "unsupported_file_type"),
        (b"<!doctype html><p>Log in", 415, "unsupported_file_type", "unsupported_file_type"),
        (b"BM" + bytes(40), 400, "unsupported_image_type", "unsupported_image_type"),
        (b"\xff\xd8\xff" + bytes(20_000_001), 400, "image_too_large", "image_too_large"),
    ],
    ids=["empty", "text", "page", "bmp", "large photo"],
)
def test_what_is_no_media_is_refused_by_its_bytes(
    house: House, data: bytes, status: int, code: str, problem: str
) -> None:
    answer = house.call("POST", "/v1/media", files={"file": ("video.mp4", data, "video/mp4")})
    assert (answer.status, answer.body["error"]) == (status, code)
    assert [item["problem"] for item in answer.body["details"]] == [problem]
    assert all(item["fix"] for item in answer.body["details"])


@pytest.mark.usefixtures("nothing_stays")
@pytest.mark.parametrize(
    "body", [b'{"data": "not base64 at all!"}', b'{"data": "data:image/png,%89PNG"}', b'{"data": "QUJDR"}']
)
def test_text_that_is_no_file_is_refused(house: House, body: bytes) -> None:
    answer = house.call("POST", "/v1/media", data=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.body["error"]) == (400, "bad_request")
    assert answer.problems == [("file", "not_a_file")]


def test_a_request_without_a_file_says_so(house: House) -> None:
    requests: list[dict[str, Any]] = [{"json": {}}, {"json": {"name": "a.mp4"}}, {"data": {"name": "a.mp4"}}]
    for request in requests:
        answer = house.call("POST", "/v1/media", **request)
        assert (answer.status, answer.body["error"]) == (400, "bad_request")
        assert ("file", "required") in answer.problems


@pytest.mark.usefixtures("nothing_stays")
def test_one_bad_file_of_several_is_named_and_none_is_kept(house: House, tmp_path: Path) -> None:
    make_photo(tmp_path / "a.jpg", "JPEG")
    good = (tmp_path / "a.jpg").read_bytes() + b"only here"
    files = [("photos", ("a.jpg", good)), ("photos", ("b.jpg", b"no photo")), ("photos", ("c.jpg", b""))]
    answer = house.call("POST", "/v1/media", files=files)
    assert answer.status == 415
    assert {field for field, _ in answer.problems} == {"photos[1]", "photos[2]"}


@pytest.mark.usefixtures("nothing_stays")
@pytest.mark.parametrize("key", ["", "pr_live_wrong"])
def test_a_stranger_uploads_nothing(house: House, photo: bytes, key: str) -> None:
    answer = house.call("POST", "/v1/media", key=key, files={"file": ("a.jpg", photo + b"stranger")})
    assert answer.status == 401


def exchange(house: House, head: list[str], body: bytes) -> bytes:
    """Send a raw request that ends too soon, and read the answer."""
    parts = urlsplit(house.url)
    lines = ["POST /v1/media HTTP/1.1", "Host: x", f"Authorization: Bearer {house.key}", *head, "", ""]
    with closing(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30)) as line:
        line.sendall("\r\n".join(lines).encode() + body)
        line.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := line.recv(65_536):
            answer += piece
        return answer


@pytest.mark.usefixtures("nothing_stays")
@pytest.mark.parametrize(
    ("head", "body"),
    [
        (["Content-Type: video/mp4", "Content-Length: 500000"], b"\0\0\0\x18ftypmp42" + bytes(1000)),
        (["Content-Type: video/mp4", "Transfer-Encoding: chunked"], b"400\r\n" + bytes(1000)),
        (["Content-Type: video/mp4", "Transfer-Encoding: chunked"], b"zz\r\n" + bytes(1000)),
        (
            ["Content-Type: multipart/form-data; boundary=x", "Content-Length: 500000"],
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + bytes(1000),
        ),
        (["Content-Type: application/json", "Content-Length: 500000"], b'{"data": "' + b"QUJD" * 100),
    ],
    ids=["length", "chunked", "badly chunked", "multipart", "json"],
)
def test_a_body_that_breaks_off_leaves_nothing(house: House, head: list[str], body: bytes) -> None:
    answer = exchange(house, head, body)
    assert answer.startswith(b"HTTP/1.1 400")
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert [item["problem"] for item in told["details"]] == ["upload_cut"]


def test_a_body_that_says_it_is_too_large_is_not_read(house: House) -> None:
    answer = exchange(house, ["Content-Type: video/mp4", "Content-Length: 4100000000"], b"")
    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"too_large"' in answer


def test_a_body_that_becomes_too_large_is_cut(build_house: BuildHouse) -> None:
    house = build_house(MAX_UPLOAD_BYTES="300000")
    clip = b"\0\0\0\x18ftypmp42" + bytes(300_000)
    big = house.call("POST", "/v1/media", data=(clip for _ in range(2)))
    assert (big.status, big.body["error"]) == (413, "too_large")
    assert in_spool(house) == set()


def test_an_upload_is_shown_looked_at_and_deleted(house: House, photo: bytes) -> None:
    data = photo + b"to be deleted"
    upload = send(house, files={"file": ("a.jpg", data)}).body
    path = urlsplit(upload["url"]).path
    shown = house.call("GET", f"/v1/media/{upload['media_id']}").body
    assert {name: shown[name] for name in upload if name in shown} == {
        name: upload[name] for name in upload if name in shown
    }
    assert house.call("GET", path).content == data
    assert house.call("GET", path, headers={"Range": "bytes=0-2"}).content == data[:3]
    assert house.call("GET", path, key="").status == 401
    assert house.call("DELETE", f"/v1/media/{upload['media_id']}").status == 200
    assert upload["sha256"] not in in_spool(house)
    gone = house.call("GET", f"/v1/media/{upload['media_id']}")
    assert (gone.status, gone.body["error"]) == (410, "media_expired")
    refused = house.run("post_photos", house.photos("gone", photo_images=upload["url"]))
    assert (refused.status, refused.body["error"]) == (410, "media_expired")
    again = send(house, files={"file": ("a.jpg", data)}).body
    assert again["media_id"] == upload["media_id"]


def test_a_file_that_a_pending_post_needs_is_not_deleted(build_house: BuildHouse, photo: bytes) -> None:
    house = build_house()
    house.witness.set_dial(mode="manual")
    upload = send(house, files={"file": ("a.jpg", photo)}).body
    post = house.run("post_photos", house.photos("pending", photo_images=upload["media_id"])).body
    answer = house.call("DELETE", f"/v1/media/{upload['media_id']}")
    assert (answer.status, answer.body["error"]) == (409, "media_in_use"), post
    assert house.call("GET", f"/v1/media/{upload['media_id']}").status == 200


def test_several_photos_make_an_album_that_can_be_retained_and_deleted(house: House, photo: bytes) -> None:
    files = [("file", (f"{n}.jpg", photo + n.encode())) for n in ("one", "two", "three")]
    answer = send(house, files=files).body
    album_id = answer["album_id"]
    album = house.call("GET", f"/v1/albums/{album_id}").body
    assert album["ok"], album
    assert [row["name"] for row in album["media"]] == ["one.jpg", "two.jpg", "three.jpg"]
    assert album["photo_images"] == answer["photo_images"]
    more = send(house, files={"file": ("four.jpg", photo + b"four")}, data={"album_id": album_id}).body
    assert more["album_id"] == album_id
    assert len(house.call("GET", f"/v1/albums/{album_id}").body["media"]) == 4
    retained = house.call("POST", "/api/album/retain", json={"album_id": album_id}).body
    assert retained["ok"] is True
    assert retained["expires_at"] > album["expires_at"]
    shown = house.call("GET", f"/v1/media/{more['media_id']}").body
    assert shown["expires_at"] == retained["expires_at"]
    assert house.call("DELETE", f"/v1/albums/{album_id}").status == 200
    assert house.call("GET", f"/v1/albums/{album_id}").body["error"] == "album_not_found"
    assert house.call("GET", f"/v1/media/{more['media_id']}").body["error"] == "media_expired"


def test_album_new_opens_one_and_a_strange_album_is_not_found(house: House, photo: bytes) -> None:
    answer = send(house, files={"file": ("a.jpg", photo)}, params={"album": "new"}).body
    assert answer["album_id"].startswith("album_")
    before = in_spool(house)
    refused = house.call(
        "POST", "/v1/media", files={"file": ("a.jpg", photo + b"strange")}, data={"album_id": "album_1"}
    )
    assert (refused.status, refused.body["error"]) == (404, "album_not_found")
    assert in_spool(house) == before
    missing = house.call("POST", "/api/album/retain", json={})
    assert (missing.status, missing.body["error"]) == (400, "bad_request")
    assert missing.problems == [("album_id", "required")]
    strange = house.call("POST", "/api/album/retain", json={"albumId": 7})
    assert (strange.status, strange.body["error"]) == (404, "album_not_found")


def test_a_video_goes_into_no_album(house: House, video: bytes) -> None:
    answer = house.call("POST", "/v1/media", data=video, params={"album": "new"})
    assert (answer.status, answer.problems) == (400, [("album_id", "album_of_photos")])


def test_uploads_by_url_that_wait_for_a_source_leave_the_threads_to_others(
    build_house: BuildHouse, photo: bytes
) -> None:
    goes_on = threading.Event()

    def late(connection: socket.socket, _head: str) -> None:
        goes_on.wait(60)
        connection.sendall(answer("200 OK", photo))

    with ScriptedServer(late) as source, ThreadPoolExecutor(1) as pool:
        house = build_house(TRUSTED_ORIGINS=str(source.origin), THREADS="4")
        waiting = pool.submit(send, house, json={"file": source.url("/a.jpg")})
        try:
            eventually(lambda: source.heads, what="a download")
            refused = house.call("POST", "/v1/media", json={"file": source.url("/a.jpg")})
            assert (refused.status, refused.body["error"]) == (503, "too_many_downloads")
            assert refused.headers["Retry-After"] == "10"
        finally:
            goes_on.set()
        assert waiting.result(60).body["kind"] == "photo"
        send(house, json={"file": source.url("/a.jpg")})


def test_a_quota_is_kept(build_house: BuildHouse, photo: bytes) -> None:
    house = build_house(MEDIA_QUOTA=str(len(photo) + 100))
    send(house, files={"file": ("a.jpg", photo)})
    send(house, files={"file": ("a.jpg", photo)})
    answer = house.call("POST", "/v1/media", files={"file": ("b.jpg", photo + b"more")})
    assert (answer.status, answer.body["error"]) == (413, "media_quota_exceeded")
    assert len(in_spool(house)) == 1


def old_file(house: House, data: bytes) -> Path:
    """Put a file into the spool that came long ago and that nobody needs."""
    name = hashlib.sha256(data).hexdigest()
    path = house.home / "media" / name[:2] / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (0, 0))
    return path


def test_media_gc_says_what_would_go_and_then_lets_it_go(build_house: BuildHouse, photo: bytes) -> None:
    house = build_house()
    upload = send(house, files={"file": ("a.jpg", photo)}).body
    kept = house.home / "media" / upload["sha256"][:2] / upload["sha256"]
    os.utime(kept, (0, 0))
    orphan = old_file(house, b"nobody's")
    being_written = house.home / "media" / "incoming" / "another-program"
    being_written.write_bytes(b"half")
    words = ("media", "gc", "--home", str(house.home))
    dry = json.loads(house.command(*words, "--dry-run", "--json").stdout)
    assert (dry["files"], dry["bytes"], dry["kept_files"], dry["dry_run"]) == (1, 8, 1, True)
    assert orphan.exists()
    assert "1 files (0.0 MB) are gone." in house.command(*words).stdout
    assert not orphan.exists()
    assert kept.exists()
    assert being_written.exists()


def test_media_gc_makes_no_installation_by_accident(house: House, tmp_path: Path) -> None:
    done = house.command("media", "gc", "--home", str(tmp_path / "mistyped"))
    assert done.returncode == 2
    assert not (tmp_path / "mistyped").exists()


def test_a_photo_that_is_too_wide_is_scaled_where_that_is_asked_for(house: House, tmp_path: Path) -> None:
    Image.new("RGB", (1086, 1448), "teal").save(tmp_path / "wide.jpg")
    data = (tmp_path / "wide.jpg").read_bytes()
    refused = house.call("POST", "/v1/media", files={"file": ("wide.jpg", data)})
    assert (refused.status, refused.body["error"]) == (400, "image_too_large_px")
    answer = send(house, files={"file": ("wide.jpg", data)}, data={"fit": "yes"}).body
    assert max(answer["width"], answer["height"]) == 1080
    assert answer["changes"]


def test_a_dry_run_knows_uploads_and_that_they_end(house: House, photo: bytes) -> None:
    upload = send(house, files={"file": ("a.jpg", photo + b"dry")}).body
    rows = house.photos("dry", photo_images=[upload["url"]], dry_run=True)
    told = house.run("post_photos", rows)
    assert (told.status, told.body["media"][0]["width"]) == (200, upload["width"])
    house.call("DELETE", f"/v1/media/{upload['media_id']}")
    ended = house.run("post_photos", rows)
    assert (ended.status, ended.problems) == (410, [("photo_images[0]", "media_expired")])
