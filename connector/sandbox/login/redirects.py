"""The rules of redirect URIs, pure (reference 2.1): what may be registered, and what a request may name."""

import re
from typing import Literal
from urllib.parse import urlsplit

Kind = Literal["web", "desktop"]

MAX_REDIRECTS = 10
MAX_LENGTH = 512
"""Characters: a redirect URI is shorter than this."""

_DESKTOP = re.compile(r"https?://(?:localhost|127\.0\.0\.1):(?:\*|[0-9]{1,5})(?:/[^?#]*)?")
_WEB = re.compile(r"https://[^/?#*@\s]+(?:/[^?#]*)?")


def check_redirects(uris: list[str], kind: Kind) -> None:
    """Hold the redirect URIs of an app to TikTok's rules. Raises ValueError naming the first bad one."""
    if len(uris) > MAX_REDIRECTS:
        raise ValueError(f"an app has at most {MAX_REDIRECTS} redirect URIs")
    for uri in uris:
        problem = _problem(uri, kind)
        if problem is not None:
            raise ValueError(f"redirect URI {uri!r}: {problem}")


def is_registered(uri: str, registered: list[str]) -> bool:
    """Say whether a request may name `uri`: equal to a registered one, `*` standing for any port."""
    return any(uri == known or _matches_any_port(uri, known) for known in registered)


def _problem(uri: str, kind: Kind) -> str | None:
    if len(uri) >= MAX_LENGTH:
        return f"must be shorter than {MAX_LENGTH} characters"
    if "?" in uri or "#" in uri:
        return "must have neither a query nor a fragment"
    if kind == "web" and not _WEB.fullmatch(uri):
        return "a web app needs an absolute https URL"
    if kind == "desktop" and not _DESKTOP.fullmatch(uri):
        return "a desktop app needs http or https to localhost or 127.0.0.1 with a port or `*`"
    return None


def _matches_any_port(uri: str, known: str) -> bool:
    if ":*" not in known:
        return False
    before, _, after = known.partition(":*")
    return re.fullmatch(f"{re.escape(before)}:[0-9]{{1,5}}{re.escape(after)}", uri) is not None


def is_callback(url: str) -> bool:
    """Say whether webhooks may go to `url`: https, or http on this machine, which is ours alone."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    )
