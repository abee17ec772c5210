"""Which addresses are public, and which origins an operator trusts all the same."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}

_NEVER_ROUTED = (IPv6Network("fec0::/10"), IPv6Network("3fff::/20"))
"""Site-local (RFC 3879) and documentation (RFC 9637): Python 3.11 takes both for global."""

_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


@dataclass(frozen=True, order=True)
class Origin:
    """Scheme, host and port of a URL, compared exactly (RFC 6454)."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def origin_of(url: str) -> Origin:
    """Return the origin of an http or https URL.

    Raises ValueError when the URL has another scheme, no host, or a port that is no number.
    """
    parts = urlsplit(url.strip())
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError("not an http or https URL with a host")
    return Origin(scheme, parts.hostname.rstrip("."), parts.port or DEFAULT_PORTS[scheme])


def _unwrap(address: IPv6Address) -> IPv4Address | IPv6Address:
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if any(address in network for network in _NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: str) -> bool:
    """Tell whether an IP address is one that the public internet routes.

    False for private, loopback, link-local, metadata, multicast, reserved and unspecified ranges, also when
    such an IPv4 address is wrapped in IPv6 (mapped, 6to4, Teredo, NAT64). Raises ValueError on other text.
    """
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        if any(found in network for network in _NEVER_ROUTED):
            return False
        found = _unwrap(found)
    return found.is_global and not found.is_multicast and not found.is_reserved
