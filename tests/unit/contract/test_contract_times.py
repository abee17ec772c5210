"""Times and durations: what is read, and what is left because it could mean several things."""

import zoneinfo
from collections.abc import Iterator

import pytest

from connector.contract.times import is_naive, parse_duration, parse_local_time, parse_time, spell_duration


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02t03:04:05z", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02 03:04+01", "2026-01-02T02:04:00.000Z"),
        ("2026-01-02T03:04:05,5-09:30", "2026-01-02T12:34:05.500Z"),
        ("2026-12-31T23:59:59.999999999Z", "2026-12-31T23:59:59.999Z"),
        (" 2024-02-29T00:00:00+0000 ", "2024-02-29T00:00:00.000Z"),
    ],
)
def test_a_time_with_its_offset_becomes_utc(text: str, utc: str) -> None:
    assert parse_time(text) == utc


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05",
        "2026-02-29T00:00:00Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:04:60Z",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+01:60",
        "0001-01-01T00:00:00+23:00",
        "2026-01-02",
        "03:04:05Z",
        "1767323045",
        "tomorrow",
        "",
    ],
)
def test_what_is_no_time_or_lacks_its_offset_is_not_read(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize(
    ("text", "naive"), [("2026-01-02T03:04", True), ("2026-01-02T03:04Z", False), ("x", False)]
)
def test_a_time_without_an_offset_is_recognised(text: str, naive: bool) -> None:
    assert is_naive(text) is naive


@pytest.mark.parametrize(
    ("text", "zone", "found"),
    [
        ("2026-01-02T03:04:05", "Europe/Berlin", ("2026-01-02T02:04:05.000Z", "")),
        ("2026-07-02T03:04:05", "America/New_York", ("2026-07-02T07:04:05.000Z", "")),
        ("2026-01-02T03:04:05", "UTC", ("2026-01-02T03:04:05.000Z", "")),
        ("2026-03-29T02:30:00", "Europe/Berlin", (None, "skipped_time")),
        ("2026-10-25T02:30:00", "Europe/Berlin", (None, "repeated_time")),
        ("2026-01-02T03:04:05", "Europe/Nowhere", (None, "unknown_zone")),
        ("2026-01-02T03:04:05", "../etc/passwd", (None, "unknown_zone")),
        ("2026-01-02T03:04:05", "a\0b", (None, "unknown_zone")),
        ("2026-02-30T03:04:05", "UTC", (None, "not_a_time")),
        ("0001-01-01T00:00:00", "Asia/Tokyo", (None, "not_a_time")),
    ],
)
def test_a_naive_time_is_read_in_its_zone_unless_it_is_there_twice_or_not_at_all(
    text: str, zone: str, found: tuple[str | None, str]
) -> None:
    assert parse_local_time(text, zone) == found


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("PT90S", 90_000),
        ("pt1h30m", 5_400_000),
        ("P1DT1S", 86_401_000),
        ("P2W", 1_209_600_000),
        ("PT1.5S", 1_500),
        ("90s", 90_000),
        ("90 seconds", 90_000),
        ("1h 30m", 5_400_000),
        ("1 hr, 5 mins.", 3_900_000),
        ("250 ms", 250),
        ("1.5h", 5_400_000),
        ("0:01:30.5", 90_500),
    ],
)
def test_a_duration_of_fixed_length_is_read(text: str, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize(
    "text", ["", "90", "1:30", "P1M", "P1Y", "P", "PT", "PT5", "1m 2m", "soon", "1 x", "-5s", "1:75:00"]
)
def test_a_duration_that_could_mean_several_is_not_read(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0, "PT0S"), (90_000, "PT90S"), (1_500, "PT1.5S"), (1, "PT0.001S")]
)
def test_a_duration_is_spelled_in_seconds(milliseconds: int, text: str) -> None:
    assert spell_duration(milliseconds) == text
    assert parse_duration(text) == milliseconds


@pytest.fixture
def no_system_zones() -> Iterator[None]:
    """Hide the operating system's time zones, as where it has none."""
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("no_system_zones")
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"])
def test_zone_names_resolve_where_the_system_has_none(zone: str) -> None:
    found, why = parse_local_time("2026-01-02T03:04:05", zone)
    assert (found is not None, why) == (True, "")
