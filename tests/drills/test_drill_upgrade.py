"""A rolling upgrade under load: code of the release before and code of today publish from one ledger."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from connector.demo.processes import Program, server_program
from connector.store.migrate import look
from tests.databases import PostgresServer
from tests.drills.releases import NoHistory, commit_before, unpack
from tests.running import CLOCK, Answer, House, call, eventually, free_port, pause, postrail

pytest_plugins = ("tests.databases", "tests.running")

HALF = 65_536
CALLERS = 4
TRIES = 20
BUSY = 503


@dataclass(frozen=True)
class Server:
    """A `postrail serve` that keeps its address."""

    program: Program
    url: str

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self.program.process is not None
        return self.program.process.pid

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop the process for a moment, so that the other one takes what comes."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def said(self) -> list[dict[str, Any]]:
        """Return its log."""
        lines = self.program.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def ask(self, key: str, path: str, **request: Any) -> Answer:  # noqa: ANN401 - what requests takes
        """Ask it for something, again where it says that it cannot now."""
        headers = {"Authorization": f"Bearer {key}"}
        for _ in range(TRIES):
            answer = call("POST", f"{self.url}{path}", headers=headers, **request)
            if answer.status != BUSY:
                return answer
            pause(float(answer.headers["Retry-After"]))
        raise AssertionError(f"never taken: {answer.body}")


@dataclass(frozen=True)
class Fleet:
    """A server of the release before, which serves, and one of today, which does not yet; one HOME."""

    house: House
    older: Server
    newer: Server
    release: Path
    database_url: str

    def run(self, server: Server, operation: str, rows: dict[str, object]) -> dict[str, Any]:
        """Run an operation at a server; return what it answers."""
        answer = server.ask(self.house.key, f"/v1/operations/{operation}", json=rows)
        assert answer.status < 300, answer.body
        return answer.body

    def publish(self, titles: Sequence[str], *servers: Server) -> None:
        """Post under each title, at each of the servers under one key; wait until all is published."""
        with ThreadPoolExecutor(CALLERS) as pool:
            accepted = list(pool.map(lambda title: self._post(title, servers), titles))
        for server, post_id in zip(servers * len(titles), accepted, strict=False):
            self.settle(server, post_id)

    def publish_until(self, enough: Event, server: Server) -> list[str]:
        """Post at a server again and again; return the titles once there is enough."""
        posted: list[str] = []
        for number in count():
            batch = titles(f"round {number}")
            self.publish(batch, server)
            posted += batch
            if enough.is_set():
                break
        return posted

    def _post(self, title: str, servers: Sequence[Server]) -> str:
        operation, rows = self._rows(title, servers)
        rows["idempotency_key"] = title
        (post_id,) = {self.run(server, operation, rows)["post_id"] for server in servers}
        return str(post_id)

    def _rows(self, title: str, servers: Sequence[Server]) -> tuple[str, dict[str, object]]:
        """Return the operation and the rows of a post whose bytes go the way that its title says."""
        way = title.partition(":")[0]
        if way == "photos":
            return "post_photos", self.house.photos(title)
        if way == "taken in":
            return "post_video", {**self.house.video(title), "source_url": self._take_in(servers)}
        return "post_video", self.house.video(title, transfer=way)

    def _take_in(self, servers: Sequence[Server]) -> str:
        """Give each of the servers the same file; return what all of them call it."""
        file = ("clip.mp4", call("GET", f"{self.house.media_url}/clip.mp4").content)
        taken = [server.ask(self.house.key, "/v1/media", files={"file": file}) for server in servers]
        (media_id,) = {answer.body["media_id"] for answer in taken}
        return str(media_id)

    def settle(self, server: Server, post_id: str) -> dict[str, Any]:
        """Wait at a server until a post is published."""
        found = self.run(server, "wait_until_published", {"post_id": post_id, "wait_seconds": "50"})
        assert found["status"] == "published_public", found
        return found

    def hand_over(self, first: Server, second: Server, title: str) -> None:
        """Kill the first in the middle of an upload; see the second go on with it, and start the first."""
        self.house.witness.set_faults(hold_upload_after_bytes=HALF)
        rows = self.house.video(title, source_url=f"{self.house.media_url}/big.mp4", transfer="upload")
        with second.frozen():
            post_id = self.run(first, "post_video", rows)["post_id"]
            eventually(lambda: self.house.witness.bytes_in_flight() >= HALF, what="half a video at TikTok")
        (task,) = self.house.witness.publishes(title)
        first.program.kill()
        self.house.witness.set_faults()
        assert self.settle(second, post_id)["publish_id"] == task["publish_id"]
        first.program.start()

    def assert_published_once(self, *titles: str) -> None:
        """See that this and nothing else is on TikTok, and that no server had trouble."""
        assert Counter(post["title"] for post in self.house.witness.posts()) == Counter(titles)
        served = [server for server in (self.older, self.newer) if server.program.process]
        assert [line for server in served for line in server.said() if line["level"] == "error"] == []


def titles(name: str, each: int = 1) -> list[str]:
    """Return titles of posts of every kind."""
    ways = ("upload", "pull", "photos", "taken in")
    return [f"{way}: {name} {number}" for number in range(each) for way in ways]


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the code of the release before."""
    try:
        return unpack(commit_before(), tmp_path_factory.mktemp("release"))
    except NoHistory as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture
