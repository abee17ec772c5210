"""Which address a name may be reached at: looked up once, every address checked."""

import socket
from dataclasses import dataclass
from ipaddress import ip_address

from connector.domain.net import Origin, is_public
from connector.kernel.errors import PostrailError, Problem
from connector.net.trip import Unsent

SocketAddress = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]


@dataclass(frozen=True)
class Target:
    """An address that has been checked, in the form that `socket.connect` takes."""

    family: int
    address: SocketAddress


def refusal(got: str, problem: str, expected: str, fix: str = "") -> PostrailError:
    """Build the error for a URL that Postrail does not go to; its field is filled in by the caller."""
    code = "address_not_allowed"
    detail = Problem(field="", problem=problem, got=got, expected=expected, fix=fix, code=code)
    return PostrailError(code, f"Postrail does not connect to {got}", details=[detail])


def look_up(host: str, port: int) -> list[Target]:
    """Resolve `host` as the operating system does. Raises Unsent when there is no such name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unsent(f"the name {host} cannot be resolved: {error}") from error
    return [Target(family, address) for family, _type, _protocol, _name, address in found]


def check(origin: Origin, targets: list[Target], trusted: frozenset[Origin]) -> None:
    """Refuse `origin` when any of its addresses is not public and it is not trusted.

    One private address among public ones is enough: which of them answers is up to whoever owns the name.
    Raises PostrailError `address_not_allowed`.
    """
    if origin in trusted:
        return
    for target in targets:
        address = str(target.address[0])
        if not is_public(address):
            where = origin.host if origin.host == address else f"{origin.host} ({address})"
            raise refusal(
                where,
                "private_address",
                "a host on the public internet",
                _way_out(origin, address),
            )


def _way_out(origin: Origin, address: str) -> str:
    """Say what to do about a private address: one of a network may be trusted, a special one never."""
    found = ip_address(address.partition("%")[0])
    if found.is_link_local or found.is_unspecified or found.is_multicast or found.is_reserved:
        return "use a public URL"
    return f"use a public URL, or start the server with POSTRAIL_TRUSTED_ORIGINS={origin}"


def allowed_targets(origin: Origin, trusted: frozenset[Origin]) -> list[Target]:
    """Return the addresses of `origin` to connect to, all checked. Raises Unsent and PostrailError."""
    targets = look_up(origin.host, origin.port)
    check(origin, targets, trusted)
    return targets
