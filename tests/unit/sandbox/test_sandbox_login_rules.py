"""The pure rules of login as tables: redirect URIs, PKCE (with the vector of the reference), properties."""

import pytest

from connector.sandbox.login.pkce import challenge_of, proves
from connector.sandbox.login.properties import check_properties, covers
from connector.sandbox.login.redirects import Kind, check_redirects, is_callback, is_registered

VERIFIER = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV0123456789-._~"
HEX = "d0788b4280f6fd149a58c3a93e9c6ca68a7dc7b0f707e0aa3f58caa6cec09b71"
BASE64URL = "0HiLQoD2_RSaWMOpPpxspop9x7D3B-CqP1jKps7Am3E"


@pytest.mark.parametrize(
    ("kind", "uri"),
    [
        ("web", "https://app.example.com/oauth/callback"),
        ("web", "https://localhost:8443/cb"),
        ("desktop", "http://127.0.0.1:8000/callback/"),
        ("desktop", "https://localhost:8443"),
        ("desktop", "http://127.0.0.1:*/callback/"),
    ],
)
def test_a_redirect_uri_that_keeps_the_rules_is_registered(kind: Kind, uri: str) -> None:
    check_redirects([uri], kind)


@pytest.mark.parametrize(
    ("kind", "uri"),
    [
        ("web", "http://app.example.com/cb"),
        ("web", "/cb"),
        ("web", "https://app.example.com/cb?a=b"),
        ("web", "https://app.example.com/cb#top"),
        ("web", "https://app.example.com/" + "x" * 500),
        ("web", "https://*.example.com/cb"),
        ("desktop", "http://127.0.0.1/cb"),
        ("desktop", "http://192.168.0.2:8000/cb"),
        ("desktop", "http://app.example.com:8000/cb"),
        ("desktop", "http://127.0.0.1:8000/cb?x=1"),
    ],
)
def test_a_redirect_uri_that_breaks_a_rule_is_named(kind: Kind, uri: str) -> None:
    with pytest.raises(ValueError, match="redirect URI"):
        check_redirects([uri], kind)


def test_an_app_has_at_most_ten_redirect_uris() -> None:
    uris = [f"https://a{number}.example.com/" for number in range(11)]
    check_redirects(uris[:10], "web")
    with pytest.raises(ValueError, match="at most 10"):
        check_redirects(uris, "web")


@pytest.mark.parametrize(
    ("uri", "is_one"),
    [
        ("http://127.0.0.1:5/cb/", True),
        ("http://127.0.0.1:65535/cb/", True),
        ("http://127.0.0.1:5/cb", False),
        ("http://127.0.0.1:x/cb/", False),
        ("http://127.0.0.1:5/cb/?a=b", False),
        ("http://127.0.0.15/cb/", False),
        ("https://app.example.com/cb", True),
        ("https://app.example.com/cb/", False),
    ],
)
def test_a_star_stands_for_any_port_and_nothing_else(uri: str, is_one: bool) -> None:
    assert is_registered(uri, ["http://127.0.0.1:*/cb/", "https://app.example.com/cb"]) is is_one


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://app.example.com/hook", True),
        ("http://127.0.0.1:9/hook", True),
        ("http://app.example.com/hook", False),
        ("hook", False),
    ],
)
def test_webhooks_go_to_https_or_to_this_machine(url: str, may: bool) -> None:
    assert is_callback(url) is may


def test_the_challenge_of_the_vector_is_hex() -> None:
    assert challenge_of(VERIFIER) == HEX
    assert proves(VERIFIER, HEX)
    assert not proves(VERIFIER, BASE64URL)


@pytest.mark.parametrize("verifier", [None, "", "x" * 129, "a b", "é" * 50, VERIFIER[:-1]])
def test_a_verifier_that_is_malformed_or_another_proves_nothing(verifier: str | None) -> None:
    assert not proves(verifier, HEX)


def test_a_short_verifier_is_taken_as_tiktoks_own_kit_sends_one() -> None:
    assert proves("a" * 32, challenge_of("a" * 32))


@pytest.mark.parametrize(
    ("url", "is_covered"),
    [
        ("https://example.com/a.mp4", True),
        ("https://media.example.com/a.mp4", True),
        ("https://badexample.com/a.mp4", False),
        ("https://com/a.mp4", False),
        ("https://cdn.test.org/media/a.mp4", True),
        ("https://cdn.test.org/other/a.mp4", False),
        ("https://sub.cdn.test.org/media/a.mp4", False),
        ("http://127.0.0.1:8000/media/a.mp4", True),
    ],
)
def test_a_domain_covers_its_sub_domains_and_a_prefix_only_itself(url: str, is_covered: bool) -> None:
    properties = ["example.com", "https://cdn.test.org/media/", "http://127.0.0.1:8000/"]
    check_properties(properties)
    assert covers(properties, url) is is_covered


@pytest.mark.parametrize("item", ["example", "https://cdn.test.org/media", "http://cdn.test.org/", "a/b", ""])
def test_a_property_is_a_domain_or_a_prefix(item: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        check_properties([item])
