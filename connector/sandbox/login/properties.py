"""Verified URL properties of an app, pure (section 6): a domain with its sub-domains, or a URL prefix."""

import re
from urllib.parse import urlsplit

_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
_LOCAL = ("http://127.0.0.1:", "http://localhost:")
"""What the sandbox takes as a prefix besides https, so that a set-up on one machine can verify its own."""


def check_properties(properties: list[str]) -> None:
    """Hold verified properties to their two forms. Raises ValueError naming the first bad one."""
    for item in properties:
        if _is_prefix(item):
            if not item.endswith("/") or "?" in item or "#" in item:
                raise ValueError(f"the URL prefix {item!r} must end with a slash and have no query")
        elif not _DOMAIN.fullmatch(item):
            raise ValueError(f"{item!r} is neither a domain nor an https prefix")


def covers(properties: list[str], url: str) -> bool:
    """Say whether one of `properties` covers `url`: exactly by prefix, or the domain and all below it."""
    host = (urlsplit(url).hostname or "").lower()
    return any(url.startswith(item) if _is_prefix(item) else _within(host, item) for item in properties)


def _is_prefix(item: str) -> bool:
    return item.startswith(("https://", *_LOCAL))


def _within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")
