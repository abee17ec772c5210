"""PM3K's document on media hosts (3.2, 4.5.3, 8), by its own endpoint; `/v1` takes the same hosts."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.demo.media import make_photo
from tests.integration.media.scripted_server import Script, ScriptedServer, answer
from tests.running import BuildHouse, House

pytest_plugins = ("tests.databases", "tests.running")

DIRECT = "/api/tiktok/direct_post"


@pytest.fixture
def photo(tmp_path: Path) -> bytes:
    return make_photo(tmp_path / "a.jpg", "JPEG").read_bytes()


def moved(photo: bytes) -> Script:
    """Build a host that gives the photo behind a redirect."""

    def script(connection: socket.socket, head: str) -> None:
        there = head.startswith("GET /there ")
        connection.sendall(answer("200 OK", photo) if there else answer("302 Found", Location="/there"))

    return script


def unmeasured(photo: bytes) -> Script:
    """Build a host that sends the photo without its length."""

    def script(connection: socket.socket, _head: str) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(photo), photo))

    return script


@contextmanager
def hosted(
    build_house: BuildHouse, script: Script, media_url: str
) -> Iterator[tuple[House, dict[str, object]]]:
    """Yield a house that may fetch from a host that follows `script`, and rows of a photo post from there."""
    with ScriptedServer(script) as host:
        house = build_house(TRUSTED_ORIGINS=f"{media_url},{host.origin}")
        yield house, house.photos("from elsewhere", photo_images=host.url("/photo.jpg"))


@pytest.mark.parametrize(
    ("make", "code"), [(moved, "redirect_not_allowed"), (unmeasured, "content_length_required")]
)
def test_pm3k_refuses_what_v1_takes(
    build_house: BuildHouse, photo: bytes, media_url: str, make: Callable[[bytes], Script], code: str
) -> None:
    with hosted(build_house, make(photo), media_url) as (house, rows):
        refused = house.call("POST", DIRECT, json={**rows, "media_type": "PHOTO"})
        assert (refused.status, refused.body["ok"], refused.body["error"]) == (400, False, code)
        assert refused.body["details"][0]["field"] == "photo_images[0]"
        accepted = house.run("post_photos", {**rows, "allow_repeat": True})
        assert house.wait(accepted.body["post_id"])["ok"] is True
