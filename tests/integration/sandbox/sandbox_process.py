"""The sandbox as a real child process, a caller over real HTTP, and a small media host for pulls."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from connector.kernel.clock import SystemClock
from tests.unit.sandbox.sandbox_helpers import hold_to_schemas, one_chunk

CLOCK = SystemClock()
Wire = dict[str, Any]

PROGRAM = (
    "import sys; from pathlib import Path; from connector.sandbox.serve import run; "
    "idle = float(sys.argv[2]) if len(sys.argv) > 2 else None; "
    "run(Path(sys.argv[1]), '127.0.0.1', 0, announce=lambda url: print(url, flush=True), idle_exit_s=idle)"
)
PATIENCE = 15.0
"""Seconds that a test waits for what must come."""


class Sandbox:
    """A sandbox process over a folder; `kill` and `start` as often as wanted."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.http = requests.Session()
        self.http.trust_env = False
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self, *arguments: str) -> None:
        """Start it and wait until it listens."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(self.home), *arguments], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:")

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self._reap()

    def stop(self) -> int:
        """End it with SIGTERM and return its exit status."""
        assert self.process is not None
        self.process.terminate()
        return self._reap()

    def wait(self) -> int:
        """Wait until it ends by itself and return its exit status."""
        return self._reap()

    def _reap(self) -> int:
        assert self.process is not None
        status = self.process.wait(PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status

    def control(self, name: str, body: object = None) -> Any:  # noqa: ANN401 - any control answer
        """Read a control path, or PUT `body` to it."""
        method = "GET" if body is None else "PUT"
        reply = self.http.request(method, f"{self.url}/_sandbox/{name}", json=body, timeout=PATIENCE)
        assert reply.status_code == 200
        return reply.json()

    def client(self, **traits: object) -> "Client":
        """Make an account and return a client that acts for it."""
        made = self.http.post(f"{self.url}/_sandbox/accounts", json=traits, timeout=PATIENCE).json()
        return Client(self, made["access_token"])


class Client:
    """A TikTok client of one account; every call is held to the wire schemas."""

    def __init__(self, sandbox: Sandbox, token: str) -> None:
        self.sandbox = sandbox
        self.headers = {"Authorization": f"Bearer {token}"}

    def call(self, endpoint: str, body: object = None) -> Wire:
        """Call an endpoint of the Content Posting API and return the whole answer."""
        url = f"{self.sandbox.url}/v2/post/publish/{endpoint}/"
        reply = self.sandbox.http.post(url, json=body, headers=self.headers, timeout=PATIENCE)
        answer: Wire = reply.json()
        hold_to_schemas(endpoint, body, answer)
        return answer

    def video_init(self, source: Wire, privacy_level: str = "SELF_ONLY") -> Wire:
        """Call video/init and return its data."""
        data: Wire = self.call(
            "video/init", {"post_info": {"privacy_level": privacy_level}, "source_info": source}
        )["data"]
        return data

    def one_chunk_init(self, size: int) -> Wire:
        """Call video/init for an upload in one chunk and return its data."""
        return self.video_init(one_chunk(size))

    def photos_init(self, *urls: str, privacy_level: str = "PUBLIC_TO_EVERYONE") -> str:
        """Call content/init and return the publish_id."""
        body = {
            "media_type": "PHOTO",
            "post_mode": "DIRECT_POST",
            "post_info": {"privacy_level": privacy_level},
            "source_info": {"source": "PULL_FROM_URL", "photo_images": urls, "photo_cover_index": 0},
        }
        return str(self.call("content/init", json.loads(json.dumps(body)))["data"]["publish_id"])

    def put(
        self, url: str, data: bytes, first: int, total: int, mime: str = "video/mp4"
    ) -> requests.Response:
        """PUT one chunk."""
        return put_chunk(self.sandbox.http, url, data, first, total, mime)

    def status(self, publish_id: str) -> Wire:
        """Return the data of status/fetch."""
        data: Wire = self.call("status/fetch", {"publish_id": publish_id})["data"]
        return data

    def settled(self, publish_id: str) -> Wire:
        """Ask until the task has left its processing."""
        end = CLOCK.ticks() + PATIENCE
        while (data := self.status(publish_id))["status"].startswith("PROCESSING"):
            assert CLOCK.ticks() < end, data
            threading.Event().wait(0.05)
        return data


def until(true: Callable[[], bool]) -> None:
    """Wait until something is true, within the tests' patience."""
    end = CLOCK.ticks() + PATIENCE
    while not true():
        assert CLOCK.ticks() < end
        threading.Event().wait(0.02)


