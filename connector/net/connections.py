"""The HTTP library's connections, pinned: they connect only to an address that the guard has just checked."""

import http.client
import socket
import ssl
from collections.abc import Sequence
from email.errors import MissingHeaderBodySeparatorDefect
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

from connector.domain.net import Origin, plain_host
from connector.net.guard import allowed_targets
from connector.net.network import Target
from connector.net.patience import PatientSocket, grant
from connector.net.trip import TRIP, Trip, Unsent

SEND_BLOCK = 128 * 1024
"""Bytes handed to a socket at once while a body is sent."""

POOL_SIZE = 16
"""Idle connections kept for each origin."""

MOST_ADDRESSES = 6
"""Addresses of one name that are tried, one after the other."""


def connect_to(target: Target, trip: Trip, options: Sequence[tuple[int, int, int | bytes]]) -> socket.socket:
    """Connect to one checked address. Raises OSError."""
    sock = PatientSocket(target.family, socket.SOCK_STREAM)
    try:
        for level, name, value in options:
            sock.setsockopt(level, name, value)
        sock.settimeout(trip.patience.left(trip.patience.timeout.connect_s))
        trip.network.connect(sock, target)
    except OSError:
        sock.close()
        raise
    return sock


def connect_to_first(
    origin: Origin, trip: Trip, options: Sequence[tuple[int, int, int | bytes]]
) -> socket.socket:
    """Connect to the first address of `origin` that answers. Raises Unsent and PostrailError."""
    last: OSError | None = None
    for target in allowed_targets(origin, trip)[:MOST_ADDRESSES]:
        try:
            return connect_to(target, trip, options)
        except OSError as error:
            last = error
    raise Unsent(f"no connection to {origin}: {last}", timed_out=isinstance(last, TimeoutError)) from last


class WholeResponse(http.client.HTTPResponse):
    """An answer with whole headers; the standard library takes those that break off for whole."""

    def begin(self) -> None:
        """Read status and headers. Raises HTTPException when they break off."""
        super().begin()
        if any(isinstance(defect, MissingHeaderBodySeparatorDefect) for defect in self.msg.defects):
            raise http.client.HTTPException("the headers of the answer break off")


class LastResponse(WholeResponse):
    """An answer after which the connection is not used again, because its request was never sent whole."""

    def _check_close(self) -> bool:
        return True


class PinnedConnection(HTTPConnection):
    """A connection without TLS to a checked address.

    While a body is being sent it looks whether the answer is there already; if so it stops sending, so that
    a refusal that arrives early is read instead of lost in a broken pipe.
    """

    scheme = "http"
    _in_body = False

    def _new_conn(self) -> socket.socket:
        origin = Origin(self.scheme, plain_host(self.host.strip("[]")), self.port)
        return connect_to_first(origin, TRIP.get(), self.socket_options or ())

    def connect(self) -> None:
        """Connect, with the patience of the present trip. Raises Unsent and PostrailError."""
        self.response_class = WholeResponse
        super().connect()
        grant(self.sock, TRIP.get().patience)

    def request(self, method: str, url: str, *args: Any, **more: Any) -> None:  # noqa: ANN401 - handed on as it came
        """Send a request, with the patience of the present trip."""
        self._in_body = False
        grant(self.sock, TRIP.get().patience)
        super().request(method, url, *args, **more)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3's own class of answers
        """Wait for the answer's headers. Raises TimeoutError when they are late."""
        patience = TRIP.get().patience
        patience.await_answer()
        try:
            return super().getresponse()
        finally:
            patience.answered()

    def endheaders(self, *args: Any, **more: Any) -> None:  # noqa: ANN401 - handed on as it came
        """Send the headers."""
        super().endheaders(*args, **more)
        self._in_body = True

    def send(self, data: Any) -> None:  # noqa: ANN401 - whatever the HTTP library can send
        """Send bytes. Raises BrokenPipeError when the other side has answered before the body's end."""
        if self._in_body and isinstance(self.sock, PatientSocket):
            self._send_watching(self.sock, data)
        else:
            super().send(data)

    def _send_watching(self, sock: PatientSocket, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            if sock.answered_or_writable():
                self.response_class = LastResponse
                raise BrokenPipeError("answered before the whole body was sent")
            rest = rest[sock.send(rest) :]


class PinnedTLSConnection(PinnedConnection, HTTPSConnection):
    """A TLS connection to a checked address; the certificate is verified against the host's name.

    TLS has records of its own, so bytes that arrive while a body is sent need not be an answer: an early one
    is read when the other side reads on; when it hangs up, the answer may be lost and the request is broken.
    """

    scheme = "https"

    def connect(self) -> None:
        """Connect and agree on TLS. Raises Unsent and PostrailError."""
        try:
            super().connect()
        except (OSError, HTTPError) as error:
            late = isinstance(error, TimeoutError)
            raise Unsent(f"no TLS with {self.host}: {error}", timed_out=late) from error


class PinnedPool(HTTPConnectionPool):
    """Keep-alive connections to one http origin."""

    ConnectionCls = PinnedConnection


class PinnedTLSPool(HTTPSConnectionPool):
    """Keep-alive connections to one https origin."""

    ConnectionCls = PinnedTLSConnection


class PinnedAdapter(HTTPAdapter):
    """Sends by pinned connections, once: no retries, no proxies."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        super().__init__(pool_maxsize=POOL_SIZE, max_retries=0)

    def init_poolmanager(self, *args: Any, **more: Any) -> None:  # noqa: ANN401 - handed on as it came
        """Build the pools, of pinned connections."""
        super().init_poolmanager(*args, ssl_context=self._tls, blocksize=SEND_BLOCK, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": PinnedPool, "https": PinnedTLSPool}
