"""A network whose names a test makes up: public addresses lead to its own stage, all others are real."""

import socket
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from typing import Self

from connector.domain.addresses import is_public
from connector.domain.net import address_of
from connector.net.network import SystemNetwork, Target

PUBLIC_NAME = "public.example"
PUBLIC_ADDRESS = "93.184.216.34"

Answers = Mapping[str, Sequence[Sequence[str]]]
"""For each name the answers of its name server, one after the other; the last one is given for ever."""


class StagedNetwork(SystemNetwork):
    """Names lead where `names` says; who connects to a public address arrives at `stage` instead.

    A forbidden address would really be connected to. `asked` and `reached` tell what was looked up, and which
    addresses were connected to.
    """

    def __init__(self, stage: int, names: Answers) -> None:
        super().__init__()
        self._stage = stage
        self._names: dict[str, list[Sequence[str]]] = {PUBLIC_NAME: [[PUBLIC_ADDRESS]]}
        self._names |= {name: list(found) for name, found in names.items()}
        self.asked: list[str] = []
        self.reached: list[str] = []

    def look_up(self, host: str, port: int, limit_s: float) -> list[Target]:
        """Answer from the table; addresses and this machine's own name are as everywhere."""
        self.asked.append(host)
        if host == "localhost" or address_of(host) is not None:
            return super().look_up(host, port, limit_s)
        answers = self._names.get(host)
        if answers is None:
            raise OSError("no such name on this stage")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [self._target(address, port) for address in answer]

    @staticmethod
    def _target(address: str, port: int) -> Target:
        if ":" in address:
            return Target(socket.AF_INET6, (address, port, 0, 0))
        return Target(socket.AF_INET, (address, port))

    def connect(self, sock: socket.socket, target: Target) -> None:
        """Take note and connect."""
        address = str(target.address[0])
        self.reached.append(address)
        if is_public(address):
            sock.connect(("127.0.0.1", self._stage))
        else:
            super().connect(sock, target)


class Traps:
    """Listeners on 127.0.0.1 and ::1, on one port; whoever connects is counted."""

    def __init__(self) -> None:
        self._four = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._four.getsockname()[1]
        try:
            self._six = socket.create_server(("::1", self.port), family=socket.AF_INET6)
        except OSError:
            self._four.close()
            raise

    def caught(self) -> int:
        """Return how many connections have come since the last call."""
        return sum(_accepted(listener) for listener in (self._four, self._six))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._four.close()
        self._six.close()


def set_traps() -> Traps:
    """Set the traps on a port that is free in both families."""
    while True:
        with suppress(OSError):
            return Traps()


def _accepted(listener: socket.socket) -> int:
    listener.settimeout(0)
    count = 0
    with suppress(BlockingIOError):
        while True:
            connection, _ = listener.accept()
            with closing(connection):
                count += 1
    return count
