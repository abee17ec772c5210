"""A proxy before the sandbox's token address that counts: how many renewals, and how many at one time.

PYTEST_DONT_REWRITE: imported beside tests, and it asserts nothing.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

PATIENCE_S = 20


class TokenWitness:
    """Passes calls on to the sandbox; `renewals` counts them, `most_at_once` those that overlapped."""

    def __init__(self, sandbox_url: str) -> None:
        self._sandbox_url = sandbox_url
        self._lock = threading.Lock()
        self._now = 0
        self.renewals = 0
        self.most_at_once = 0
        self.lost = 0
        self.url = ""

    def pass_on(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes] | None:
        """Return the sandbox's answer, None where it gave none."""
        with self._lock:
            self._now += 1
            self.renewals += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            with requests.Session() as http:
                http.trust_env = False
                reply = http.post(
                    f"{self._sandbox_url}{path}", data=body, headers=headers, timeout=PATIENCE_S
                )
                return reply.status_code, reply.content
        except requests.RequestException:
            with self._lock:
                self.lost += 1
            return None
        finally:
            with self._lock:
                self._now -= 1


@contextmanager
def token_witness(sandbox_url: str) -> Iterator[TokenWitness]:
    """Run a witness on the loopback."""
    witness = TokenWitness(sandbox_url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body are two writes: Nagle's algorithm would hold the second back for 40 ms.
        disable_nagle_algorithm = True

        def handle(self) -> None:
            # Whoever keeps this connection open is killed when a drill ends, in mid-answer or between two.
            with suppress(ConnectionError):
                super().handle()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kind = {"Content-Type": self.headers.get("Content-Type", "")}
            answer = witness.pass_on(self.path, kind, body)
            if answer is None:
                self.close_connection = True
                return
            status, content = answer
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    witness.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield witness
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