def fleet(postgres_server: PostgresServer, release: Path, tmp_path: Path, media_url: str) -> Iterator[Fleet]:
    """Give a server of the release before on an empty database, which it has brought to its own schema."""
    for database_url in postgres_server.fresh():
        house = House(tmp_path / "house", media_url, {"DATABASE_URL": database_url, "LOG_FORMAT": "json"})
        house.witness.set_dial(mode="seconds", processing=0.3, moderation=0.3)
        older = _server(house, tmp_path / "older", PYTHONPATH=str(release))
        newer = _server(house, tmp_path / "newer")
        older.program.start()
        try:
            yield Fleet(house, older, newer, release, database_url)
        finally:
            older.program.kill()
            newer.program.kill()
            house.close()


def _server(house: House, folder: Path, **environment: str) -> Server:
    port = free_port()
    program = server_program(house.home, {**house.environment, **environment}, CLOCK, pause, port=port)
    return Server(replace(program, folder=folder), f"http://127.0.0.1:{port}")


def test_the_release_before_publishes_on_while_today_s_code_migrates_and_beside_it(fleet: Fleet) -> None:
    beside, enough = titles("beside", each=3), Event()
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(fleet.publish_until, enough, fleet.older)
        try:
            eventually(fleet.house.witness.posts, what="posts go out")
            fleet.newer.program.start()
        finally:
            enough.set()
        before = under_way.result()
    assert look(fleet.database_url).behind == 0
    fleet.publish(beside, fleet.older, fleet.newer)
    fleet.assert_published_once(*before, *beside)


def test_each_goes_on_with_what_the_other_was_sending(fleet: Fleet) -> None:
    fleet.newer.program.start()
    fleet.hand_over(fleet.older, fleet.newer, "begun by the release before")
    fleet.hand_over(fleet.newer, fleet.older, "begun by today's")
    fleet.assert_published_once("begun by the release before", "begun by today's")
    assert fleet.house.witness.inits() == 2


def test_what_one_pauses_waits_at_both_until_the_other_resumes_it(fleet: Fleet) -> None:
    fleet.newer.program.start()
    for number, (one, other) in enumerate(((fleet.older, fleet.newer), (fleet.newer, fleet.older))):
        fleet.run(one, "pause", {"scope": "workspace", "reason": "a test"})
        post_id = fleet.run(other, "post_video", fleet.house.video(f"paused {number}"))["post_id"]
        fleet.run(other, "resume", {"scope": "workspace"})
        fleet.settle(one, post_id)
    fleet.assert_published_once("paused 0", "paused 1")


def test_the_release_before_may_be_gone_back_to(fleet: Fleet, tmp_path: Path) -> None:
    today, again = titles("today"), titles("again")
    fleet.newer.program.start()
    fleet.publish(today, fleet.newer)
    fleet.older.program.stop()
    fleet.newer.program.stop()
    fleet.older.program.start()
    fleet.publish(again, fleet.older)
    fleet.assert_published_once(*today, *again)
    told = postrail("db", "current", environment=fleet.older.program.environment, folder=tmp_path).stdout
    known, head = told.split()[-1], look(fleet.database_url).head
    assert told == f"schema {head}, this code {known}\n"
    assert ("schema_newer" in {line["event"] for line in fleet.older.said()}) == (known != head)


def test_the_release_before_is_what_runs(release: Path, tmp_path: Path) -> None:
    ask = [sys.executable, "-c", "import connector; print(connector.__file__)"]
    environment = {**os.environ, "PYTHONPATH": str(release)}  # noqa: TID251 - of this process, for a child
    told = subprocess.run(ask, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert Path(told.stdout.strip()) == release / "connector" / "__init__.py"
