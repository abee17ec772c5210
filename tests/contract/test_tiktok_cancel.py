"""Cancel, by our client at the sandbox, while TikTok is in the middle of a download."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from connector.engine.ports import PublishStatus, TikTokError
from tests.contract.test_tiktok_client import POST, account_on, client_of
from tests.integration.sandbox.sandbox_process import Sandbox, running_sandbox
from tests.running import eventually

HALF = 6 * 1024 * 1024
PATIENCE_S = 20.0


@dataclass
class SlowHost:
    """Sends half of a file and holds the rest back until `rest` is set."""

    rest: threading.Event = field(default_factory=threading.Event)
    url: str = ""


@contextmanager
def slow_host() -> Iterator[SlowHost]:
    """Run such a host on the loopback."""
    host = SlowHost()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(ConnectionError):
                self.send_response(200)
                self.send_header("Content-Length", str(2 * HALF))
                self.end_headers()
                self.wfile.write(bytes(HALF))
                host.rest.wait(PATIENCE_S)
                self.wfile.write(bytes(HALF))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{server.server_port}/clip.mp4"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield host
    finally:
        host.rest.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Run a sandbox of one's own."""
    with running_sandbox(tmp_path / "sandbox") as running:
        yield running


def test_a_download_that_goes_on_is_cancelled_and_comes_to_nothing(sandbox: Sandbox) -> None:
    account, client = account_on(sandbox), client_of(sandbox.url)
    with slow_host() as host:
        opened = client.init_video(account, POST, plan=None, video_url=host.url)

        def halfway() -> PublishStatus | None:
            found = client.status(account, opened.publish_id)
            return found if found.raw["downloaded_bytes"] else None

        assert eventually(halfway, what="the first half").status == "PROCESSING_DOWNLOAD"
        call = client.cancel(account, opened.publish_id)
        assert (call.name, call.code) == ("cancel", "ok")
        ended = client.status(account, opened.publish_id)
        assert (ended.status, ended.fail_reason) == ("FAILED", "publish_cancelled")
        with pytest.raises(TikTokError, match="no longer be cancelled"):
            client.cancel(account, opened.publish_id)
        host.rest.set()
    (task,) = sandbox.control("publishes")["publishes"]
    assert (task["status"], task["fail_reason"]) == ("FAILED", "publish_cancelled")
    assert sandbox.control("posts")["posts"] == []
