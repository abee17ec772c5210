"""Every spelling that the docs promise, by kind of field: the one table that docs and tests are made of.

What a spelling becomes is not written here: `outcome` asks the product.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from connector.contract.coerce import Property
from connector.contract.plan import Plan, compile_plan
from connector.contract.times import CANONICAL_DURATION, CANONICAL_TIME
from connector.contract.understand import understand

A, B = "https://a.example/1.jpg", "https://b.example/2.jpg"
WITH_COMMA = "https://cdn.example/w_1,h_2/3.jpg"
_URL: Property = {
    "type": "string",
    "format": "uri",
    "pattern": "^(?:[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#]+[^\\s]*|media_[0-9A-HJKMNP-TV-Z]{26})$",
}
_UPLOAD = "media_01J9Z3K8Q4T2W6Y1X5V7B0N3M8"


@dataclass(frozen=True)
class Spelling:
    """One way to send a value, and what kind of thing it is; `zone` is sent beside it as `timezone`."""

    given: object
    says: str
    zone: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of field: a schema of that kind, and every spelling that is told of."""

    schema: Property
    spellings: tuple[Spelling, ...]


@dataclass(frozen=True)
class Outcome:
    """What a spelling becomes: its value (None: absent), the rule, or the problem for which it is refused."""

    value: object = None
    rule: str = ""
    problem: str = ""
    warned: bool = False


def _of(schema: Property, *spellings: tuple[object, str] | tuple[object, str, str]) -> Kind:
    return Kind(schema, tuple(Spelling(*spelling) for spelling in spellings))


