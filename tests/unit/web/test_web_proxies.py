"""Who may say on whose behalf a request comes."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from connector.web.proxies import TrustedProxies

PROXY = "10.0.0.1"
FORWARDED = {
    "HTTP_X_FORWARDED_FOR": "6.6.6.6, 198.51.100.7",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_HOST": "posts.example.com",
    "HTTP_X_FORWARDED_PORT": "443",
}


def seen_from(address: str, proxies: Iterable[str]) -> WSGIEnvironment:
    """Send a request with forwarded headers from `address` and return what the application sees."""
    seen: WSGIEnvironment = {}

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        del start_response
        seen.update(environ)
        return []

    environ = {"REMOTE_ADDR": address, "HTTP_HOST": "127.0.0.1:8000", "wsgi.url_scheme": "http", **FORWARDED}
    TrustedProxies(app, proxies)(environ, lambda *_: lambda _: None)
    return seen


def test_a_listed_proxy_vouches_for_client_scheme_and_host() -> None:
    seen = seen_from(PROXY, [PROXY])
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == ("198.51.100.7", "https")
    assert seen["HTTP_HOST"] == "posts.example.com:443"


@pytest.mark.parametrize("proxies", [[], ["10.0.0.2"]], ids=["none listed", "another listed"])
def test_a_stranger_vouches_for_nothing(proxies: list[str]) -> None:
    seen = seen_from(PROXY, proxies)
    assert (seen["REMOTE_ADDR"], seen["wsgi.url_scheme"], seen["HTTP_HOST"]) == (
        PROXY,
        "http",
        "127.0.0.1:8000",
    )
    assert not FORWARDED.keys() & seen.keys()
