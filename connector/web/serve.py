"""Serves a WSGI app over HTTP/1.1 with threads of one process."""

import threading
from typing import TYPE_CHECKING

from cheroot.wsgi import Server

from connector.kernel.log import get_log
from connector.kernel.redact import redact

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = get_log("web")

BACKLOG = 1024
HEADER_LIMIT = 64 * 1024
KEEP_ALIVE_LIMIT = 512


class _QuietServer(Server):
    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: FBT001, FBT002 - cheroot calls it so
        """Take the server's own complaints into our log."""
        del level, traceback
        log.warning("http_server", said=redact(str(msg)))


class WebServer:
    """A listening server.

    `threads` requests are answered at once, a body may stall for `stall_s` seconds, and requests in hand have
    `drain_s` seconds to end once it stops.
    """

    def __init__(self, host: str, port: int, *, threads: int, stall_s: float, drain_s: float) -> None:
        self._server = _QuietServer((host, port), None, numthreads=threads, server_name="postrail")
        self._server.request_queue_size = BACKLOG
        self._server.max_request_header_size = HEADER_LIMIT
        self._server.keep_alive_conn_limit = KEEP_ALIVE_LIMIT
        self._server.timeout = stall_s
        self._server.shutdown_timeout = drain_s
        self._thread = threading.Thread(target=self._server.serve, name="http", daemon=True)

    def bind(self) -> int:
        """Take the port and return it. Raises OSError when it is not free."""
        self._server.prepare()
        return int(self._server.bind_addr[1])

    def start(self, app: "WSGIApplication") -> None:
        """Answer requests with `app` from now on."""
        self._server.wsgi_app = app
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections, let the requests in hand end, and return."""
        self._server.stop()
        self._thread.join(timeout=self._server.shutdown_timeout + 1)
