"""The system's network: names in bounded time, addresses without asking anybody."""

import socket
import threading

import pytest

from connector.net.network import SystemNetwork, Target


def test_a_name_server_that_never_answers_is_left_after_the_limit() -> None:
    over = threading.Event()

    def never(*_args: object, **_more: object) -> list[object]:
        over.wait()
        return []

    try:
        with pytest.raises(TimeoutError, match=r"within 0\.01 s"):
            SystemNetwork(never).look_up("shop.example", 443, 0.01)
    finally:
        over.set()


@pytest.mark.parametrize("error", [socket.gaierror(-2, "no such name"), UnicodeError("label too long")])
def test_what_the_system_says_of_a_name_is_handed_on(error: Exception) -> None:
    def refuse(*_args: object, **_more: object) -> list[object]:
        raise error

    with pytest.raises(type(error)):
        SystemNetwork(refuse).look_up("shop.example", 443, 5)


def test_every_address_of_a_name_is_given() -> None:
    def two(host: str, port: int, **_more: object) -> list[object]:
        assert host == "shop.example"
        return [
            (socket.AF_INET6, 1, 6, "", ("2606:4700::1111", port, 0, 0)),
            (socket.AF_INET, 1, 6, "", ("1.1.1.1", port)),
        ]

    assert SystemNetwork(two).look_up("shop.example", 443, 5) == [
        Target(socket.AF_INET6, ("2606:4700::1111", 443, 0, 0)),
        Target(socket.AF_INET, ("1.1.1.1", 443)),
    ]


@pytest.mark.parametrize(
    ("host", "family"), [("1.1.1.1", socket.AF_INET), ("2606:4700::1111", socket.AF_INET6)]
)
def test_an_address_is_taken_as_it_is(host: str, family: int) -> None:
    def nobody(*_args: object, **_more: object) -> list[object]:
        raise AssertionError("asked for an address")

    assert SystemNetwork(nobody).look_up(host, 443, 5) == [Target(family, (host, 443))]
