"""Real processes for tests: a server, its sandbox, a media host, and a small caller of the public API.

A test module that wants them says `pytest_plugins = ("tests.databases", "tests.running")`. `house` is shared
by the tests of one process and stays up; `build_house` gives a test one of its own that it may kill.

PYTEST_DONT_REWRITE: imported before it is a plugin, and it asserts nothing.
"""

import json
import os
import socket
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
import requests

from connector.demo.host import MediaHost
from connector.demo.media import make_photo, make_video
from connector.demo.processes import Program, sandbox_program, server_program
from connector.kernel.clock import SystemClock
from connector.settings import bare_environment

CLOCK = SystemClock()
pause = time.sleep
LOOK_EVERY_S = 0.02
CALL_S = 70
STOP_S = 20
QUICK_DIAL = {"mode": "immediate"}
FIRST_PORT, PORTS = 20_000, 12_000
_TRIED = count()
PADDING = 24 * 1024 * 1024
SECRET_KEY = "a-secret-for-tests-and-nothing-else"

Found = TypeVar("Found")


def eventually(look: Callable[[], Found | None], *, within_s: float = 30.0, what: str = "") -> Found:
    """Return the first true thing that `look` gives. Raises AssertionError after `within_s` seconds."""
    deadline = CLOCK.ticks() + within_s
    while not (found := look()):
        if CLOCK.ticks() > deadline:
            raise AssertionError(f"not within {within_s} s: {what or look}")
        pause(LOOK_EVERY_S)
    return found


def part_sizes(folder: Path) -> list[int]:
    """Return the sizes in bytes of the part files under `folder`; one that goes meanwhile is left out."""
    sizes = []
    for part in folder.rglob("*.part"):
        with suppress(FileNotFoundError):
            sizes.append(part.stat().st_size)
    return sizes


def free_port() -> int:
    """Return a port that is free now, from a part of the range that no outgoing connection is given.

    Each test process begins at its own place, so that no two of them meet.
    """
    for _ in range(PORTS):
        port = FIRST_PORT + (os.getpid() * 37 + next(_TRIED)) % PORTS
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back from an HTTP call."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> dict[str, Any]:
        """Return the JSON object of the answer."""
        found: dict[str, Any] = json.loads(self.content)
        return found

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Return (field, problem) of every detail of a refusal."""
        return [(item["field"], item["problem"]) for item in self.body["details"]]


def call(method: str, url: str, *, timeout_s: float = CALL_S, **request: Any) -> Answer:  # noqa: ANN401 - what requests takes
    """Make one HTTP call on a connection of its own, past any proxy of this machine."""
    with requests.Session() as session:
        session.trust_env = False
        reply = session.request(method, url, timeout=timeout_s, allow_redirects=False, **request)
        return Answer(status=reply.status_code, headers=reply.headers, content=reply.content)


@dataclass(frozen=True)
class Witness:
    """The sandbox, asked for the truth and told what to do."""

    url: str
    home: Path

    def _get(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = call("GET", f"{self.url}/_sandbox/{name}").body[name]
        return found

    def posts(self, title: str | None = None) -> list[dict[str, Any]]:
        """Return what is on the pretend TikTok, all or with one title."""
        return [post for post in self._get("posts") if title in {None, post["title"]}]

    def publishes(self, title: str | None = None) -> list[dict[str, Any]]:
        """Return the publish tasks, all or with one title."""
        return [task for task in self._get("publishes") if title in {None, task["post_info"].get("title")}]

    def log(self, path: str = "") -> list[dict[str, Any]]:
        """Return the requests to TikTok's endpoints whose path has `path` in it."""
        return [entry for entry in self._get("log") if path in entry["path"]]

    def inits(self) -> int:
        """Count the calls that opened, or tried to open, a publish task."""
        return len(self.log("/init/"))

    def set_dial(self, **dial: object) -> None:
        """Turn the dial."""
        call("PUT", f"{self.url}/_sandbox/dial", json=dial)

    def set_faults(self, **faults: object) -> None:
        """Plant these faults and no other."""
        call("PUT", f"{self.url}/_sandbox/faults", json=faults)

    def app(self) -> dict[str, Any]:
        """Return the sandbox's own app."""
        return self._get("apps")[0]

    def change_app(self, **changes: object) -> None:
        """Change what is set for the sandbox's own app."""
        call("PATCH", f"{self.url}/_sandbox/apps/{self.app()['client_key']}", json=changes)

    def behave(self, **behaviour: object) -> None:
        """Set the knobs for what TikTok's pages leave open."""
        call("PUT", f"{self.url}/_sandbox/behaviour", json=behaviour)

    def webhooks(self, event: str = "") -> list[dict[str, Any]]:
        """Return the webhooks of events whose name has `event` in it, with what came of each try."""
        return [entry for entry in self._get("webhooks") if event in entry["event"]]

    def bytes_in_flight(self) -> int:
        """Return how many bytes of a PUT that is not answered yet have reached the sandbox."""
        return max(part_sizes(self.home), default=0)


