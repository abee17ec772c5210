"""Egress: sends one request, once, and says of each failure whether the request may have arrived."""

import http.client
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import requests
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError, ReadTimeoutError

from connector.domain.net import Origin, has_credentials, origin_of
from connector.kernel.clock import Clock
from connector.net.connections import PinnedAdapter
from connector.net.guard import admit, credentials_refusal
from connector.net.network import Network, SystemNetwork
from connector.net.patience import patient_tls
from connector.net.trip import TRIP, Broken, Patience, Timeout, Trip, Unsendable

DEFAULT = Timeout()
"""Ten seconds to connect, twenty between bytes, a minute in all."""

REPLY_LIMIT = 4 * 1024 * 1024
"""Bytes of the largest answer that `Egress.send` takes."""

BLOCK = 1024 * 1024
"""Bytes read at once from an answer."""

USER_AGENT = "Postrail"

_WENT_WRONG = (requests.RequestException, HTTPError, http.client.HTTPException, OSError)


class Readable(Protocol):
    """A body that is read piece by piece, such as an open file or a FileWindow."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes; nothing at the end."""

    def close(self) -> None:
        """Let go of it."""


Body = bytes | Readable


@dataclass(frozen=True)
class Reply:
    """A whole answer. The names of `headers` are matched without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class StreamReply:
    """An answer whose body is read as it comes, undecoded. The names of `headers` match in any case."""

    def __init__(self, raw: HTTPResponse) -> None:
        self._raw = raw
        self._late: Broken | None = None
        self.status = raw.status
        self.headers: Mapping[str, str] = CaseInsensitiveDict(raw.headers)

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end.

        Raises Broken when the body ends before its Content-Length or the connection breaks or times out.
        """
        found = self._read_some(size)
        while 0 < len(found) < size and (more := self._read_some(size - len(found))):
            found += more
        return found

    def read_into(self, buffer: bytearray | memoryview) -> int:
        """Fill `buffer` with the next bytes and return how many; 0 at the end.

        Raises Broken, though not before all bytes that have come are handed over.
        """
        if self._late is not None:
            raise self._late
        filled = 0
        try:
            while filled < len(buffer) and (data := self._read_one(len(buffer) - filled)):
                buffer[filled : filled + len(data)] = data
                filled += len(data)
        except Broken as error:
            if filled == 0:
                raise
            self._late = error
        return filled

    def _read_one(self, size: int) -> bytes:
        try:
            return self._raw.read1(size, decode_content=False)
        except (*_WENT_WRONG, ValueError) as error:
            raise _broken(error) from error

    def _read_some(self, size: int) -> bytes:
        try:
            return self._raw.read(size, decode_content=False)
        except (*_WENT_WRONG, ValueError) as error:
            raise _broken(error) from error

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read(BLOCK):
            yield data


class Egress:
    """Sends requests to public addresses and to `trusted` origins.

    Connections are kept alive; nothing is retried, redirected, decoded or remembered (no cookies), and the
    environment's proxies are not used. `allow_http` permits plain http to origins that are not trusted. `tls`
    replaces the system's certificates, `network` the system's names and connections. Threads may share one
    Egress.
    """

    def __init__(
        self,
        *,
        trusted: frozenset[Origin],
        clock: Clock,
        allow_http: bool = True,
        tls: ssl.SSLContext | None = None,
        network: Network | None = None,
    ) -> None:
        self._network = network or SystemNetwork()
        self._trusted = trusted
        self._clock = clock
        self._allow_http = allow_http
        # A session would read the whole body of a redirect, and its target, though told not to follow it.
        self._adapter = PinnedAdapter(patient_tls(tls))

    def close(self) -> None:
        """Close the connections that are kept alive."""
        self._adapter.close()

    def begin(self, timeout: Timeout) -> Patience:
        """Start the time of a piece of work that takes several requests: hand it to each as its `timeout`."""
        return Patience(self._clock, timeout)

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        content_length: int | None = None,
        timeout: Timeout | Patience = DEFAULT,
    ) -> Reply:
        """Send a request and return its whole answer, of at most 4 MiB.

        `body` may be read from a file; `content_length` (bytes) is then required. Such a body is closed
        afterwards in any case. Raises Unsent, Broken, and PostrailError `address_not_allowed`.
        """
        with self.stream(
            method, url, headers=headers, body=body, content_length=content_length, timeout=timeout
        ) as reply:
            whole = reply.read(REPLY_LIMIT + 1)
        if len(whole) > REPLY_LIMIT:
            raise Broken(f"the answer is larger than {REPLY_LIMIT} bytes")
        return Reply(reply.status, reply.headers, whole)

    @contextmanager
    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        content_length: int | None = None,
        timeout: Timeout | Patience = DEFAULT,
    ) -> Iterator[StreamReply]:
        """Send a request and yield its answer, whose body is read inside the `with`. Raises as `send`."""
        try:
            self._check_url(url)
            prepared = _prepare(method, url, headers or {}, body, content_length)
            self._check_url(str(prepared.url))
            response = self._send(prepared, timeout)
        finally:
            if body is not None and not isinstance(body, bytes):
                body.close()
        with response:
            yield StreamReply(response.raw)

    def _check_url(self, url: str) -> None:
        """Refuse a URL by its spelling alone. Raises Unsendable and PostrailError."""
        try:
            origin = origin_of(url)
            credentials = has_credentials(url)
        except ValueError as error:
            raise Unsendable(f"not a URL that can be opened: {error}") from error
        if credentials:
            raise credentials_refusal(origin.host)
        if origin not in self._trusted and origin.host.isascii():
            admit(origin, allow_http=self._allow_http)

    def _send(self, prepared: requests.PreparedRequest, timeout: Timeout | Patience) -> requests.Response:
        patience = timeout if isinstance(timeout, Patience) else self.begin(timeout)
        token = TRIP.set(Trip(self._network, self._trusted, self._allow_http, patience))
        waits = (patience.timeout.connect_s, patience.timeout.idle_s)
        try:
            return self._adapter.send(prepared, stream=True, timeout=waits)
        except requests.exceptions.InvalidURL as error:
            raise Unsendable(f"not a request that can be sent: {error}") from error
        except _WENT_WRONG as error:
            raise _broken(error) from error
        finally:
            TRIP.reset(token)


def _prepare(
    method: str, url: str, headers: Mapping[str, str], body: Body | None, content_length: int | None
) -> requests.PreparedRequest:
    request = requests.Request(
        method, url, {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers}
    )
    try:
        prepared = request.prepare()
    except requests.RequestException as error:
        raise Unsendable(f"not a request that can be sent: {error}") from error
    if body is not None:
        prepared.body = body  # type: ignore[assignment]  # the stubs leave out files
        prepared.headers["Content-Length"] = str(_length(body, content_length))
    return prepared


def _length(body: Body, content_length: int | None) -> int:
    if isinstance(body, bytes):
        return len(body)
    if content_length is None:
        raise ValueError("a body that is read from a file needs its content_length")
    return content_length


def _broken(error: BaseException) -> Broken:
    """Say what broke, in the innermost error's words: those around it may repeat the URL with its secrets."""
    links = list(_chain(error))
    late = any(isinstance(link, TimeoutError | ReadTimeoutError) for link in links)
    return Broken(f"the connection broke: {links[-1]}", timed_out=late)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
