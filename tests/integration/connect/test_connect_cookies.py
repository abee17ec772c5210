"""The cookie of the connect pages: kept from scripts, from other sites and, on https, from plain http."""

import pytest

from tests.running import BuildHouse, House, call

pytest_plugins = ("tests.databases", "tests.running")

PAGE = "/connect/tiktok"


def set_cookie(house: House) -> list[str]:
    """Return the parts of the cookie that a visitor is given who shows a key."""
    answer = call("POST", f"{house.url}{PAGE}/session", data={"api_key": house.key})
    name, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert name.startswith("postrail_session=")
    return sorted(attributes)


@pytest.mark.parametrize(
    ("settings", "secure"), [({"PUBLIC_URL": "https://posts.example.com"}, ["Secure"]), ({}, [])]
)
def test_a_session_travels_over_https_alone_where_the_server_is_reached_by_it(
    build_house: BuildHouse, settings: dict[str, str], secure: list[str]
) -> None:
    parts = [part for part in set_cookie(build_house(**settings)) if not part.startswith("Expires=")]
    assert parts == ["HttpOnly", "Max-Age=3600", "Path=/connect", "SameSite=Lax", *secure]
