"""The list of hostile URLs: none reaches a forbidden address, shown by listeners that would be reached."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from connector.domain.addresses import is_public
from connector.domain.net import Origin
from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError
from connector.media.source import VIDEO_CAP, fetch
from connector.net import Egress, Timeout
from tests.integration.media.scripted_server import Script, ScriptedServer, answer, says
from tests.integration.media.staged_network import StagedNetwork, Traps, set_traps

LIST: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "data" / "hostile_urls.yaml").read_text(encoding="utf-8")
)
QUICK = Timeout(connect_s=2, idle_s=2, total_s=5)
PORT = "{port}"


class Nothing:
    """A sink that keeps nothing."""

    def write(self, data: memoryview) -> None:
        """Drop."""

    def restart(self) -> None:
        """Do nothing."""


@pytest.fixture(scope="module")
def traps() -> Iterator[Traps]:
    with set_traps() as traps:
        yield traps


def redirecting(hops: list[str]) -> Script:
    """Build a public host that answers with these Locations, each on a new connection, then with a file."""
    remaining = list(hops)

    def script(connection: socket.socket, _head: str) -> bool:
        if remaining:
            connection.sendall(answer("302 Found", Location=remaining.pop(0), Connection="close"))
        else:
            connection.sendall(answer("200 OK", b"a file", Connection="close"))
        return False

    return script


def outcome(url: str, network: StagedNetwork) -> tuple[str, str]:
    """Fetch, and return the code and the problem's word."""
    with closing(Egress(trusted=frozenset(), clock=SystemClock(), network=network)) as egress:
        try:
            fetch(egress, url, Nothing(), cap=VIDEO_CAP, timeout=QUICK)
        except PostrailError as error:
            return error.code, error.details[0].problem
    return "none", "none"


@pytest.mark.parametrize("case", LIST, ids=[f"{number}: {case['why']}" for number, case in enumerate(LIST)])
def test_a_hostile_url_reaches_no_forbidden_address(traps: Traps, case: dict[str, Any]) -> None:
    hops = [hop.replace(PORT, str(traps.port)) for hop in case.get("hops", [])]
    with ScriptedServer(redirecting(hops)) as stage:
        network = StagedNetwork(stage.origin.port, case.get("names", {}))
        found = outcome(case["url"].replace(PORT, str(traps.port)), network)
    assert found == (case["code"], case["word"])
    assert [address for address in network.reached if not is_public(address)] == []
    assert traps.caught() == 0


def test_the_list_is_long_and_says_of_each_url_why() -> None:
    assert len(LIST) >= 150
    assert all(case["why"] and case["code"] and case["word"] for case in LIST)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_the_same_listeners_are_reached_where_their_origin_is_trusted(traps: Traps, host: str) -> None:
    trusted = frozenset({Origin("http", host.strip("[]"), traps.port)})
    brief = Timeout(connect_s=2, idle_s=0.05, total_s=2)
    with (
        closing(Egress(trusted=trusted, clock=SystemClock())) as egress,
        pytest.raises(PostrailError) as caught,
    ):
        fetch(egress, f"http://{host}:{traps.port}/", Nothing(), cap=VIDEO_CAP, timeout=brief)
    assert caught.value.details[0].problem == "source_timeout"
    assert traps.caught() == 1


def _resolved(host: str, port: int) -> Any:  # noqa: ANN401 - as the system gives it
    """Read a host as the operating system does, in all the spellings that it knows, without any lookup."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)[0]


def test_a_client_without_a_guard_would_reach_them_by_many_of_these_urls(traps: Traps) -> None:
    for case in LIST:
        with suppress(OSError, ValueError):
            parts = urlsplit(case["url"].replace(PORT, str(traps.port)))
            if PORT in case["url"] and parts.hostname:
                family, kind, _, _, address = _resolved(parts.hostname, traps.port)
                with socket.socket(family, kind) as client:
                    client.settimeout(0.2)
                    client.connect(address)
    assert traps.caught() >= 50


def test_a_name_is_asked_once_for_each_connection_and_its_answer_is_the_one_connected_to() -> None:
    with ScriptedServer(redirecting(["/b", "/c"])) as stage:
        network = StagedNetwork(stage.origin.port, {"shop.example": [["1.1.1.1"], ["8.8.8.8"], ["9.9.9.9"]]})
        assert outcome("http://shop.example/a", network) == ("none", "none")
    assert network.asked == ["shop.example"] * 3
    assert network.reached == ["1.1.1.1", "8.8.8.8", "9.9.9.9"]


def test_a_connection_that_is_kept_stays_with_the_address_that_was_checked() -> None:
    with ScriptedServer(says(answer("200 OK", b"a file"))) as stage:
        network = StagedNetwork(stage.origin.port, {"rebind.example": [["1.1.1.1"], ["127.0.0.1"]]})
        with closing(Egress(trusted=frozenset(), clock=SystemClock(), network=network)) as egress:
            for _ in range(2):
                assert egress.send("GET", "http://rebind.example/a").body == b"a file"
    assert (network.asked, network.reached) == (["rebind.example"], ["1.1.1.1"])


def test_the_next_address_of_a_name_is_tried_where_one_does_not_answer() -> None:
    with ScriptedServer(redirecting([])) as stage:

        class Flaky(StagedNetwork):
            def connect(self, sock: socket.socket, target: Any) -> None:  # noqa: ANN401 - as its base
                super().connect(sock, target)
                if len(self.reached) == 1:
                    raise ConnectionRefusedError("down")

        network = Flaky(stage.origin.port, {"shop.example": [["1.1.1.1", "8.8.8.8"]]})
        assert outcome("http://shop.example/a", network) == ("none", "none")
    assert network.reached == ["1.1.1.1", "8.8.8.8"]
