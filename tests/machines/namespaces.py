"""Network namespaces as machines: each with addresses of its own, joined by cables that can be pulled.

Only Linux has them, and only root may make them; iproute2's `ip` and `tc` do all of it. Nothing of it touches
the network of the machine that the tests run on.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

PREFIX = "postrail"
NAMED = Path("/run/netns")
"""Where `ip netns` keeps the namespaces that have names."""

OWN = Path("/proc/thread-self/ns/net")
CLONE_NEWNET = 0x40000000
"""The kind of namespace, as setns(2) wants it."""

_LIBC = ctypes.CDLL(None, use_errno=True)
_NUMBERS = count()


def why_not() -> str | None:
    """Return what this machine lacks, None when namespaces can be made."""
    if os.geteuid() != 0:
        return "only root can make network namespaces: run `make machines` as root"
    if shutil.which("ip") is None or shutil.which("tc") is None:
        return "apt-get install iproute2"
    try:
        with namespace("try"):
            return None
    except AssertionError as refused:
        return f"the kernel refuses network namespaces: {refused}"


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(words)}: {done.stderr.strip()}")


def _remove(name: str) -> None:
    """Remove a namespace, if it is there; who is still in it stays alone in it."""
    with suppress(AssertionError):
        _run("ip", "netns", "delete", name)


def remove_abandoned() -> None:
    """Remove the namespaces of test processes that were killed before they could."""
    for path in NAMED.glob(f"{PREFIX}-*-*"):
        owner = path.name.split("-")[1]
        if owner.isdigit() and not Path("/proc", owner).exists():
            _remove(path.name)


@dataclass(frozen=True)
class Namespace:
    """A network namespace."""

    name: str

    def ip(self, *words: str) -> None:
        """Run `ip` on its network. Raises AssertionError with what it complains of."""
        _run("ip", "-n", self.name, *words)

    def tc(self, *words: str) -> None:
        """Run `tc` on its network."""
        _run("tc", "-n", self.name, *words)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be in it: the sockets that this thread opens, and the threads and processes that it starts."""
        with OWN.open() as before, (NAMED / self.name).open() as here:
            _enter(here.fileno())
            try:
                yield
            finally:
                _enter(before.fileno())


def _enter(descriptor: int) -> None:
    if _LIBC.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def namespace(role: str) -> Iterator[Namespace]:
    """Make a namespace whose loopback is up; remove it afterwards."""
    made = Namespace(f"{PREFIX}-{os.getpid()}-{role}{next(_NUMBERS)}")
    _run("ip", "netns", "add", made.name)
    try:
        made.ip("link", "set", "lo", "up")
        yield made
    finally:
        _remove(made.name)


@dataclass(frozen=True, kw_only=True)
class Network:
    """A switch in the namespace `at`, whose machine has the address `.1` of the 256 that begin so."""

    at: Namespace
    name: str
    prefix: str

    @property
    def address(self) -> str:
        """The address of the machine that the switch stands in."""
        return f"{self.prefix}.1"

    def build(self) -> None:
        """Make the switch."""
        self.at.ip("link", "add", self.name, "type", "bridge")
        self.at.ip("address", "add", f"{self.address}/24", "dev", self.name)
        self.at.ip("link", "set", self.name, "up")

    def join(self, machine: Namespace, port: str, number: int) -> str:
        """Lay a cable from `port` of the switch to a machine; return the address that it has there."""
        address = f"{self.prefix}.{number}"
        self.at.ip(
            *("link", "add", port, "type", "veth"), *("peer", "name", self.name, "netns", machine.name)
        )
        self.at.ip("link", "set", port, "master", self.name, "up")
        machine.ip("address", "add", f"{address}/24", "dev", self.name)
        machine.ip("link", "set", self.name, "up")
        return address

    def pull(self, port: str) -> None:
        """Pull the cable out of a port: nothing comes or goes, and nobody is told."""
        self.at.ip("link", "set", port, "down")

    def plug(self, port: str) -> None:
        """Put it in again."""
        self.at.ip("link", "set", port, "up")
