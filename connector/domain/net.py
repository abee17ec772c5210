"""What a URL names: its origin, read strictly, and which origins are out of the question from the start."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}

_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
"""Characters that no URL holds (RFC 3986) and that programs read differently: controls, blank, backslash."""

_BRACKETED = re.compile(r"\[[^\[\]]+\](?::\d*)?")
_ASCII_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LONGEST_NAME = 253

_FIRST_FREE_PORT = 1024
_BLOCKED_PORTS = frozenset(
    {1433, 1521, 1719, 1720, 1723, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061}
    | {5432, 5900, 5984, 6000, 6379, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 8500}
    | {9042, 9092, 9200, 9300, 10080, 10250, 11211, 27017}
)
"""Ports from 1024 on behind which something other than a web server stands.

The Fetch standard's list of bad ports, and those of databases, brokers and cluster managers.
"""

_PRIVATE_SUFFIXES = (
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "lan",
    "home",
    "corp",
    "home.arpa",
    "onion",
)
"""Names that mean something inside one network alone (IANA's special-use domain names, and habits)."""


@dataclass(frozen=True, order=True)
class Origin:
    """Scheme, host and port of a URL, compared exactly (RFC 6454)."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def split_url(url: str) -> SplitResult:
    """Take a URL apart. Raises ValueError where programs could disagree about its parts."""
    if _UNSAFE.search(url):
        raise ValueError("a URL has no blanks, control characters or backslashes")
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if ("[" in host or "]" in host) and not _BRACKETED.fullmatch(host):
        raise ValueError("brackets in a URL enclose the whole host")
    return parts


def origin_of(url: str) -> Origin:
    """Return the origin of an http or https URL; a name outside ASCII stands in it as it was written.

    Raises ValueError when the URL has another scheme, no host, a host that is no name and no address, or a
    port that is no number.
    """
    parts = split_url(url)
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError("not an http or https URL with a host")
    port = DEFAULT_PORTS[scheme] if parts.port is None else parts.port
    if port == 0:
        raise ValueError("not a URL of a port that anybody can listen on")
    return Origin(scheme, plain_host(parts.hostname), port)


def plain_host(host: str) -> str:
    """Spell a host in one way: in lower case, without the dot that ends a whole name.

    Raises ValueError for what is neither a name nor an IP address.
    """
    host = host.lower()
    if ":" in host:
        return str(IPv6Address(host))
    host = host.removesuffix(".")
    if host.isascii() and (not _ASCII_HOST.fullmatch(host) or len(host) > _LONGEST_NAME):
        raise ValueError("not a URL whose host is a name or an address")
    return host


def has_credentials(url: str) -> bool:
    """Tell whether a URL holds a user name or a password. Raises ValueError as `origin_of`."""
    return "@" in split_url(url).netloc


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that `host` spells in the usual way, None for a name or an odd spelling."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_odd_address(host: str) -> bool:
    """Tell whether `host` is an IPv4 address written as few people do: `127.1`, `0x7f.0.0.1`, `2130706433`.

    A name never ends in a number (WHATWG URL, host parsing), so whatever does is meant as an address.
    """
    last = host.rpartition(".")[2]
    return _NUMBER.fullmatch(last) is not None and address_of(host) is None


def is_private_name(host: str) -> bool:
    """Tell whether a name means something in one network alone: by its one label, or by how it ends."""
    if address_of(host) is not None:
        return False
    return "." not in host or host.endswith(tuple(f".{suffix}" for suffix in _PRIVATE_SUFFIXES))


def is_web_port(port: int) -> bool:
    """Tell whether a public web server may be at `port`: 80, 443, or from 1024 on but for a list."""
    if port < _FIRST_FREE_PORT:
        return port in DEFAULT_PORTS.values()
    return port not in _BLOCKED_PORTS
