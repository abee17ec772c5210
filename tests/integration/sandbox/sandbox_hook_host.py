"""A receiver of webhooks as a real HTTP server on the loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.integration.sandbox.sandbox_process import serving


class HookHost:
    """Keeps what was posted; answers `statuses` in turn, the last one for ever."""

    def __init__(self) -> None:
        self.statuses = [200]
        self.got: list[tuple[bytes, str]] = []
        self.came = threading.Condition()
        self.url = ""

    def take(self, body: bytes, signature: str) -> int:
        """Keep one webhook and return the status to answer."""
        with self.came:
            self.got.append((body, signature))
            self.came.notify_all()
            return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    def wait_for(self, count: int, seconds: float) -> None:
        """Wait until so many came."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.got) >= count, timeout=seconds), len(self.got)


@contextmanager
def hook_host() -> Iterator[HookHost]:
    """Run a receiver."""
    host = HookHost()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(host.take(body, self.headers["TikTok-Signature"]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{server.server_port}/hook"
    with serving(server):
        yield host
