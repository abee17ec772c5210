"""Runs the scripts of `examples/` as a user would, against a real server or one that answers as told."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from connector.settings import bare_environment

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPT_S = 120
KEY = "a-key-of-the-tests"

Run = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Example:
    """One script: the words that start it, and how it is given what its header lists.

    The shell scripts read variables, the Python program options; `given` names them as the variables are.
    """

    name: str
    words: tuple[str, ...]
    options: bool = False

    def command(self, sources: Sequence[str], given: dict[str, str]) -> list[str]:
        """Return the whole command line."""
        options = (
            [word for name, value in given.items() for word in (f"--{name.lower().replace('_', '-')}", value)]
            if self.options
            else []
        )
        return [*self.words, *options, *sources]

    def environment(self, url: str, key: str, given: dict[str, str]) -> dict[str, str]:
        """Return the environment it runs in, past any proxy of this machine."""
        local = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        variables = {} if self.options else given
        return {**bare_environment(), **local, "POSTRAIL_URL": url, "POSTRAIL_KEY": key, **variables}

    def run(self, url: str, *sources: str, key: str = KEY, **given: str) -> Run:
        """Run it to its end."""
        return subprocess.run(
            self.command(sources, given),
            env=self.environment(url, key, given),
            capture_output=True,
            text=True,
            timeout=SCRIPT_S,
            check=False,
        )

    @contextmanager
    def running(self, url: str, *sources: str, key: str, **given: str) -> "Iterator[subprocess.Popen[str]]":
        """Start it; end it afterwards where it still runs."""
        process = subprocess.Popen(
            self.command(sources, given),
            env=self.environment(url, key, given),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    def again_with(self, key: str) -> str:
        """Return how it says that a key finds the same post again."""
        return f"--idempotency-key {key}" if self.options else f"IDEMPOTENCY_KEY={key}"


SHELL_VIDEO = Example("shell", ("sh", str(EXAMPLES / "curl/post_video.sh")))
SHELL_PHOTOS = Example("photos", ("sh", str(EXAMPLES / "curl/post_photos.sh")))
PYTHON_VIDEO = Example("python", (sys.executable, str(EXAMPLES / "python/post_video.py")), options=True)
VIDEO_EXAMPLES = (SHELL_VIDEO, PYTHON_VIDEO)
ALL_EXAMPLES = (SHELL_VIDEO, SHELL_PHOTOS, PYTHON_VIDEO)


@dataclass(frozen=True)
class Reply:
    """What a told server answers; with `lost` it closes the connection instead."""

    status: int = 200
    body: str = ""
    lost: bool = False


def answer(http: int, **members: object) -> Reply:
    """Return an answer in JSON."""
    return Reply(http, json.dumps(members))


def post_answer(state: str, status: str, *, http: int = 200, **more: object) -> Reply:
    """Return what Postrail answers about a post."""
    return answer(
        http, ok=state != "failed", post_id="post_1", state=state, status=status, **{"post_url": None, **more}
    )


def refusal(http: int, error: str, *details: dict[str, str]) -> Reply:
    """Return a refusal as Postrail words it, with `post_id` nowhere."""
    told = {"message": f"It is {error}.", "fix": f"Mend {error}."}
    return answer(http, ok=False, error=error, details=list(details), retryable=False, retry_at=None, **told)


ACCEPTED = post_answer("pending", "queued", http=202)
PENDING = post_answer("pending", "processing", http=202, retry_at="2026-11-20T12:00:00.000Z")
PUBLISHED = post_answer("done", "published_public", post_url="https://example.com/@mia/video/7")
FAILED = post_answer(
    "failed",
    "failed",
    error="bad_request",
    message="It is no video.",
    fix="Send a video.",
    details=[{"field": "source_url", "problem": "not_media", "got": "a text", "fix": "send an MP4"}],
)
LOST = Reply(lost=True)


@dataclass
class ToldServer:
    """A server that gives these answers in turn, the last one for ever; `paths` are what it was asked."""

    replies: list[Reply]
    paths: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""

    def next(self, path: str, key: str) -> Reply:
        """Note a request and return the answer to it."""
        self.paths.append(path)
        self.keys.append(key)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextmanager
def told_server(*replies: Reply) -> Iterator[ToldServer]:
    """Serve these answers on a free port."""
    told = ToldServer(list(replies))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = told.next(self.path, self.headers.get("Idempotency-Key", ""))
            if reply.lost:
                self.close_connection = True
                return
            content = reply.body.encode()
            self.send_response(reply.status)
            kind = "application/json" if reply.body.startswith(("{", "[")) else "text/html"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
