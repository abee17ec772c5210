"""Which addresses are refused, and what a mixed answer of the name server leads to."""

import socket

import pytest

from connector.domain.net import Origin, is_public
from connector.kernel.errors import PostrailError
from connector.net.guard import Target, check

SHOP = Origin("https", "shop.example", 443)

PRIVATE = [
    "0.0.0.0",  # noqa: S104 - refused, not bound
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.170",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::10.0.0.1",
    "100::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]

PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]


def target(address: str) -> Target:
    """Build a target as the resolver would return it."""
    return Target(socket.AF_INET, (address, 443))


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(PostrailError, match="address_not_allowed"):
        check(SHOP, [target(address)], frozenset())


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    check(SHOP, [target(address)], frozenset())


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    with pytest.raises(PostrailError) as caught:
        check(SHOP, [target("8.8.8.8"), target("10.0.0.1")], frozenset())
    assert caught.value.details[0].got == "shop.example (10.0.0.1)"


def test_a_trusted_origin_may_be_private() -> None:
    check(SHOP, [target("10.0.0.1")], frozenset({SHOP}))


@pytest.mark.parametrize(
    "other",
    [
        Origin("http", "shop.example", 443),
        Origin("https", "shop.example", 444),
        Origin("https", "a.example", 443),
    ],
)
def test_trust_is_for_one_scheme_host_and_port(other: Origin) -> None:
    with pytest.raises(PostrailError):
        check(SHOP, [target("10.0.0.1")], frozenset({other}))
