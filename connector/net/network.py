"""The operating system's names and connections, as a port: what a test's own network stands in for."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from connector.domain.net import address_of

SocketAddress = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]


@dataclass(frozen=True)
class Target:
    """An address to connect to, in the form that `socket.connect` takes."""

    family: int
    address: SocketAddress


class Network(Protocol):
    """Where names lead, and how an address is reached."""

    def look_up(self, host: str, port: int, limit_s: float) -> list[Target]:
        """Resolve a name within `limit_s` seconds. Raises OSError (TimeoutError when late), UnicodeError."""

    def connect(self, sock: socket.socket, target: Target) -> None:
        """Connect `sock` to `target`. Raises OSError."""


class SystemNetwork:
    """The network of this machine; `ask` is what the operating system resolves names by."""

    def __init__(self, ask: Callable[..., list[Any]] = socket.getaddrinfo) -> None:
        self._ask = ask

    def look_up(self, host: str, port: int, limit_s: float) -> list[Target]:
        """Resolve a name; an address is taken as it is. Raises OSError and UnicodeError.

        The operating system cannot be told how long it may take, so it is asked in a thread of its own, which
        is left to end by itself when time is up.
        """
        literal = address_of(host)
        if literal is not None:
            family = socket.AF_INET if isinstance(literal, IPv4Address) else socket.AF_INET6
            return [Target(family, (host, port))]
        answers: SimpleQueue[list[Target] | Exception] = SimpleQueue()
        asking = threading.Thread(target=self._answer, args=(host, port, answers), daemon=True)
        asking.start()
        try:
            answer = answers.get(timeout=limit_s)
        except Empty:
            raise TimeoutError(f"no answer within {limit_s:g} s") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _answer(self, host: str, port: int, answers: "SimpleQueue[list[Target] | Exception]") -> None:
        try:
            found = self._ask(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            answers.put(error)
        else:
            answers.put([Target(entry[0], entry[4]) for entry in found])

    def connect(self, sock: socket.socket, target: Target) -> None:
        """Connect `sock` to `target`. Raises OSError."""
        sock.connect(target.address)
