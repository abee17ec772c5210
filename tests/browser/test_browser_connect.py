"""OAuth walked in a real Chromium, from our page over TikTok's consent page and back: `make browser`."""

from collections.abc import Iterator
from itertools import count
from urllib.parse import urlsplit

import pytest

from tests.browser.real_browser import Person, profile, why_not
from tests.running import House, call, eventually

pytest_plugins = ("tests.running",)

_NUMBERS = count(1)


@pytest.fixture(scope="module", autouse=True)
def _a_browser_is_there() -> None:
    missing = why_not()
    if missing is not None:
        pytest.fail(f"no browser can be driven here: {missing}", pytrace=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One server with its sandbox."""
    built = House(tmp_path_factory.mktemp("browser"), "http://127.0.0.1:1", {})
    try:
        built.start()
        yield built
    finally:
        built.close()


@pytest.fixture
def person(place: House) -> Iterator[Person]:
    """Somebody with a fresh browser who has shown an API key."""
    with profile() as context:
        found = Person(context.new_page(), place.url)
        found.sign_in(place.key)
        yield found


def creator(place: House) -> str:
    """Return the handle of a new creator at the sandbox."""
    name = f"browser_creator_{next(_NUMBERS)}"
    call("POST", f"{place.witness.url}/_sandbox/accounts", json={"username": name, "rate_limits": False})
    return name


def account(place: House, handle: str) -> str:
    """Return all that `accounts list` says of a creator, in one line."""
    told = place.command("accounts", "list", "--home", str(place.home)).stdout
    lines = told.splitlines()
    at = next((number for number, line in enumerate(lines) if line.startswith(f"@{handle} ")), len(lines))
    more = next((n for n in range(at + 1, len(lines)) if not lines[n].startswith(" ")), len(lines))
    return " ".join(" ".join(lines[at:more]).split())


def test_a_creator_connects_and_a_post_goes_out(place: House, person: Person) -> None:
    handle = creator(place)
    person.connect(handle)
    assert person.page.url == f"{place.url}/connect/tiktok"
    assert account(place, handle).startswith(f"@{handle} connected")
    rows = {"account": f"@{handle}", "source_url": "https://example.com/a.mp4", "privacy": "public"}
    assert place.run("post_video/check", rows).status == 200


def test_everything_works_without_a_script(place: House) -> None:
    handle = creator(place)
    with profile(scripts=False) as context:
        person = Person(context.new_page(), place.url)
        person.sign_in(place.key)
        person.connect(handle)
    assert account(place, handle).startswith(f"@{handle} connected")


def test_a_creator_who_denies_is_told_that_nothing_was_connected(place: House, person: Person) -> None:
    handle = creator(place)
    person.ask_tiktok()
    person.log_in_as(handle)
    person.deny()
    assert person.sees("Nothing was connected.")
    assert person.sees("access_denied")
    assert account(place, handle) == ""


def test_a_permission_that_is_left_off_is_told_with_what_does_not_work(place: House, person: Person) -> None:
    handle = creator(place)
    person.connect(handle, without=("video.publish",))
    assert person.sees("video.publish was left off")
    assert "does not work: post_video (direct)" in account(place, handle)


def test_connecting_again_brings_what_was_left_off(place: House, person: Person) -> None:
    handle = creator(place)
    person.connect(handle, without=("video.publish",))
    person.connect(handle)
    assert "does not work: post_video (direct)" not in account(place, handle)


def test_an_account_whose_access_was_removed_is_reconnected(place: House, person: Person) -> None:
    handle = creator(place)
    person.connect(handle)
    app = place.witness.app()["client_key"]
    assert call("DELETE", f"{place.witness.url}/_sandbox/grants/{app}/{handle}").status == 204
    eventually(
        lambda: account(place, handle).startswith(f"@{handle} needs_reconnect"),
        what="TikTok's webhook to end the access",
    )
    person.open()
    assert person.sees("auth_removed")
    person.connect(handle)
    assert account(place, handle).startswith(f"@{handle} connected")


def test_a_second_account_is_chosen_although_tiktok_knows_the_first(place: House, person: Person) -> None:
    first, second = creator(place), creator(place)
    person.connect(first)
    person.connect(second)
    for handle in (first, second):
        assert account(place, handle).startswith(f"@{handle} connected")
        assert person.sees(f"@{handle}")


def test_an_invited_person_connects_once_by_the_link(place: House) -> None:
    handle = creator(place)
    told = place.command("accounts", "invite", "--name", "Mia", "--home", str(place.home)).stdout
    link = place.url + urlsplit(told.splitlines()[1].split(",")[1]).path
    with profile() as context:
        person = Person(context.new_page(), place.url)
        person.page.goto(link)
        assert "invite" not in person.page.url
        person.connect(handle)
        person.page.goto(link)
        assert person.sees("That did not work")
