"""Times and durations as text: ISO 8601 and the few other spellings that can mean one thing only.

A time becomes `2026-01-02T02:04:05.000Z`, a duration `PT5400S`; neither is ever guessed. Pure.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"[ ]?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?",
    re.ASCII,
)
"""A date and a time of day, with or without an offset from UTC."""

CANONICAL_TIME = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$"
CANONICAL_DURATION = "^PT[0-9]+(\\.[0-9]{1,3})?S$"

_NUMBER = r"([0-9]{1,9}(?:\.[0-9]{1,3})?)"
_ISO_DURATION = re.compile(
    f"P(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?", re.ASCII
)
_ISO_SECONDS = (604_800_000, 86_400_000, 3_600_000, 60_000, 1_000)
_PART = re.compile(_NUMBER + r"\s*([a-z]+)\.?[\s,]*", re.ASCII)
UNITS = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 1),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1_000),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60_000),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600_000),
    **dict.fromkeys(("d", "day", "days"), 86_400_000),
}
"""The units of a duration, in milliseconds."""
_CLOCK = re.compile(r"([0-9]{1,3}):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,3}))?", re.ASCII)


def spell_time(moment: datetime) -> str:
    """Spell an aware time in UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_naive(text: str) -> bool:
    """Tell whether `text` is a time that lacks its zone."""
    found = TIME.fullmatch(text.strip())
    return found is not None and found.group(5) is None


def _offset(text: str) -> tzinfo | None:
    if text in "Zz":
        return UTC
    digits = text[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 23 or minutes > 59:  # noqa: PLR2004 - RFC 3339, section 5.6
        return None
    return timezone((-1 if text[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))


def _local(found: re.Match[str]) -> datetime | None:
    date, minute, second, fraction, _ = found.groups()
    micro = (fraction or "").ljust(6, "0")[:6]
    try:
        return datetime.fromisoformat(f"{date}T{minute}:{second or '00'}.{micro}")
    except ValueError:
        return None


def parse_time(text: str) -> str | None:
    """Read a time with its offset; None for anything else. Fractions are cut to milliseconds."""
    found = TIME.fullmatch(text.strip())
    if found is None or found.group(5) is None:
        return None
    local, zone = _local(found), _offset(found.group(5))
    if local is None or zone is None:
        return None
    try:
        return spell_time(local.replace(tzinfo=zone))
    except OverflowError:
        return None


def parse_local_time(text: str, zone: str) -> tuple[str | None, str]:
    """Read a naive time in an IANA zone; return it in UTC, or None and why not.

    Why not: `unknown_zone`, `not_a_time`, `skipped_time` (clocks jump over it) or `repeated_time` (clocks
    show it twice that night).
    """
    try:
        place = ZoneInfo(zone)
    except (ValueError, OSError, LookupError):
        return None, "unknown_zone"
    found = TIME.fullmatch(text.strip())
    local = _local(found) if found else None
    if local is None:
        return None, "not_a_time"
    first, second = local.replace(tzinfo=place), local.replace(tzinfo=place, fold=1)
    try:
        if first.utcoffset() == second.utcoffset():
            return spell_time(first), ""
        back = first.astimezone(UTC).astimezone(place).replace(tzinfo=None)
    except OverflowError:
        return None, "not_a_time"
    return None, "repeated_time" if back == local else "skipped_time"


def _milliseconds(number: str) -> int:
    whole, _, fraction = number.partition(".")
    return int(whole) * 1000 + int(fraction.ljust(3, "0") or 0)


def parse_duration(text: str) -> int | None:
    """Read a duration of fixed length; return milliseconds, None for anything else.

    `PT1H30M`, `1h 30m`, `90 seconds`, `1:30:00`. A bare number has no unit, months have no fixed length, and
    `1:30` is minutes to some and hours to others: none of them is read.
    """
    text = text.strip()
    if (iso := _ISO_DURATION.fullmatch(text.upper())) and any(iso.groups()):
        parts = zip(iso.groups(), _ISO_SECONDS, strict=True)
        return sum(_milliseconds(number) * unit // 1000 for number, unit in parts if number)
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds, fraction = clock.groups()
        whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
        return whole * 1000 + int((fraction or "").ljust(3, "0"))
    return _spoken(text.lower())


def _spoken(text: str) -> int | None:
    """Read `1h 30m`: numbers with units, each unit once; nothing finer than a millisecond."""
    total, at, seen = 0, 0, set[int]()
    while at < len(text):
        part = _PART.match(text, at)
        unit = UNITS.get(part.group(2)) if part else None
        if part is None or unit is None or unit in seen:
            return None
        amount, finer = divmod(_milliseconds(part.group(1)) * unit, 1000)
        if finer:
            return None
        seen.add(unit)
        total += amount
        at = part.end()
    return total if seen else None


def spell_duration(milliseconds: int) -> str:
    """Spell a duration in seconds, such as `PT5400S` or `PT1.5S`."""
    seconds, rest = divmod(milliseconds, 1000)
    fraction = f".{rest:03}".rstrip("0") if rest else ""
    return f"PT{seconds}{fraction}S"
