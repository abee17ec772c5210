"""Resumable uploads by tus 1.0: the public client, cut again and again; the protocol's words; kill -9."""

import base64
import hashlib
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks.big_video import MB, pad
from connector.demo.media import make_photo, make_video
from tests.cutting import CuttingProxy, upload_through
from tests.running import Answer, BuildHouse, House, eventually

pytest_plugins = ("tests.databases", "tests.running")

PATH = "/v1/media/tus"
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = "application/offset+octet-stream"
MEGABYTES, CUTS = 20, 5


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a JPEG that no other test has."""
    path = tmp_path_factory.mktemp("tus") / "a.jpg"
    make_photo(path, "JPEG")
    return path.read_bytes() + b"tus"


def tus(house: House, method: str, path: str, *data: bytes, **headers: str) -> Answer:
    """Make one request of the protocol."""
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    return house.call(method, path, data=b"".join(data) or None, headers={**TUS, **spelled})


def begin(house: House, length: int, **headers: str) -> str:
    """Begin an upload; return its path."""
    answer = tus(house, "POST", PATH, Upload_Length=str(length), **headers)
    assert answer.status == 201, answer.content
    return urlsplit(answer.headers["Location"]).path


def patch(house: House, path: str, offset: int, data: bytes, **headers: str) -> Answer:
    """Send a part."""
    return tus(house, "PATCH", path, data, Upload_Offset=str(offset), Content_Type=OCTETS, **headers)


def metadata(**values: str) -> str:
    """Spell metadata."""
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())


def test_a_quota_counts_what_is_begun(build_house: BuildHouse) -> None:
    house = build_house(MEDIA_QUOTA="1000")
    begun = begin(house, 600)
    refused = tus(house, "POST", PATH, Upload_Length="600")
    assert (refused.status, refused.body["error"]) == (413, "media_quota_exceeded")
    assert patch(house, begun, 0, b"x" * 10).headers["Upload-Offset"] == "10"
    assert tus(house, "DELETE", begun).status == 204
    assert begin(house, 600)


def test_what_the_server_can_do_is_told_without_a_key(house: House) -> None:
    answer = house.call("OPTIONS", PATH, key="")
    assert answer.status == 204
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) >= {
        "creation",
        "creation-with-upload",
        "termination",
        "expiration",
        "checksum",
    }
    assert int(answer.headers["Tus-Max-Size"]) == 4_000_000_000
    assert "sha1" in answer.headers["Tus-Checksum-Algorithm"]


def test_a_file_in_two_parts_becomes_an_upload(house: House, photo: bytes) -> None:
    path = begin(house, len(photo), Upload_Metadata=metadata(filename="beach.jpg", filetype="image/jpeg"))
    first = patch(house, path, 0, photo[:1000])
    assert (first.status, first.headers["Upload-Offset"]) == (204, "1000")
    assert first.headers["Tus-Resumable"] == "1.0.0"
    assert first.headers["Upload-Expires"].endswith("GMT")
    seen = tus(house, "HEAD", path)
    assert (seen.headers["Upload-Offset"], seen.headers["Upload-Length"]) == ("1000", str(len(photo)))
    assert seen.headers["Cache-Control"] == "no-store"
    assert "filename" in seen.headers["Upload-Metadata"]
    last = patch(house, path, 1000, photo[1000:])
    assert last.status == 204
    told = house.call("GET", path).body
    assert told["media_id"] == last.headers["X-Media-Id"]
    assert (told["name"], told["kind"]) == ("beach.jpg", "photo")
    assert told["sha256"] == hashlib.sha256(photo).hexdigest()
    assert tus(house, "HEAD", path).headers["Upload-Offset"] == str(len(photo))


def test_a_file_may_come_with_its_creation_and_go_into_an_album(house: House, photo: bytes) -> None:
    answer = tus(
        house,
        "POST",
        PATH,
        photo,
        Upload_Length=str(len(photo)),
        Content_Type=OCTETS,
        Upload_Metadata=metadata(name="a.jpg", album="new"),
    )
    assert (answer.status, answer.headers["Upload-Offset"]) == (201, str(len(photo)))
    told = house.call("GET", urlsplit(answer.headers["Location"]).path).body
    album = house.call("GET", f"/v1/albums/{told['album_id']}").body
    assert [row["media_id"] for row in album["media"]] == [told["media_id"]]
    strange = tus(house, "POST", PATH, Upload_Length="5", Upload_Metadata=metadata(album_id="album_1"))
    assert (strange.status, strange.body["error"]) == (404, "album_not_found")


def test_a_checksum_is_held_to(house: House, photo: bytes) -> None:
    path = begin(house, len(photo))
    right = base64.b64encode(hashlib.sha1(photo[:500], usedforsecurity=False).digest()).decode()
    wrong = patch(house, path, 0, photo[1:501], Upload_Checksum=f"sha1 {right}")
    assert (wrong.status, wrong.body["error"]) == (460, "upload_checksum_mismatch")
    assert tus(house, "HEAD", path).headers["Upload-Offset"] == "0"
    assert patch(house, path, 0, photo[:500], Upload_Checksum=f"sha1 {right}").status == 204
    odd = patch(house, path, 500, b"x", Upload_Checksum="crc32 AAAA")
    assert (odd.status, odd.body["error"]) == (400, "bad_request")
    assert tus(house, "HEAD", path).headers["Upload-Offset"] == "500"


def test_a_given_up_upload_is_gone(house: House) -> None:
    path = begin(house, 100)
    assert tus(house, "DELETE", path).status == 204
    for method in ("HEAD", "DELETE"):
        assert tus(house, method, path).status == 404
    assert patch(house, path, 0, b"x").status == 404
    assert not [entry for entry in (house.home / "media" / "partial").iterdir() if path[-26:] in entry.name]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 400, "bad_request"),
        ({"Upload_Length": "-1"}, 400, "bad_request"),
        ({"Upload_Length": "1e9"}, 400, "bad_request"),
        ({"Upload_Length": "9" * 30}, 400, "bad_request"),
        ({"Upload_Defer_Length": "1"}, 400, "bad_request"),
        ({"Upload_Length": "4000000001"}, 413, "too_large"),
        ({"Upload_Length": "5", "Upload_Metadata": "a ??"}, 400, "bad_request"),
        ({"Upload_Length": "5", "Upload_Metadata": "a YQ==,a YQ=="}, 400, "bad_request"),
        ({"Upload_Length": "5", "Tus_Resumable": "0.2.2"}, 412, "tus_version_unsupported"),
    ],
)
def test_a_creation_that_is_not_right_is_refused(
    house: House, headers: dict[str, str], status: int, code: str
) -> None:
    answer = tus(house, "POST", PATH, **headers)
    assert (answer.status, answer.body["error"]) == (status, code)
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert ("Tus-Version" in answer.headers) == (status == 412)


def test_a_part_that_is_not_right_is_refused(house: House) -> None:
    path = begin(house, 100)
    assert patch(house, path, 5, b"x").status == 409
    assert patch(house, path, 0, bytes(101)).status == 413
    assert tus(house, "PATCH", path, b"x", Upload_Offset="0", Content_Type="text/plain").status == 415
    assert tus(house, "PATCH", path, b"x", Content_Type=OCTETS).status == 400
    assert tus(house, "POST", path, b"x").status == 405
    assert tus(house, "HEAD", path).headers["Upload-Offset"] == "0"


def test_a_post_may_stand_for_a_patch(house: House) -> None:
    path = begin(house, 100)
    headers = {"Upload_Offset": "0", "Content_Type": OCTETS, "X_HTTP_Method_Override": "PATCH"}
    assert tus(house, "POST", path, b"12345", **headers).headers["Upload-Offset"] == "5"


def test_a_whole_file_that_is_no_media_is_told_and_forgotten(house: House) -> None:
    path = begin(house, 11)
    answer = patch(house, path, 0, b"hello world")
    assert (answer.status, answer.body["error"]) == (415, "unsupported_file_type")
    assert tus(house, "HEAD", path).status == 404


def test_another_workspace_or_no_key_sees_nothing(house: House) -> None:
    path = begin(house, 100)
    for method in ("HEAD", "DELETE", "PATCH"):
        assert house.call(method, path, key="", headers=TUS).status == 401
    assert house.call("POST", PATH, key="", headers={**TUS, "Upload-Length": "5"}).status == 401
    assert tus(house, "HEAD", f"{PATH}/upload_01J9Z3K8Q4T2W6Y1X5V7B0N3M8").status == 404
    assert tus(house, "HEAD", f"{PATH}/..%2f..%2fsecret").status == 404


@contextmanager
def half_sent(house: House, path: str, data: bytes, length: int) -> Iterator[socket.socket]:
    """Send the head and the beginning of a part, and leave the connection open."""
    parts = urlsplit(house.url)
    lines = [
        f"PATCH {path} HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {house.key}",
        "Tus-Resumable: 1.0.0",
        "Upload-Offset: 0",
        f"Content-Type: {OCTETS}",
        f"Content-Length: {length}",
    ]
    with closing(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30)) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode() + data)
        yield line


def offset_of(house: House, path: str) -> int:
    """Ask where to go on."""
    return int(tus(house, "HEAD", path).headers["Upload-Offset"])


def test_what_came_before_a_cut_stays_and_a_second_writer_is_held_off(house: House, photo: bytes) -> None:
    half = 3 * 65_536
    photo = photo + bytes(2 * half)
    path = begin(house, len(photo))
    with half_sent(house, path, photo[:half], len(photo)) as line:
        arrived = house.home / "media" / "partial" / path.rpartition("/")[2]
        eventually(lambda: arrived.stat().st_size > 0, what="the part has arrived")
        locked = patch(house, path, 0, photo)
        assert (locked.status, locked.body["error"]) == (423, "upload_locked")
        assert "Retry-After" in locked.headers
        line.shutdown(socket.SHUT_WR)
        while line.recv(1000):
            pass
    kept = offset_of(house, path)
    assert 0 < kept <= half
    assert patch(house, path, kept, photo[kept:]).headers["X-Media-Id"]


def test_an_upload_goes_on_after_the_server_was_killed(build_house: BuildHouse, photo: bytes) -> None:
    house = build_house()
    path = begin(house, len(photo))
    assert patch(house, path, 0, photo[:4000]).status == 204
    with half_sent(house, path, b"", 100):
        house.kill()
    house.start()
    assert offset_of(house, path) == 4000
    last = patch(house, path, 4000, photo[4000:])
    assert house.call("GET", f"/v1/media/{last.headers['X-Media-Id']}").body["size"] == len(photo)


def test_the_public_client_ends_an_upload_that_is_cut_again_and_again(
    build_house: BuildHouse, tmp_path: Path
) -> None:
    house = build_house()
    small = make_video(tmp_path / "small.mp4", seconds=1, width=540, height=960)
    clip = pad(small, tmp_path / "clip.mp4", MEGABYTES * MB)
    with CuttingProxy(house.url) as proxy:
        url = upload_through(proxy, f"{PATH}", house.key, clip, cuts=CUTS)
        assert proxy.cuts == CUTS
    told = house.call("GET", urlsplit(url).path).body
    with clip.open("rb") as file:
        assert told["sha256"] == hashlib.file_digest(file, "sha256").hexdigest()
    rows = {"source_url": told["media_id"], "privacy": "private", "title": "resumed", "wait_seconds": 50}
    assert house.run("post_video", rows).body["status"] == "published_private"
