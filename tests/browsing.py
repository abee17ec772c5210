"""A browser for tests, as far as plain forms need one: pages, cookies, redirects followed one by one.

PYTEST_DONT_REWRITE: it asserts nothing of its own.
"""

import re
from collections.abc import Mapping
from html import unescape
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import requests

PATIENCE_S = 20
REDIRECTS = range(300, 400)


class Browser:
    """Visits pages, keeps cookies, and remembers every address that it was sent to."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self.page = requests.Response()
        self.visited: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    @property
    def cookies(self) -> Mapping[str, str]:
        """Return the cookies by name."""
        return {cookie.name: cookie.value or "" for cookie in self._session.cookies}

    @property
    def text(self) -> str:
        """Return the words of the page, without its tags."""
        bare = re.sub(r"<style>.*?</style>|<[^>]+>", " ", self.page.text, flags=re.DOTALL)
        return re.sub(r"\s+", " ", unescape(bare))

    def go(self, url: str, *, follow: bool = True) -> Self:
        """Open an address."""
        return self._went("GET", url, None, follow=follow)

    def submit(self, action: str, *, follow: bool = True, **typed: object) -> Self:
        """Send the page's first form to `action` (empty: one without), with what was typed in."""
        pattern = rf'<form[^>]*action="[^"]*{re.escape(action)}"[^>]*>(.*?)</form>'
        found = re.search(pattern if action else r"<form[^>]*>(.*?)</form>", self.page.text, re.DOTALL)
        if found is None:
            raise AssertionError(f"no form for {action!r} on: {self.text}")
        hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', found.group(1))
        target = re.search(r'action="([^"]+)"', found.group(0).partition(">")[0])
        url = urljoin(self.page.url, unescape(target.group(1))) if target else self.page.url
        return self._went(
            "POST", url, {**{name: unescape(value) for name, value in hidden}, **typed}, follow=follow
        )

    def _went(self, method: str, url: str, form: object, *, follow: bool) -> Self:
        data = form if isinstance(form, dict) else None
        while True:
            self.visited.append(url)
            self.page = self._session.request(
                method, url, data=data, timeout=PATIENCE_S, allow_redirects=False
            )
            if not follow or self.page.status_code not in REDIRECTS:
                return self
            method, url, data = "GET", urljoin(url, self.page.headers["Location"]), None
