"""Downloads for somebody who waits for the answer on a web thread: so many at once and no more."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError
from connector.media.intake import Intake
from connector.media.room import Media
from connector.media.spool import Spool
from connector.net import Egress
from tests.integration.media.scripted_server import ScriptedServer, answer, says


class Slow(ScriptedServer):
    """A source that answers once it is let go."""

    def __init__(self) -> None:
        super().__init__(self._send)
        self.asked = threading.Semaphore(0)
        self.goes_on = threading.Event()

    def _send(self, connection: socket.socket, _head: str) -> None:
        self.asked.release()
        self.goes_on.wait(60)
        connection.sendall(answer("200 OK", b"came"))


@pytest.fixture
def slow() -> Iterator[Slow]:
    """Give a slow source, let go at the end in any case."""
    with Slow() as server:
        yield server
        server.goes_on.set()


@contextmanager
def intake_of(folder: Path, server: ScriptedServer, *, places: int) -> Iterator[Intake]:
    """Give an intake with so many places that may reach a server."""
    with closing(Egress(trusted=frozenset({server.origin}), clock=SystemClock())) as egress:
        spool = Spool(folder)
        yield Intake(Media(egress, spool), spool, egress, limit=1000, places=places)


def download(intake: Intake, server: ScriptedServer) -> int:
    """Download from a server; return how many bytes came."""
    with intake.receive() as file:
        intake.download(server.url("/a.mp4"), file)
        return file.size


def test_a_download_beyond_the_places_is_refused_at_once_and_has_one_later(
    tmp_path: Path, slow: Slow
) -> None:
    with intake_of(tmp_path, slow, places=2) as intake, ThreadPoolExecutor(2) as pool:
        held = [pool.submit(download, intake, slow) for _ in range(2)]
        try:
            assert [slow.asked.acquire(timeout=30) for _ in held] == [True, True]
            with pytest.raises(PostrailError, match="too_many_downloads"):
                download(intake, slow)
            assert not slow.asked.acquire(blocking=False)
        finally:
            slow.goes_on.set()
        assert [one.result(30) for one in held] == [4, 4]
        assert download(intake, slow) == 4


def test_a_download_that_failed_has_left_its_place(tmp_path: Path) -> None:
    with (
        ScriptedServer(says(answer("404 Not Found"))) as server,
        intake_of(tmp_path, server, places=1) as intake,
    ):
        for _ in range(2):
            with pytest.raises(PostrailError, match="fetch_error"):
                download(intake, server)
