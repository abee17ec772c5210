"""The machine's own Chromium, driven through playwright, with a person's moves on the pages of a login."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 20_000


def program() -> str | None:
    """Return the path of an installed Chromium."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def why_not() -> str | None:
    """Return why no browser can be driven on this machine, None when one can."""
    if find_spec("playwright") is None:
        return "playwright is not installed: pip install '.[browser]'"
    if program() is None:
        return f"there is no {' and no '.join(PROGRAMS)} on PATH: apt-get install chromium"
    return None


@contextmanager
def profile(*, scripts: bool = True) -> Iterator["BrowserContext"]:
    """Run a headless Chromium with a fresh profile: no cookies; without `scripts`, no JavaScript either."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not installed where nobody runs this

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program(), args=["--no-sandbox"])
        context = browser.new_context(java_script_enabled=scripts)
        context.set_default_timeout(PATIENCE_MS)
        yield context
        context.close()
        browser.close()


class Person:
    """Somebody at the browser who connects accounts."""

    def __init__(self, page: "Page", server: str) -> None:
        self.page = page
        self._start = f"{server}/connect/tiktok"

    def open(self) -> None:
        """Open the page on which accounts are connected."""
        self.page.goto(self._start)

    def sign_in(self, key: str) -> None:
        """Say who they are."""
        self.open()
        self.page.get_by_label("API key").fill(key)
        self.page.get_by_role("button", name="Go on").click()

    def ask_tiktok(self, *, choose_account: bool = True) -> None:
        """Go to TikTok's consent page."""
        box = self.page.get_by_label("Let me choose the account")
        box.set_checked(choose_account)
        self.page.get_by_role("button", name="Connect with").click()

    def log_in_as(self, handle: str) -> None:
        """Choose an account on the consent page."""
        self.page.get_by_role("radio", name=f"@{handle}").check()

    def leave_off(self, *scopes: str) -> None:
        """Take permissions off."""
        for scope in scopes:
            self.page.get_by_role("checkbox", name=scope).uncheck()

    def approve(self) -> None:
        """Let the app have what is ticked."""
        self.page.get_by_role("button", name="Continue").click()

    def deny(self) -> None:
        """Let the app have nothing."""
        self.page.get_by_role("button", name="Cancel").click()

    def sees(self, text: str) -> bool:
        """Wait until a text stands on the page."""
        self.page.get_by_text(text).first.wait_for()
        return True

    def connect(self, handle: str, *, without: tuple[str, ...] = ()) -> None:
        """Connect an account from our page to our page."""
        self.ask_tiktok()
        self.log_in_as(handle)
        self.leave_off(*without)
        self.approve()
        self.sees(f"@{handle} is connected.")