KINDS: Mapping[str, Kind] = {
    "Booleans": _of(
        {"type": "boolean"},
        (True, "a boolean"),
        (False, "a boolean"),
        ("true", "text"),
        ("FALSE", "text in any case"),
        (" True ", "text with blanks around it"),
        ("1", "text"),
        ("0", "text"),
        ("yes", "text"),
        ("No", "text"),
        ("on", "text"),
        ("OFF", "text"),
        (1, "the number 1"),
        (0, "the number 0"),
        (1.0, "the number 1 with a fraction of zero"),
        (2, "another number"),
        ("1.0", "other text"),
        ("maybe", "other text"),
        ("y", "other text"),
        ("=true", "text with = in front"),
        (" =true", "the same with a blank in front"),
        ("{{ $json.flag }}", "an expression that was not evaluated"),
    ),
    "Whole numbers": _of(
        {"type": "integer"},
        (42, "a number"),
        (5.0, "a number with a fraction of zero"),
        ("42", "text"),
        (" 7 ", "text with blanks around it"),
        ("007", "leading zeros"),
        ("+5", "a sign"),
        ("-3", "a sign"),
        ("3.0", "a fraction of zero"),
        ("12345678901234567890", "up to 40 digits, exactly"),
        (1.5, "a number with a fraction"),
        ("1.5", "a fraction"),
        ("1,000", "a comma"),
        ("1_000", "an underscore"),
        ("1e3", "an exponent"),
        ("٣", "other digits than 0 to 9"),
        ("12 s", "a number and more"),
        (True, "a boolean"),
        ("NaN", "a failed calculation"),
    ),
    "Whole numbers of seconds": _of(
        {"type": "integer", "x-unit": "s"},
        ("25", "a number of the field's unit"),
        ("25s", "a duration"),
        ("2 min", "a duration"),
        ("PT1M30S", "a duration of ISO 8601"),
        ("-1s", "a duration below zero"),
        ("1500ms", "a duration that is no whole number of seconds"),
        ("2000.5ms", "a fraction of a millisecond"),
        ("soon", "other text"),
    ),
    "Whole numbers of milliseconds": _of(
        {"type": "integer", "x-unit": "ms"},
        ("1000", "a number of the field's unit"),
        ("1.5s", "a duration"),
        ("0:00:02", "a duration on a clock, h:mm:ss"),
    ),
    "Numbers": _of(
        {"type": "number"},
        (1.5, "a number"),
        ("1.5", "text"),
        ("-0.25", "a sign"),
        ("1e3", "an exponent"),
        ("2.0", "a whole number"),
        ("1,5", "a decimal comma"),
        (".5", "no digit before the point"),
        ("$2.50", "a currency"),
        ("Infinity", "no number that JSON has"),
    ),
    "Choices": _of(
        {
            "type": "string",
            "enum": ["SELF_ONLY", "PUBLIC_TO_EVERYONE"],
            "x-aliases": {"private": "SELF_ONLY", "public": "PUBLIC_TO_EVERYONE"},
        },
        ("SELF_ONLY", "the choice"),
        ("self_only", "another case"),
        (" Self Only ", "blanks"),
        ("self-only", "hyphens"),
        ("selfOnly", "camelCase"),
        ("private", "its other name"),
        ("Private", "its other name in another case"),
        ("SELF_ONLI", "a misspelling"),
        (1, "a number"),
    ),
    "Free text": _of(
        {"type": "string", "x-freeText": True, "x-maxUtf16": 90},
        ("Hello #you", "text"),
        ("  Hello  ", "text with blanks around it"),
        ("true", "text that looks like a boolean"),
        ("007", "text that looks like a number"),
        ("[1,2]", "text that looks like a list"),
        ("=1+1", "text with = in front"),
        (7602997070760331, "a number"),
        (7602997070760331285, "a number that JavaScript rounds"),
        (1.5, "a number"),
        ("null", "a word for nothing"),
        ("{{ $json.caption }}", "an expression that was not evaluated"),
        ("cut \ud83d", "half an emoji"),
        ("a\u0000b", "the character NUL"),
        (True, "a boolean"),
        (["a"], "a list"),
    ),
    "Ids and names": _of(
        {"type": "string"},
        ("@mia", "text"),
        (" @mia\n", "text with blanks around it"),
        (7602997070760331, "a number"),
        (7602997070760331285, "a number that JavaScript rounds"),
        ("undefined", "a word for nothing"),
        ("[object Object]", "an object that was written as text"),
        ("=@mia", "text with = in front"),
        (["@mia"], "a list"),
    ),
    "URLs": _of(
        _URL,
        (A, "a URL"),
        (f" {A} ", "blanks around it"),
        (WITH_COMMA, "commas within it"),
        (f"{A},{B}", "commas within it, whatever stands between them"),
        ([A], "a list"),
        (5, "a number"),
        (_UPLOAD, "the id of an upload"),
        ("a.example/1.jpg", "no scheme"),
        ("ftp://a.example/1.jpg", "another scheme"),
        ("https://a.example/my photo.jpg", "blanks within it"),
        (f"={A}", "= in front"),
        ("https://a.example/{{ $json.id }}", "an expression that was not evaluated"),
    ),
    "Times": _of(
        {"type": "string", "format": "date-time", "pattern": CANONICAL_TIME, "x-zone": "timezone"},
        ("2026-01-02T03:04:05.000Z", "a time in UTC"),
        ("2026-01-02T03:04:05Z", "a time in UTC"),
        ("2026-01-02T03:04:05+01:00", "a time with its offset"),
        ("2026-01-02 03:04 -0530", "blanks, no seconds, no colon in the offset"),
        ("2026-01-02T03:04:05.123456789z", "fractions, cut to milliseconds"),
        ("2026-01-02T03:04:05", "no offset, no zone"),
        ("2026-01-02T03:04:05", "no offset, and the zone beside it", "Europe/Berlin"),
        ("2026-03-29T02:30:00", "an hour that the clocks skip", "Europe/Berlin"),
        ("2026-10-25T02:30:00", "an hour that the clocks show twice", "Europe/Berlin"),
        ("2026-01-02T03:04:05", "a zone that does not exist", "Europe/Nowhere"),
        ("2026-02-30T00:00:00Z", "a day that does not exist"),
        ("2026-01-02", "no time of day"),
        ("02/01/2026 03:04", "an order of day and month that is to be guessed"),
        ("tomorrow", "words"),
        ("1767323045", "seconds, or milliseconds, since 1970"),
        (1767323045, "the same as a number"),
    ),
    "Durations": _of(
        {"type": "string", "format": "duration", "pattern": CANONICAL_DURATION},
        ("PT90S", "seconds of ISO 8601"),
        ("PT1H30M", "ISO 8601"),
        ("PT1.5H", "ISO 8601 with a fraction"),
        ("P1D", "days of 24 hours"),
        ("90s", "a number and a unit"),
        ("1h 30m", "several of them"),
        ("1.5 hours", "a fraction"),
        ("1:30:00", "a clock, h:mm:ss"),
        ("90", "no unit"),
        ("1:30", "hours or minutes"),
        ("P1M", "a month, which has no fixed length"),
    ),
    "Lists of URLs": _of(
        {"type": "array", "minItems": 1, "maxItems": 35, "items": _URL},
        ([A, B], "a list"),
        ([f" {A} ", B], "blanks around an entry"),
        ([A, ""], "an empty entry"),
        ([A, None], "an entry that is null"),
        ([A, f"={B}"], "an entry with = in front"),
        (A, "one URL"),
        (f'["{A}", "{B}"]', "JSON text"),
        (f"{A}\n{B}", "one on each line"),
        (f"{A}, {B}", "commas between URLs"),
        (f"{_UPLOAD},{A}", "the id of an upload in place of a URL"),
        (f"{A},\n{B},", "each line ends in a comma"),
        (f"{A};{B}", "semicolons between URLs"),
        (f"{A};{B};", "the same with a semicolon left over"),
        (f"{A} {B}\n", "blanks between URLs, and around them"),
        (f"{A}, {B}; {A}", "separated in several ways"),
        (f"['{A}', '{B}']", "a list in brackets that is no JSON"),
        (f"{A}\n{B},", "a comma behind the last alone"),
        (f"{A}\nhttps://b.example/my 2.jpg", "a blank within a line, before no URL"),
        (WITH_COMMA, "commas within one URL"),
        ("https://a.example/1.jpg;v=2", "a semicolon within one URL"),
        (f"{A},", "a comma behind one URL, left over or its own"),
        (f"{WITH_COMMA}, {A}", "commas within, and between with blanks"),
        (f"{WITH_COMMA},{A}", "commas within and between, without blanks"),
        ({"0": A, "1": B}, "numbered members"),
        ({"": [A, B]}, "what n8n makes of a name with []"),
        ("1,2,true", "a list that was written as text"),
        ("1.jpg,2.jpg ", "the same with a blank behind it"),
        ("[object Object],[object Object]", "objects that were written as text"),
        ({"url": A}, "an object"),
        (5, "a number"),
    ),
    "Lists of whole numbers": _of(
        {"type": "array", "items": {"type": "integer"}},
        ([1, 2], "a list"),
        (["1", "2"], "a list of text"),
        ("[1, 2]", "JSON text"),
        ("1,2", "commas between numbers"),
        ("1,2,", "the same with a comma left over"),
        (1, "a number"),
        ("1\n2", "one on each line"),
        ("1", "one number as text"),
        ("1,2,true", "commas between other things"),
    ),
    "Lists of text": _of(
        {"type": "array", "items": {"type": "string"}},
        (["a", "b"], "a list"),
        ("a\nb", "one on each line"),
        ('["a", "b"]', "JSON text"),
        ("a", "one entry"),
        ("a,b", "commas, which may belong to the text"),
        ([1, "b"], "numbers among them"),
    ),
    "Objects": _of(
        {"type": "object", "properties": {"n": {"type": "integer"}}},
        ({"n": 1}, "an object"),
        ({"n": "1"}, "members as text"),
        ('{"n": 1}', "JSON text"),
        ("[object Object]", "an object that was written as text"),
        ("n=1", "other text"),
    ),
}
"""Every spelling by kind of field. A kind's rule for nothing is the same for all: see `ABSENCES`."""

ABSENCES: tuple[object, ...] = (None, "", "  ", "null", "undefined", " undefined ", "None", "NULL")
"""Ways to send nothing, and some that are not."""


@cache
def plan_of(kind: str) -> Plan:
    """Return a plan with one field `x` of a kind, and a `timezone` beside it."""
    properties = {"x": KINDS[kind].schema, "timezone": {"type": "string"}}
    return compile_plan({"type": "object", "properties": properties, "additionalProperties": False})


def rows_of(spelling: Spelling, name: str = "x") -> dict[str, object]:
    """Return the rows that send a spelling in the field `name`."""
    return {name: spelling.given, **({"timezone": spelling.zone} if spelling.zone else {})}


def outcome(kind: str, spelling: Spelling) -> Outcome:
    """Return what becomes of a spelling, as the product says."""
    found = understand(plan_of(kind), rows_of(spelling))
    problem = found.problems[0].problem if found.problems else ""
    rules = [item.rule for item in found.coerced if item.field == "x"]
    value = None if problem else found.input.get("x")
    return Outcome(value, " ".join(rules), problem, warned=bool(found.warnings))
