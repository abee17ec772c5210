"""Text to types, by schema and never by tool: the readers of single values, and what each rule means.

A reader takes what was sent and returns what it means with the rule that applied (`""`: nothing changed).
What it cannot read it returns untouched, so that the schema refuses it in its own words. Nothing is guessed.
"""

import json
import re
from collections.abc import Callable, Mapping
from fractions import Fraction

from connector.contract.text import ExactNumber
from connector.contract.times import parse_duration, parse_time, spell_duration

Reader = Callable[[object], tuple[object, str]]
Property = Mapping[str, object]


RULES: Mapping[str, str] = {
    "empty_to_absent": "An empty value counts as a field that was not sent.",
    "null_to_absent": "null, and the words null and undefined outside free text, count as a field not sent.",
    "text_to_boolean": "Text became true or false.",
    "number_to_boolean": "The numbers 1 and 0 became true and false.",
    "text_to_integer": "Text became a whole number.",
    "number_to_integer": "A number written with a fraction of zero became a whole number.",
    "duration_to_integer": "A duration became a whole number of the field's unit.",
    "text_to_number": "Text became a number.",
    "number_to_text": "A number became the text it was written as.",
    "trimmed": "Blanks around the value were taken away.",
    "enum_spelling": "Case, blanks, hyphens and underscores do not matter in a choice.",
    "enum_alias": "A choice was sent by its other name.",
    "time_to_utc": "A time with an offset became the same time in UTC.",
    "local_time_to_utc": "A time without an offset was read in the zone that came with it, and became UTC.",
    "duration_to_seconds": "A duration became the same duration in seconds.",
    "single_to_list": "One value became a list of one.",
    "json_text_to_list": "JSON text became a list.",
    "lines_to_list": "Each line became an entry of a list.",
    "commas_to_list": "Entries separated by commas became a list.",
    "semicolons_to_list": "URLs separated by semicolons became a list.",
    "blanks_to_list": "URLs separated by blanks became a list.",
    "indexed_to_list": "Numbered members became a list.",
    "entries_read": "Entries of a list were read as their type.",
    "json_text_to_object": "JSON text became an object.",
    "members_read": "Members of an object were read as their type.",
    "field_alias": "The field was sent under its other name.",
    "field_case": "The field's name, or another name of it, was sent in camelCase.",
    "inverse_name": "The field was sent under a name that says the opposite, so the value was turned round.",
    "dialect_fallback": "The dialect has a value for what it does not know.",
    "long_title_to_description": "On PM3K's path, the description is a title that was too long for photos.",
}
"""Every rule that a receipt may name, in words."""

BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
"""How text may spell true and false; case and blanks around it do not matter."""

NOTHING = frozenset({"null", "undefined"})
"""Words by which tools write that there is no value."""

INTEGER = re.compile(r"[+-]?[0-9]{1,40}(?:\.0{1,40})?", re.ASCII)
"""How text may spell a whole number, blanks around it aside."""

NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
"""How text may spell a number, blanks around it aside; the comma of some countries is not understood."""

UNIT_MS = {"ms": 1, "s": 1000}
"""Milliseconds in the units that `x-unit` may name."""

_NOISE = re.compile(r"[\s_-]+")


def read_boolean(value: object) -> tuple[object, str]:
    """Read true and false."""
    if isinstance(value, str):
        found = BOOLEANS.get(value.strip().lower())
        return (value, "") if found is None else (found, "text_to_boolean")
    if not isinstance(value, bool) and isinstance(value, int | float) and value in {0, 1}:
        return bool(value), "number_to_boolean"
    return value, ""


def read_integer(value: object) -> tuple[object, str]:
    """Read a whole number."""
    if isinstance(value, str):
        text = value.strip()
        return (int(text.partition(".")[0]), "text_to_integer") if INTEGER.fullmatch(text) else (value, "")
    if isinstance(value, float) and value.is_integer():
        return int(value), "number_to_integer"
    return value, ""


