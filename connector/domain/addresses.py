"""Which IP addresses the public internet routes.

Source: IANA's registries of special-purpose addresses for IPv4 and IPv6, as of October 2025, every range of
them. Refused as well are ranges that IANA calls globally reachable but where no media host is: relays and
sinks (AS112, AMT), and each form in which one address hides another (mapped, NAT64, 6to4, Teredo).
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_IPV4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private use
        "100.64.0.0/10",  # shared between carriers and customers
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's metadata, in no registry
        "169.254.0.0/16",  # link-local, the clouds' metadata among it
        "172.16.0.0/12",  # private use
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT relays
        "192.88.99.0/24",  # 6to4 relays, deprecated
        "192.168.0.0/16",  # private use
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast among it
    )
)

_IPV6_ROUTED = IPv6Network("2000::/3")
"""All that IANA has given out as global unicast; what lies outside is loopback, private, link-local, mapped,
NAT64, discard-only, segment routing, multicast, or not assigned."""

_IPV6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, AMT, AS112, ORCHID, drone ids
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


def is_public(address: str) -> bool:
    """Tell whether an IP address is one that the public internet routes to a host.

    An IPv6 zone (`fe80::1%eth0`) is left aside. Raises ValueError for text that is no IP address.
    """
    found = ip_address(address.partition("%")[0])
    # Python's own list is asked too: a newer Python may know of a range that this one does not.
    return _is_routed(found) and found.is_global


def _is_routed(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _IPV4)
    return address in _IPV6_ROUTED and not any(address in network for network in _IPV6)
