"""Believes `X-Forwarded-*` from listed proxies only; from anybody else the headers are dropped."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
)


class TrustedProxies:
    """WSGI middleware in front of `app`; `proxies` are the addresses whose headers count."""

    def __init__(self, app: "WSGIApplication", proxies: Iterable[str]) -> None:
        self._direct = app
        self._forwarded = ProxyFix(app, x_for=1, x_proto=1, x_host=1, x_port=1)
        self._proxies = frozenset(proxies)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Pass the request on, with the client's own address only where a listed proxy vouches for it."""
        if environ.get("REMOTE_ADDR") in self._proxies:
            return self._forwarded(environ, start_response)
        for name in FORWARDED:
            environ.pop(name, None)
        direct: Callable[..., Iterable[bytes]] = self._direct
        return direct(environ, start_response)