def put_chunk(
    http: requests.Session, url: str, data: bytes, first: int, total: int, mime: str = "video/mp4"
) -> requests.Response:
    """PUT one chunk over a session."""
    header = f"bytes {first}-{first + len(data) - 1}/{total}"
    headers = {"Content-Type": mime, "Content-Range": header}
    return http.put(url, data=data, headers=headers, timeout=PATIENCE)


def put_alone(url: str, data: bytes) -> requests.Response:
    """PUT a whole video over a session of its own, for use in a thread."""
    with requests.Session() as http:
        http.trust_env = False
        return put_chunk(http, url, data, 0, len(data))


def begin_put(url: str, data: bytes, total: int) -> socket.socket:
    """Begin a PUT of the first `total` bytes on a plain socket, sending only `data`."""
    parts = urlsplit(url)
    head = (
        f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: video/mp4\r\n"
        f"Content-Length: {total}\r\nContent-Range: bytes 0-{total - 1}/{total}\r\n\r\n"
    )
    connection = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)
    connection.sendall(head.encode() + data)
    return connection


class MediaHost:
    """Serves bytes by path; `answers[path]` is a list of (status, headers, body), the last one repeated."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = {}
        self.asked: list[str] = []
        self.methods: list[str] = []
        self.ranged: dict[str, bytes] = {}
        self.url = ""

    def serve(self, path: str, body: bytes, *before: tuple[int, dict[str, str]]) -> str:
        """Serve `body` at `path`, after the answers in `before`; return the URL."""
        self.answers[path] = [*((status, headers, b"") for status, headers in before), (200, {}, body)]
        return f"{self.url}{path}"

    def serve_ranges(self, path: str, body: bytes) -> str:
        """Serve `body` at `path`, in the ranges that are asked for; return the URL."""
        self.ranged[path] = body
        return self.serve(path, b"")

    def part(self, path: str, asked: str) -> tuple[int, dict[str, str], bytes]:
        """Return the part of a ranged body that a Range header asks for."""
        body = self.ranged[path]
        first, _, last = asked.removeprefix("bytes=").partition("-")
        piece = body[int(first) : int(last) + 1]
        span = f"bytes {first}-{int(first) + len(piece) - 1}/{len(body)}"
        return 206, {"Content-Range": span}, piece

    def refuse(self, path: str, status: int, **headers: str) -> str:
        """Answer `status` at `path` for ever; return the URL."""
        self.answers[path] = [(status, headers, b"")]
        return f"{self.url}{path}"

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Return the next answer at `path`."""
        self.asked.append(path)
        left = self.answers.get(path, [(404, {}, b"")])
        return left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def running_sandbox(home: Path) -> Iterator[Sandbox]:
    """Run a sandbox that works at once."""
    sandbox = Sandbox(home)
    sandbox.start()
    sandbox.control("dial", {"mode": "immediate", "pull_patience": 5})
    yield sandbox
    sandbox.http.close()
    if sandbox.process is not None and sandbox.process.poll() is None:
        sandbox.stop()


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    """Serve in a thread."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def media_host() -> Iterator[MediaHost]:
    """Run a media host on the loopback."""
    host = MediaHost()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            host.methods.append("HEAD")
            self.send_response(200)
            self.end_headers()

        def do_GET(self) -> None:
            host.methods.append("GET")
            asked = self.headers.get("Range")
            is_part = asked is not None and self.path in host.ranged
            status, headers, body = host.part(self.path, asked or "") if is_part else host.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{server.server_port}"
    with serving(server):
        yield host
