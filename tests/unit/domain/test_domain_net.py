"""Origins and addresses: what is public, what is out of the question, and one way of reading a URL."""

import pytest

from connector.domain.addresses import is_public
from connector.domain.net import (
    Origin,
    has_credentials,
    is_odd_address,
    is_private_name,
    is_web_port,
    origin_of,
)

PRIVATE = [
    "0.0.0.0",  # noqa: S104 - refused, not bound
    "0.255.255.255",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.9",
    "192.0.0.170",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.1.1",
    "192.175.48.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::10.0.0.1",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:1::1",
    "2001:2::1",
    "2001:3::1",
    "2001:4:112::1",
    "2001:10::1",
    "2001:20::1",
    "2001:30::1",
    "2001:db8::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "2002:808:808::1",
    "2620:4f:8000::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "198.17.255.255",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "2620:4f:8001::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_in_a_special_range_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_beside_the_special_ranges_is_public(address: str) -> None:
    assert is_public(address)


def test_what_is_no_address_is_not_judged() -> None:
    with pytest.raises(ValueError, match=r"shop\.example"):
        is_public("shop.example")


@pytest.mark.parametrize("port", [80, 443, 1024, 8000, 8080, 8443, 9000, 65535])
def test_a_web_server_may_be_at(port: int) -> None:
    assert is_web_port(port)


@pytest.mark.parametrize("port", [0, 1, 21, 22, 25, 53, 110, 445, 1023, 2375, 3306, 5432, 6379, 9200, 11211])
def test_no_web_server_is_looked_for_at(port: int) -> None:
    assert not is_web_port(port)


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "1.2.3.4.5", "256.1.1.1", "a.0x"]
)
def test_an_odd_spelling_of_an_address_is_told_from_a_name(host: str) -> None:
    assert is_odd_address(host)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "shop.example", "1password.com", "0x7f.example", "a.b1"]
)
def test_a_name_and_a_usual_address_are_no_odd_spelling(host: str) -> None:
    assert not is_odd_address(host)


@pytest.mark.parametrize(
    "host", ["localhost", "metadata", "a.localhost", "nas.local", "metadata.google.internal", "x.home.arpa"]
)
def test_a_name_of_one_network_is_private(host: str) -> None:
    assert is_private_name(host)


@pytest.mark.parametrize(
    "host", ["shop.example", "local.example", "8.8.8.8", "2606:4700::1111", "mylocal.com"]
)
def test_a_name_of_the_internet_is_not_private(host: str) -> None:
    assert not is_private_name(host)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Shop.Example/a", Origin("https", "shop.example", 443)),
        ("HTTP://shop.example.:8080", Origin("http", "shop.example", 8080)),
        ("https://[2606:4700:0::1111]/", Origin("https", "2606:4700::1111", 443)),
        ("https://my_bucket.s3.example/?a=b@c", Origin("https", "my_bucket.s3.example", 443)),
    ],
)
def test_an_origin_is_spelled_in_one_way(url: str, origin: Origin) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example/a",
        "//shop.example/a",
        "https:shop.example",
        "https:///a",
        "https://",
        "https://.",
        "https://a..b/",
        "https://.a/",
        "https://a:port/",
        "https://a:99999/",
        "https://a:0/",
        "https://%31%32%37.0.0.1/",
        "https://a%00b/",
        "https://a*b/",
        "https://[::1",
        "https://[::g]/",
        "https:\\\\a\\b",
        "https://a\\b/",
        "https://a\t.b/",
        "https://a.b/\nc",
        " https://a.b/",
        "https://a.b/c d",
        f"https://{'a' * 254}/",
        "file:///etc/passwd",
        "ftp://a.b/c",
        "gopher://a.b/",
        "data:video/mp4;base64,AAAA",
        "javascript:1",
    ],
)
def test_what_programs_could_read_in_two_ways_has_no_origin(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        origin_of(url)


@pytest.mark.parametrize("url", ["https://a@b.c/", "https://a:b@c.d/", "https://@a.b/", "https://:@a.b/"])
def test_credentials_in_a_url_are_seen(url: str) -> None:
    assert has_credentials(url)


def test_an_at_sign_in_a_path_is_no_credential() -> None:
    assert not has_credentials("https://www.tiktok.com/@mia?a=b@c")
