"""Keys that are bound to one account, and what they see of a workspace's media."""

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from connector.demo.media import make_photo
from tests.running import Answer, BuildHouse, House

pytest_plugins = ("tests.databases", "tests.running")

TUS = {"Tus-Resumable": "1.0.0"}


@dataclass
class Office:
    """A server with a key of the whole workspace, one that is bound to its account, and two photos."""

    house: House
    bound: str
    photo: bytes

    def upload(self, key: str | None, tail: bytes, **rows: str) -> Answer:
        """Upload a photo; the `tail` makes it another one."""
        files = {"file": ("a.jpg", self.photo + tail)}
        return self.house.call("POST", "/v1/media", key=key, files=files, data=rows)


@pytest.fixture(scope="module")
def office(house: House, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Give both keys."""
    path = tmp_path_factory.mktemp("bound") / "a.jpg"
    make_photo(path, "JPEG")
    (account,) = house.run("list_accounts", {}).body["accounts"]
    words = (
        "keys",
        "issue",
        "--home",
        str(house.home),
        "--name",
        "bound",
        "--account",
        account["account_id"],
    )
    return Office(house, house.command(*words).stdout.strip(), path.read_bytes())


def test_a_bound_key_sees_and_ends_nothing_that_others_brought(office: Office) -> None:
    house, theirs = office.house, office.upload(None, b"1", album="new").body
    for method, path, code in (
        ("GET", f"/v1/media/{theirs['media_id']}", "media_not_found"),
        ("GET", urlsplit(theirs["url"]).path, "media_not_found"),
        ("DELETE", f"/v1/media/{theirs['media_id']}", "media_not_found"),
        ("GET", f"/v1/albums/{theirs['album_id']}", "album_not_found"),
        ("DELETE", f"/v1/albums/{theirs['album_id']}", "album_not_found"),
    ):
        answer = house.call(method, path, key=office.bound)
        assert (answer.status, answer.body["error"]) == (404, code), path
    retained = house.call(
        "POST", "/api/album/retain", key=office.bound, json={"album_id": theirs["album_id"]}
    )
    assert (retained.status, retained.body["error"]) == (404, "album_not_found")
    assert office.upload(office.bound, b"2", album_id=theirs["album_id"]).status == 404
    assert house.call("GET", f"/v1/media/{theirs['media_id']}").status == 200


@pytest.mark.parametrize("spelling", ["media_id", "url"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_bound_key_posts_nothing_that_others_brought(office: Office, spelling: str, dry_run: bool) -> None:
    theirs = office.upload(None, b"3").body
    rows = office.house.photos("theirs", photo_images=[theirs[spelling]], dry_run=dry_run)
    answer = office.house.run("post_photos", rows, key=office.bound)
    assert (answer.status, answer.problems) == (404, [("photo_images[0]", "media_not_found")])


def test_a_bound_key_posts_what_it_brought_and_the_workspace_sees_it(office: Office) -> None:
    house, mine = office.house, office.upload(office.bound, b"4", album="new").body
    assert house.call("GET", f"/v1/media/{mine['media_id']}").status == 200
    assert house.call("GET", f"/v1/albums/{mine['album_id']}", key=office.bound).status == 200
    rows = house.photos("mine", photo_images=[mine["url"]], wait_seconds=30)
    told = house.run("post_photos", rows, key=office.bound).body
    assert told["status"] == "published_public", told
    assert house.call("DELETE", f"/v1/media/{mine['media_id']}", key=office.bound).status == 200


def test_the_same_bytes_of_both_are_two_uploads_that_end_by_themselves(office: Office) -> None:
    theirs, mine = office.upload(None, b"5").body, office.upload(office.bound, b"5").body
    assert theirs["media_id"] != mine["media_id"]
    assert office.house.call("DELETE", f"/v1/media/{mine['media_id']}", key=office.bound).status == 200
    shown = office.house.call("GET", urlsplit(theirs["url"]).path)
    assert (shown.status, shown.content) == (200, office.photo + b"5")


def test_an_unfinished_upload_is_seen_by_who_began_it(office: Office) -> None:
    spelled = f"album {base64.b64encode(b'new').decode()}"
    headers = {**TUS, "Upload-Length": "10", "Upload-Metadata": spelled}
    begun = office.house.call("POST", "/v1/media/tus", headers=headers)
    path = urlsplit(begun.headers["Location"]).path
    for method in ("HEAD", "GET", "PATCH", "DELETE"):
        patch = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        answer = office.house.call(method, path, key=office.bound, headers={**TUS, **patch})
        assert answer.status == 404, method
    assert office.house.call("DELETE", path, headers=TUS).status == 204


def test_an_album_that_is_full_takes_no_more(build_house: BuildHouse, office: Office) -> None:
    house = build_house()
    files = [("file", (f"{number}.jpg", office.photo + bytes([number]))) for number in range(35)]
    album = house.call("POST", "/v1/media", files=files).body
    more: dict[str, Any] = {
        "files": {"file": ("x.jpg", office.photo + b"x")},
        "data": {"album_id": album["album_id"]},
    }
    refused = house.call("POST", "/v1/media", **more)
    assert (refused.status, refused.body["error"]) == (400, "too_many_images")
    assert refused.problems == [("album_id", "album_full")]
    again: dict[str, Any] = {"files": [files[0]], "data": {"album_id": album["album_id"]}}
    assert house.call("POST", "/v1/media", **again).body["album_id"] == album["album_id"]


def test_an_upload_that_has_ended_says_so_however_it_is_asked_for(office: Office) -> None:
    media_id = office.upload(None, b"6").body["media_id"]
    assert office.house.call("DELETE", f"/v1/media/{media_id}").status == 200
    for method in ("GET", "DELETE"):
        answer = office.house.call(method, f"/v1/media/{media_id}")
        assert (answer.status, answer.body["error"]) == (410, "media_expired")
