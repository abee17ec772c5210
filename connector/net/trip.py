"""What one request carries with it down to its socket, and the two ways in which it can go wrong."""

from contextvars import ContextVar
from dataclasses import dataclass

from connector.domain.net import Origin
from connector.kernel.clock import Clock
from connector.net.network import Network


class Unsent(Exception):
    """Nothing reached the other side: no such name, refused, connect time-out, TLS not agreed, not a URL.

    `timed_out` tells whether time ran out.
    """

    def __init__(self, message: str, *, timed_out: bool = False) -> None:
        super().__init__(message)
        self.timed_out = timed_out


class Unsendable(Unsent):
    """The request cannot be sent as it is, however often it is tried: its URL or a header is malformed."""


class Broken(Exception):
    """The connection broke or timed out after the request may have arrived.

    `timed_out` tells whether time ran out (idle or total).
    """

    def __init__(self, message: str, *, timed_out: bool = False) -> None:
        super().__init__(message)
        self.timed_out = timed_out


@dataclass(frozen=True)
class Timeout:
    """How long a request may take, in seconds.

    `dns_s`: until a name is resolved. `connect_s`: until the connection stands, for each address tried.
    `first_byte_s`: from the request's last byte until the headers of the answer are whole (None: `idle_s` for
    each piece of them). `idle_s`: between two pieces of data, in either direction. `total_s`: from the start
    until the last byte of the answer.
    """

    connect_s: float = 10
    idle_s: float = 20
    total_s: float = 60
    dns_s: float = 5
    first_byte_s: float | None = None


class Patience:
    """The time that is left to one request, or to several that are one piece of work, from now on."""

    def __init__(self, clock: Clock, timeout: Timeout) -> None:
        self.timeout = timeout
        self._clock = clock
        self._deadline = clock.ticks() + timeout.total_s
        self._answer_by: float | None = None

    def left(self, limit_s: float) -> float:
        """Return the seconds that a step may take, up to `limit_s`. Raises TimeoutError when none is left."""
        left = self._deadline - self._clock.ticks()
        if left <= 0:
            raise TimeoutError(f"not done within {self.timeout.total_s:g} s")
        return min(limit_s, left)

    def is_over(self) -> bool:
        """Tell whether no time is left."""
        return self._clock.ticks() >= self._deadline

    def step(self) -> float:
        """Return the seconds that the next send or receive may take. Raises TimeoutError."""
        if self._answer_by is None:
            return self.left(self.timeout.idle_s)
        left = self._answer_by - self._clock.ticks()
        if left <= 0:
            raise TimeoutError(f"no answer within {self.timeout.first_byte_s:g} s")
        return self.left(left)

    def await_answer(self) -> None:
        """Take note that a request has been sent whole: from now on its answer is awaited."""
        if self.timeout.first_byte_s is not None:
            self._answer_by = self._clock.ticks() + self.timeout.first_byte_s

    def answered(self) -> None:
        """Take note that the headers of the answer are there, or will never be."""
        self._answer_by = None


@dataclass(frozen=True)
class Trip:
    """One request's rules: the network, the origins it may reach on private addresses, and its time."""

    network: Network
    trusted: frozenset[Origin]
    allow_http: bool
    patience: Patience


TRIP: ContextVar[Trip] = ContextVar("postrail_net_trip")
"""The trip of the request that this thread is sending.

The HTTP library builds connections by itself and has no place for our rules, so they are handed down here. A
connection that finds no trip fails: there is no way around the guard.
"""
