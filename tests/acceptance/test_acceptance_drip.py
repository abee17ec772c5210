"""A source that drips does not keep a server from ending, whoever waits for it; nothing is lost by that."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connector.demo.media import make_video
from tests.integration.media.scripted_server import ScriptedServer, answer
from tests.running import BuildHouse, House, eventually

pytest_plugins = ("tests.databases", "tests.running")

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"
EVERY_S = 0.05


class Dripping(ScriptedServer):
    """A source that sends a byte now and then, until it is told to send the whole file."""

    def __init__(self, clip: bytes) -> None:
        super().__init__(self._send)
        self._clip = clip
        self.flows = threading.Event()
        self.closes = threading.Event()

    def _send(self, connection: socket.socket, _head: str) -> bool:
        if self.flows.is_set():
            connection.sendall(answer("200 OK", self._clip))
            return False
        connection.sendall(HEAD)
        while not self.closes.wait(EVERY_S):
            connection.sendall(b"x")
        return False


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Dripping]:
    """A source that drips."""
    clip = tmp_path / "clip.mp4"
    make_video(clip, seconds=3, width=540, height=960)
    with Dripping(clip.read_bytes()) as server:
        yield server
        server.closes.set()


def dripping_house(build_house: BuildHouse, source: Dripping) -> House:
    """Build a house that may fetch from the source."""
    return build_house(TRUSTED_ORIGINS=str(source.origin))


def test_a_server_ends_while_a_source_drips_and_the_post_goes_on_at_the_next_start(
    build_house: BuildHouse, source: Dripping
) -> None:
    house = dripping_house(build_house, source)
    accepted = house.run("post_video", house.video("dripped", source_url=source.url("/clip.mp4")))
    assert accepted.status == 202
    eventually(lambda: source.heads, what="a fetch")
    assert house.stop() == 0
    source.flows.set()
    house.start()
    assert house.wait(accepted.body["post_id"])["status"] == "published_public"
    assert len(house.witness.posts()) == 1


def test_a_dry_run_that_waits_for_a_source_is_answered_when_the_server_ends(
    build_house: BuildHouse, source: Dripping
) -> None:
    house = dripping_house(build_house, source)
    rows = house.video("tried", source_url=source.url("/clip.mp4"), dry_run=True)
    with ThreadPoolExecutor(1) as pool:
        trying = pool.submit(house.run, "post_video", rows)
        eventually(lambda: source.heads, what="a look")
        assert house.stop() == 0
        refused = trying.result(20)
    assert (refused.status, refused.body["error"]) == (503, "server_draining")


def test_an_upload_by_url_that_is_on_its_way_does_not_keep_the_server(
    build_house: BuildHouse, source: Dripping
) -> None:
    house = dripping_house(build_house, source)
    with ThreadPoolExecutor(1) as pool:
        rows = {"file": source.url("/clip.mp4")}
        uploading = pool.submit(house.call, "POST", "/v1/media", json=rows)
        eventually(lambda: source.heads, what="a download")
        assert house.stop() == 0
        assert uploading.exception(20)