@dataclass
class House:
    """One server with its own sandbox: a home folder, an address that restarts keep, a first key."""

    folder: Path
    media_url: str
    settings: Mapping[str, str]
    sandbox: Program = field(init=False)
    server: Program | None = field(default=None, init=False)
    witness: Witness = field(init=False)
    url: str = field(default="", init=False)
    port: int = field(default_factory=free_port, init=False)

    def __post_init__(self) -> None:
        self.sandbox = sandbox_program(self.folder / "sandbox", bare_environment(), CLOCK, pause)
        self.witness = Witness(self.sandbox.start(), self.sandbox.folder)
        self.witness.set_dial(**QUICK_DIAL)

    @property
    def home(self) -> Path:
        """Return the server's data folder."""
        return self.folder / "home"

    @property
    def key(self) -> str:
        """Return the first API key."""
        return (self.home / "first-key").read_text().strip()

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of every process of the house."""
        given = {
            "TIKTOK_BASE_URL": self.witness.url,
            "TRUSTED_ORIGINS": self.media_url,
            "SECRET_KEY": SECRET_KEY,
            **self.settings,
        }
        return {**bare_environment(), **{f"POSTRAIL_{name}": value for name, value in given.items()}}

    def start(self) -> None:
        """Start the server, always on the same port."""
        self.server = server_program(self.home, self.environment, CLOCK, pause, port=self.port)
        self.url = self.server.start()

    def kill(self) -> None:
        """End the server as a power cut would."""
        if self.server is not None:
            self.server.kill()

    def stop(self) -> int | None:
        """Ask the server to end; return its exit status."""
        return None if self.server is None else self.server.stop()

    def close(self) -> None:
        """End everything."""
        self.stop()
        self.sandbox.stop()

    def stored(self) -> int:
        """Count the posts in the house's ledger (SQLite)."""
        with closing(sqlite3.connect(f"file:{self.home / 'postrail.db'}?mode=ro", uri=True)) as ledger:
            found: int = ledger.execute("SELECT COUNT(*) FROM posts").fetchone()[0]
        return found

    def log(self) -> str:
        """Return all that the server has written so far."""
        return "" if self.server is None else self.server.log.read_text(errors="replace")

    def call(self, method: str, path: str, *, key: str | None = None, **request: Any) -> Answer:  # noqa: ANN401 - what requests takes
        """Call the server; `key` None is the first key, an empty one none at all."""
        headers = dict(request.pop("headers", {}))
        secret = self.key if key is None else key
        if secret:
            headers.setdefault("Authorization", f"Bearer {secret}")
        return call(method, f"{self.url}{path}", headers=headers, **request)

    def run(self, operation: str, rows: Mapping[str, object], **request: Any) -> Answer:  # noqa: ANN401 - what requests takes
        """Run an operation with rows sent as JSON."""
        return self.call("POST", f"/v1/operations/{operation}", json=dict(rows), **request)

    def wait(self, post_id: str, *, seconds: float = 50) -> dict[str, Any]:
        """Wait for a post by one call and return what it was answered."""
        rows = {"post_id": post_id, "wait_seconds": str(seconds)}
        return self.run("wait_until_published", rows).body

    def status(self, post_id: str) -> dict[str, Any]:
        """Return how a post stands, with its timeline."""
        return self.run("check_status", {"post_id": post_id, "include_timeline": "yes"}).body

    def video(self, title: str, **more: object) -> dict[str, object]:
        """Return the rows of a video post."""
        return {"source_url": f"{self.media_url}/clip.mp4", "title": title, "privacy": "public", **more}

    def photos(self, title: str, **more: object) -> dict[str, object]:
        """Return the rows of a carousel."""
        images = f"{self.media_url}/one.jpg\n{self.media_url}/two.webp"
        return {"photo_images": images, "title": title, "privacy": "public", **more}

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run `postrail ...` in this house's environment to its end."""
        return postrail(*words, environment=self.environment, folder=self.folder)


