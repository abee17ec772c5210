"""The browser's part of a login on this machine, for a server elsewhere.

Listens on a loopback port, opens TikTok's consent page, takes the browser that comes back, and hands what it
brought to the server's API. The app's secret never leaves the server.
"""

import json
import queue
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from connector.domain.net import origin_of
from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError
from connector.net import Broken, Egress, Unsent
from connector.settings import SettingsError

WAIT_S = 600.0
"""A login must come back within ten minutes; the server forgets it then."""

OK = 200
DONE = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Postrail</title>
<body><main><h1>Back in Postrail</h1><p>You can close this page; the terminal tells how it went.</p></main>"""


class ServerApi:
    """The API of a Postrail server at `url`, called with an API key."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._egress = Egress(trusted=frozenset({origin_of(self._url)}), clock=SystemClock())

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Call a path and return its answer. Raises PostrailError as the server answered, or `not_ready`."""
        raw = json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            reply = self._egress.send(
                "POST", f"{self._url}{path}", headers=headers, body=raw, content_length=len(raw)
            )
            answer: dict[str, Any] = json.loads(reply.body)
        except (Unsent, Broken, ValueError) as error:
            raise PostrailError("not_ready", f"No Postrail server answers at {self._url}: {error}") from error
        if reply.status != OK:
            raise PostrailError(str(answer.get("error")), str(answer.get("message")))
        return answer


class Landing:
    """A loopback address that waits for one browser to come back. Raises SettingsError on a taken port."""

    def __init__(self, port: int = 0) -> None:
        self._came: queue.Queue[str] = queue.Queue()
        self._path = "/"
        landing = self

        class Handler(BaseHTTPRequestHandler):
            """Takes the query of a browser that comes to the redirect's path."""

            def do_GET(self) -> None:
                """Answer the browser and pass on what it brought."""
                parts = urlsplit(self.path)
                here = parts.path == landing.path and bool(parts.query)
                self.send_response(OK if here else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(DONE if here else b"")
                if here:
                    landing.take(parts.query)

            def log_message(self, *_: object) -> None:
                """Say nothing: the address holds a code."""

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise SettingsError(f"cannot listen on the app's loopback port {port}: {error}") from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return int(self._server.server_port)

    @property
    def path(self) -> str:
        """Return the path at which it expects the browser."""
        return self._path

    def expect(self, redirect_uri: str) -> None:
        """Wait at the path of this address."""
        self._path = urlsplit(redirect_uri).path or "/"

    def take(self, query: str) -> None:
        """Note what a browser brought."""
        self._came.put(query)

    def wait(self, seconds: float) -> str:
        """Return the query of the browser that comes back. Raises PostrailError `login_not_known`."""
        try:
            return self._came.get(timeout=seconds)
        except queue.Empty as nobody:
            raise PostrailError("login_not_known", "Nobody came back from TikTok in time.") from nobody

    def close(self) -> None:
        """Give the port back."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def connect(
    api: ServerApi, app: str | None, *, show: Callable[[str], None], wait_s: float = WAIT_S
) -> dict[str, Any]:
    """Connect an account by a browser on this machine; `show` is handed the consent page's address.

    Returns how the account stands. Raises PostrailError as the server answers, and where nobody comes back.
    """
    landing = Landing()
    try:
        wanted: dict[str, object] = (
            {"port": landing.port} if app is None else {"port": landing.port, "app": app}
        )
        begun = api.post("/v1/accounts/connect", wanted)
        port = urlsplit(begun["redirect_uri"]).port
        if port != landing.port:
            landing.close()
            landing = Landing(port or 0)
        landing.expect(begun["redirect_uri"])
        show(begun["authorize_url"])
        answer = api.post("/v1/accounts/connect/finish", {"query": landing.wait(wait_s)})
        account: dict[str, Any] = answer["account"]
        return account
    finally:
        landing.close()