def read_number(value: object) -> tuple[object, str]:
    """Read a number: a whole one stays exact, another is the nearest that a computer holds."""
    if isinstance(value, str):
        text = value.strip()
        return (_number(text), "text_to_number") if NUMBER.fullmatch(text) else (value, "")
    if isinstance(value, float) and value.is_integer():
        return int(value), "number_to_integer"
    return value, ""


def _number(text: str) -> int | float:
    exact = Fraction(text)
    return exact.numerator if exact.denominator == 1 else float(exact)


def unit_reader(unit: str) -> Reader:
    """Return a reader of whole numbers of `unit`, which may also be sent as a duration (`25s`)."""
    length = UNIT_MS[unit]

    def read(value: object) -> tuple[object, str]:
        found, rule = read_integer(value)
        if rule or not isinstance(value, str):
            return found, rule
        milliseconds = parse_duration(value)
        if milliseconds is None or milliseconds % length:
            return value, ""
        return milliseconds // length, "duration_to_integer"

    return read


def read_text(value: object) -> tuple[object, str]:
    """Read free text: text is never touched, a number becomes the text it was written as."""
    if isinstance(value, ExactNumber):
        return value.text, "number_to_text"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return json.dumps(value), "number_to_text"
    return value, ""


def read_trimmed(value: object) -> tuple[object, str]:
    """Read text in which blanks at the ends mean nothing: ids, handles, URLs."""
    value, rule = read_text(value)
    if isinstance(value, str) and (text := value.strip()) != value:
        return text, "trimmed"
    return value, rule


def read_time(value: object) -> tuple[object, str]:
    """Read a time that says its offset from UTC."""
    found = parse_time(value) if isinstance(value, str) else None
    return (value, "") if found is None or found == value else (found, "time_to_utc")


def read_duration(value: object) -> tuple[object, str]:
    """Read a duration of fixed length."""
    milliseconds = parse_duration(value) if isinstance(value, str) else None
    if milliseconds is None or (found := spell_duration(milliseconds)) == value:
        return value, ""
    return found, "duration_to_seconds"


def enum_key(text: str) -> str:
    """Return what is left of a choice's spelling when case, blanks, hyphens and underscores are gone."""
    return _NOISE.sub("", text).casefold()


def enum_reader(choices: list[str], aliases: Mapping[str, str]) -> Reader:
    """Return a reader of one of `choices`, which may also be sent by their `aliases`."""
    exact = frozenset(choices)
    known = {enum_key(choice): (choice, "enum_spelling") for choice in choices}
    known.update({enum_key(alias): (choice, "enum_alias") for alias, choice in aliases.items()})
    longest = max(map(len, known), default=0) * 4 + 8

    def read(value: object) -> tuple[object, str]:
        if not isinstance(value, str) or value in exact or len(value) > longest:
            return value, ""
        return known.get(enum_key(value), (value, ""))

    return read


def alias_reader(aliases: Mapping[str, str]) -> Reader:
    """Return the reader of strict mode: nothing but the exact aliases that the schema declares."""

    def read(value: object) -> tuple[object, str]:
        if isinstance(value, str) and value in aliases:
            return aliases[value], "enum_alias"
        return value, ""

    return read


def read_absence(value: object, *, free_text: bool) -> str:
    """Return the rule by which a value counts as not sent, `""` when it is one."""
    if value is None:
        return "null_to_absent"
    if not isinstance(value, str):
        return ""
    if free_text:
        return "" if value else "empty_to_absent"
    text = value.strip()
    if not text:
        return "empty_to_absent"
    return "null_to_absent" if text in NOTHING else ""


def texts(values: object) -> list[str]:
    """Return the texts in a list, none for anything else."""
    return [item for item in values if isinstance(item, str)] if isinstance(values, list) else []


def aliases_of(schema: Property) -> dict[str, str]:
    """Return the other names of a property's choices."""
    found = schema.get("x-aliases")
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def text_reader(schema: Property) -> Reader:
    """Choose the reader of a property whose type is string."""
    if "enum" in schema:
        return enum_reader(texts(schema["enum"]), aliases_of(schema))
    if schema.get("x-freeText"):
        return read_text
    return {"date-time": read_time, "duration": read_duration}.get(str(schema.get("format")), read_trimmed)
