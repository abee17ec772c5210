"""The guard: which origins are refused before a lookup, and what the answer of a name server leads to."""

import socket

import pytest

from connector.domain.net import Origin
from connector.kernel.errors import PostrailError
from connector.net.guard import admit, allowed_targets, check
from connector.net.network import Target
from connector.net.trip import Patience, Timeout, Trip, Unsent
from tests.databases import HandClock

SHOP = Origin("https", "shop.example", 443)


def target(address: str) -> Target:
    """Build a target as the resolver would return it."""
    return Target(socket.AF_INET, (address, 443))


class OneAnswer:
    """A network in which every name leads to the same addresses; counts how often it is asked."""

    def __init__(self, *answer: str, error: OSError | None = None) -> None:
        self._answer = [target(address) for address in answer]
        self._error = error
        self.limits: list[float] = []

    def look_up(self, host: str, port: int, limit_s: float) -> list[Target]:
        """Give the answer."""
        del host, port
        self.limits.append(limit_s)
        if self._error is not None:
            raise self._error
        return self._answer

    def connect(self, sock: socket.socket, target: Target) -> None:
        """Reach nobody."""
        raise AssertionError(f"connected to {target} by {sock}")


def trip(network: OneAnswer, *trusted: Origin, allow_http: bool = True, total_s: float = 60) -> Trip:
    """Build the rules of a request."""
    patience = Patience(HandClock(), Timeout(dns_s=3, total_s=total_s))
    return Trip(network, frozenset(trusted), allow_http, patience)


REFUSED = [
    ("https://127.0.0.1:443", "private_address"),
    ("https://[::1]:443", "private_address"),
    ("https://[2606:4700::1111%eth0]:443", "private_address"),
    ("https://127.1:443", "odd_address"),
    ("https://localhost:443", "private_address"),
    ("https://db.internal:443", "private_address"),
    ("https://shop.example:22", "port_not_allowed"),
    ("https://shop.example:6379", "port_not_allowed"),
    ("http://shop.example:80", "http_not_allowed"),
]


def origin(text: str) -> Origin:
    """Read an origin as it is spelled."""
    scheme, _, rest = text.partition("://")
    host, _, port = rest.rpartition(":")
    return Origin(scheme, host.strip("[]"), int(port))


@pytest.mark.parametrize(("text", "word"), REFUSED)
def test_an_origin_out_of_the_question_is_never_looked_up(text: str, word: str) -> None:
    network = OneAnswer("8.8.8.8")
    with pytest.raises(PostrailError) as caught:
        allowed_targets(origin(text), trip(network, allow_http=False))
    assert (caught.value.code, caught.value.details[0].problem) == ("address_not_allowed", word)
    assert network.limits == []


@pytest.mark.parametrize("text", [case[0] for case in REFUSED])
def test_what_the_operator_trusts_may_be_all_that(text: str) -> None:
    trusted = origin(text)
    assert allowed_targets(trusted, trip(OneAnswer("10.0.0.1"), trusted, allow_http=False))


def test_plain_http_passes_where_it_is_allowed() -> None:
    admit(Origin("http", "shop.example", 8080), allow_http=True)


def test_a_public_name_is_looked_up_once_within_the_limit() -> None:
    network = OneAnswer("8.8.8.8", "1.1.1.1")
    assert allowed_targets(SHOP, trip(network)) == [target("8.8.8.8"), target("1.1.1.1")]
    assert network.limits == [3]


def test_a_name_that_leads_inside_is_refused_with_its_address() -> None:
    with pytest.raises(PostrailError) as caught:
        allowed_targets(SHOP, trip(OneAnswer("10.0.0.1")))
    problem = caught.value.details[0]
    assert (problem.problem, problem.got) == ("private_address", "shop.example (10.0.0.1)")
    assert "POSTRAIL_TRUSTED_ORIGINS=https://shop.example:443" in problem.fix


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    with pytest.raises(PostrailError) as caught:
        check(SHOP, [target("8.8.8.8"), target("10.0.0.1")])
    assert caught.value.details[0].got == "shop.example (10.0.0.1)"


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
        allowed_targets(SHOP, trip(OneAnswer("10.0.0.1"), other))


@pytest.mark.parametrize(("error", "late"), [(OSError("no such name"), False), (TimeoutError("late"), True)])
def test_a_name_that_is_not_resolved_is_unsent(error: OSError, *, late: bool) -> None:
    with pytest.raises(Unsent, match="resolved") as caught:
        allowed_targets(SHOP, trip(OneAnswer(error=error)))
    assert caught.value.timed_out is late


def test_a_request_whose_time_is_over_before_it_begins_is_unsent() -> None:
    network = OneAnswer("8.8.8.8")
    with pytest.raises(Unsent) as caught:
        allowed_targets(SHOP, trip(network, total_s=0))
    assert caught.value.timed_out
    assert network.limits == []