class BuildHouse(Protocol):
    """Builds a house of one's own and starts it; the settings come without their prefix."""

    def __call__(self, **settings: str) -> House:
        """Build it."""


def postrail(
    *words: str, environment: Mapping[str, str], folder: Path, timeout_s: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run `postrail ...` to its end, not on a terminal, with `folder` as its working directory."""
    return subprocess.run(
        [sys.executable, "-m", "connector", *words],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@contextmanager
def working(house: House, home: Path | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `postrail work` on the ledger of a house, and on its data folder or `home`; end it afterwards."""
    environment = {"POSTRAIL_PUBLIC_URL": house.url, **house.environment, "POSTRAIL_WORKERS": "2"}
    with (house.folder / "work.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "connector", "work", "--home", str(home or house.home)],
            cwd=house.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(STOP_S)


def make_long_file(clip: Path, target: Path, size: int = PADDING) -> None:
    """Write the clip with a `free` box of `size` bytes at its end.

    As a rule it is more than the sockets of a connection hold.
    """
    padding = struct.pack(">I4s", size, b"free") + bytes(size - 8)
    target.write_bytes(clip.read_bytes() + padding)


@pytest.fixture(scope="session")
def media_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a small video, the same with many bytes, three photos, and a text that calls itself a video."""
    folder = tmp_path_factory.mktemp("media")
    make_video(folder / "clip.mp4", seconds=3, width=540, height=960)
    make_photo(folder / "one.jpg", "JPEG")
    make_photo(folder / "two.webp", "WEBP")
    make_photo(folder / "three.png", "PNG")
    make_long_file(folder / "clip.mp4", folder / "big.mp4")
    (folder / "notes.mp4").write_text("This is a text about a video. " * 200)
    with MediaHost(folder) as host:
        yield host.url


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, media_url: str) -> Iterator[House]:
    """One server that many tests share: none of them may stop it or plant a fault."""
    built = House(tmp_path_factory.mktemp("house"), media_url, {"BODY_TIMEOUT_S": "1"})
    try:
        built.start()
        yield built
    finally:
        built.close()


@pytest.fixture
def build_house(tmp_path: Path, media_url: str) -> Iterator[BuildHouse]:
    """Build houses that end with the test."""
    with ExitStack() as stack:
        numbers = count()

        def build(**settings: str) -> House:
            built = House(tmp_path / f"house-{next(numbers)}", media_url, settings)
            stack.callback(built.close)
            built.start()
            return built

        yield build


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """Give the settings that put the ledger on each database in turn, with short leases.

    Ask for it before `build_house`, so that the houses end before their database does.
    """
    if request.param == "sqlite":
        return {"LEASE_S": "2"}
    return {"LEASE_S": "2", "DATABASE_URL": str(request.getfixturevalue("postgres_url"))}
