"""A server that answers with what a test has laid ready, byte for byte, and notes what it was asked."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Canned:
    """`status`, `headers` and `body` of every answer; `hang_up` closes the connection without one."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hang_up: bool = False
    asked: list[Asked] = field(default_factory=list)
    arrivals: "queue.Queue[Asked]" = field(default_factory=queue.Queue)
    """The same requests, to wait for."""

    def lay(self, status: int, body: bytes, **headers: str) -> None:
        """Lay an answer ready; `_` in the names of headers stands for `-`."""
        self.status, self.body = status, body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@contextmanager
def canned_server() -> Iterator[Canned]:
    """Run a canned server on the loopback."""
    canned = Canned()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, body)
            canned.asked.append(asked)
            canned.arrivals.put(asked)
            self.close_connection = True
            if canned.hang_up:
                return
            self.send_response(canned.status)
            for name, value in canned.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(canned.body)))
            self.end_headers()
            self.wfile.write(canned.body)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - the library calls them so

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    canned.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield canned
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
