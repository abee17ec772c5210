"""A tail that is held goes through nginx and Caddy as it is: late and whole, or broken off."""

import http.client
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connector.engine.gate import tail_start
from tests.proxies.real_proxies import running, why_not
from tests.running import House, call, eventually, free_port

pytest_plugins = ("tests.running",)

SLOW_S = 4.0
"""Seconds that the pretend TikTok takes to answer an init after it has begun to pull."""


@dataclass(frozen=True)
class Early:
    """A house whose init is under way, the way to it, and the file that is pulled."""

    house: House
    port: int
    path: str
    file: bytes

    def begin(self, connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
        """Pull the file up to its tail."""
        connection.request("GET", self.path)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(self.file)))
        assert answer.read(tail_start(len(self.file))) == self.file[: tail_start(len(self.file))]
        return answer

    def connection(self) -> http.client.HTTPConnection:
        """Connect to the server in front."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)


@pytest.fixture(params=["nginx", "caddy"])
def early(request: pytest.FixtureRequest, tmp_path: Path, media_url: str) -> Iterator[Early]:
    """Have TikTok pull while its answer is outstanding."""
    missing = why_not()
    if missing is not None:
        pytest.fail(missing, pytrace=False)
    name, port = str(request.param), free_port()
    settings = {"PUBLIC_URL": f"http://127.0.0.1:{port}", "MEDIA_HANDOFF": "x-accel"}
    settings |= {"GATE_MODE": "tail", "GATE_HOLD_S": "30"}
    house = House(tmp_path / "house", media_url, {"TRUSTED_PROXIES": "127.0.0.1", **settings})
    with running(name, tmp_path / name, port=port, server=house.port, media=house.home / "media"):
        try:
            house.start()
            slow = {"endpoint": "content/init", "what": "slow", "after_effect": True, "seconds": SLOW_S}
            call("PUT", f"{house.witness.url}/_sandbox/rules", json={"rules": [slow]})
            house.run("post_photos", house.photos(f"early by {name}"))
            (task,) = eventually(house.witness.publishes, what="TikTok has begun to pull")
            file = call("GET", f"{media_url}/one.jpg").content
            yield Early(house, port, urlsplit(task["source_info"]["photo_images"][0]).path, file)
        finally:
            house.close()


def test_a_tail_that_is_held_comes_once_the_attempt_is_accepted(early: Early) -> None:
    with closing(early.connection()) as connection:
        answer = early.begin(connection)
        assert early.house.witness.posts() == []
        assert answer.read() == early.file[tail_start(len(early.file)) :]


def test_a_tail_that_never_comes_ends_as_no_whole_file_does(early: Early) -> None:
    with closing(early.connection()) as connection:
        answer = early.begin(connection)
        early.house.stop()
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            answer.read()
