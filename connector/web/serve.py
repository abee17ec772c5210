"""Serves a WSGI app over HTTP/1.1 with threads of one process."""

import socket
import struct
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from cheroot.server import HTTPConnection, HTTPRequest
from cheroot.wsgi import Gateway_10, Server

from connector.kernel.clock import SystemClock
from connector.kernel.log import get_log
from connector.kernel.redact import redact
from connector.web.bodies import MORE_TIME, PIECE, ChunkedBody, Deadlines
from connector.web.files import FileBody, Withheld
from connector.web.sender import STALL_S, Connection, Sender, Sending

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = get_log("web")

BACKLOG = 1024
HEADER_LIMIT = 64 * 1024
KEEP_ALIVE_LIMIT = 512

BODY_STALLS = 2
"""A whole body may take as long as this many stalls."""

CUT_OFF_S = 2.0
"""Seconds that requests have to end once their connections have been cut."""

AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER for a connection that ends by a reset, whatever of it is still to be sent."""

MOST_UNREAD = 8 * 1024 * 1024
"""Bytes of an unwanted body that are read and dropped, so that its sender gets to read the answer."""


class _Gateway(Gateway_10):
    """Reads bodies in bounded time and memory, and never takes the rest of one for the next request."""

    def __init__(self, req: HTTPRequest) -> None:
        self._chunked = bool(req.chunked_read)
        if self._chunked:
            req.rfile = ChunkedBody(req.conn.rfile)
        req.server.deadlines.begin(req.conn.socket)
        super().__init__(req)
        self.env[MORE_TIME] = partial(req.server.deadlines.begin, req.conn.socket)

    def respond(self) -> None:
        """Answer the request; a file that its reader takes slowly is left to the sender."""
        answer = self.req.server.wsgi_app(self.env, self.start_response)
        try:
            if isinstance(answer, FileBody):
                self._send_file(Sending(self.req.conn, answer))
            else:
                self._send_pieces(answer)
        except Withheld as withheld:
            log.info("withheld", why=str(withheld))
            self.req.close_connection = True
            self.req.conn.is_reset = True

    def _send_pieces(self, answer: Iterable[bytes]) -> None:
        try:
            for piece in filter(None, answer):
                self.write(piece)
        finally:
            self.req.ensure_headers_sent()
            if hasattr(answer, "close"):
                answer.close()

    def _send_file(self, sending: Sending) -> None:
        lent = False
        try:
            self.req.ensure_headers_sent()
            sending.pass_hold(STALL_S)
            lent = not sending.advance() and self.req.server.lend(self.req, sending)
            if not lent:
                sending.finish(STALL_S)
        finally:
            if not lent:
                sending.close()

    def start_response(self, *head: object) -> object:
        """Begin the answer; the connection ends with it unless the whole body has been read."""
        read = self._is_read_to_its_end()
        self.req.server.deadlines.end(self.req.conn.socket)
        if not read or self._chunked:
            self.req.close_connection = True
        return super().start_response(*head)

    def _is_read_to_its_end(self) -> bool:
        """Read what is left of the body, within bounds; False when some is still to come, or never will."""
        body, bound = self.req.rfile, MOST_UNREAD
        try:
            while bound > 0 and (piece := body.read(PIECE)):
                bound -= len(piece)
        except (OSError, ValueError):
            return False
        return bound > 0 and not getattr(body, "remaining", 0)


class _Connection(HTTPConnection):
    """A connection that may be told to end by a reset: its reader then knows that the answer is not whole."""

    is_reset = False

    def _close_kernel_socket(self) -> None:
        if self.is_reset:
            # The close that follows sends the reset; a shutdown would first say that all has been sent.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        else:
            super()._close_kernel_socket()  # type: ignore[misc] # its stubs leave it out


class _QuietServer(Server):
    """Cheroot's server, with connections that are lent to the sender while it sends a file over them."""

    ConnectionClass = _Connection
    deadlines: Deadlines

    def __init__(self, address: tuple[str, int], threads: int) -> None:
        super().__init__(address, None, numthreads=threads, server_name="postrail")
        self.sender = Sender(SystemClock(), self.take_back)
        self._lent: dict[object, Sending] = {}

    def lend(self, request: HTTPRequest, sending: Sending) -> bool:
        """Let the sender have a request's connection once its thread is done; False where it has no room."""
        if not self.sender.has_room():
            return False
        sending.is_last = request.close_connection
        request.close_connection = False
        self._lent[request.conn] = sending
        return True

    def put_conn(self, conn: Connection) -> None:
        """Take a connection from a thread: to be sent over, or to wait for its next request."""
        sending = self._lent.pop(conn, None)
        if sending is None:
            super().put_conn(conn)
        else:
            self.sender.take(sending)

    def take_back(self, sending: Sending) -> None:
        """Go on with a connection over which all has been sent."""
        if sending.is_last:
            sending.connection.close()
        else:
            super().put_conn(sending.connection)

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: FBT001, FBT002 - cheroot calls it so
        """Take the server's own complaints into our log."""
        del level, traceback
        log.warning("http_server", said=redact(str(msg)))


class WebServer:
    """A listening server.

    `threads` requests are answered at once, a body may stall for `stall_s` seconds and take twice as long in
    all, and requests in hand have `drain_s` seconds to end once it stops. A file that is slow to send holds
    no thread.
    """

    def __init__(self, host: str, port: int, *, threads: int, stall_s: float, drain_s: float) -> None:
        self._server = _QuietServer((host, port), threads)
        self._server.gateway = _Gateway
        self._server.request_queue_size = BACKLOG
        self._server.max_request_header_size = HEADER_LIMIT
        self._server.keep_alive_conn_limit = KEEP_ALIVE_LIMIT
        self._server.timeout = stall_s
        self._server.deadlines = Deadlines(SystemClock(), BODY_STALLS * stall_s)
        self._server.shutdown_timeout = drain_s
        self._thread = threading.Thread(target=self._server.serve, name="http", daemon=True)

    def bind(self) -> int:
        """Take the port and return it. Raises OSError when it is not free."""
        # A thread takes after the one that starts it: no request may keep the process from ending.
        _on_a_daemon(self._server.prepare)
        return int(self._server.bind_addr[1])

    def start(self, app: "WSGIApplication") -> None:
        """Answer requests with `app` from now on."""
        self._server.wsgi_app = app
        threading.Thread(target=self._server.deadlines.watch, name="deadlines", daemon=True).start()
        self._server.sender.start()
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections, let the requests in hand end, and return; also where it never started.

        A request that has not ended in time is waited for no more, nor does the process wait for it.
        """
        self._server.deadlines.stop()
        self._server.sender.end_within(self._server.shutdown_timeout)
        _on_a_daemon(self._server.stop, timeout_s=self._server.shutdown_timeout + CUT_OFF_S)
        if self._thread.is_alive():
            self._thread.join(timeout=self._server.shutdown_timeout + 1)
        self._server.sender.join()


def _on_a_daemon(act: Callable[[], None], *, timeout_s: float | None = None) -> None:
    """Call `act` on a thread that keeps no process, and wait `timeout_s` at most; raises what it raises."""
    done: Future[None] = Future()

    def run() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            done.set_exception(error)
        else:
            done.set_result(None)

    thread = threading.Thread(target=run, name="http-control", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if not thread.is_alive():
        done.result()
