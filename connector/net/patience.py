"""Sockets that keep to a request's deadline: before every send and receive they ask how long it may take.

A time-out per operation alone lets a peer that drips one byte at a time hold a request for ever.
"""

import select
import socket
import ssl
from functools import cache
from typing import TYPE_CHECKING, Any

from connector.net.trip import Patience

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class PatientSocket(socket.socket):
    """A plain socket with the patience of the request that uses it."""

    patience: Patience | None = None

    def _arm(self) -> None:
        if self.patience is not None:
            self.settimeout(self.patience.step())

    def answered_or_writable(self) -> bool:
        """Wait until the other side has sent something (True) or takes more (False). Raises TimeoutError."""
        poll = select.poll()
        poll.register(self, select.POLLIN | select.POLLOUT)
        events = poll.poll(self.patience.step() * 1000 if self.patience else None)
        if not events:
            raise TimeoutError("the other side takes no more data")
        return any(event & select.POLLIN for _, event in events)

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        """Receive into `buffer`. Raises TimeoutError when the patience is at its end."""
        self._arm()
        return super().recv_into(buffer, nbytes, flags)

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        """Send all of `data`. Raises TimeoutError when the patience is at its end."""
        self._arm()
        super().sendall(data, flags)


class PatientTLSSocket(ssl.SSLSocket):
    """A TLS socket with the patience of the request that uses it."""

    patience: Patience | None = None

    def _arm(self) -> None:
        if self.patience is not None:
            self.settimeout(self.patience.step())

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0) -> int:
        """Receive into `buffer`. Raises TimeoutError when the patience is at its end."""
        self._arm()
        return super().recv_into(buffer, nbytes, flags)

    def send(self, data: "ReadableBuffer", flags: int = 0) -> int:
        """Send some of `data`. Raises TimeoutError when the patience is at its end."""
        self._arm()
        return super().send(data, flags)


def grant(sock: Any, patience: Patience) -> None:  # noqa: ANN401 - the HTTP library types its sockets loosely
    """Give a socket the patience of the request that is about to use it."""
    if isinstance(sock, PatientSocket | PatientTLSSocket):
        sock.patience = patience


@cache
def _system_tls() -> ssl.SSLContext:
    # Once for a process: it takes some 20 ms to read the system's certificates.
    return ssl.create_default_context()


def patient_tls(context: ssl.SSLContext | None) -> ssl.SSLContext:
    """Return a TLS context that verifies certificates and host names and makes patient sockets."""
    context = context or _system_tls()
    context.sslsocket_class = PatientTLSSocket
    return context
