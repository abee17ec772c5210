"""Text to types, by schema and never by tool: readers compiled once per property.

A reader takes what was sent and returns what it means with the rule that applied (`""`: nothing changed).
What it cannot read it returns untouched, so that the schema refuses it in its own words. Nothing is guessed.
"""

import json
import re
from collections.abc import Callable, Mapping

from connector.contract.text import ExactNumber

Reader = Callable[[object], tuple[object, str]]
Property = Mapping[str, object]


RULES: Mapping[str, str] = {
    "empty_to_absent": "An empty value counts as a field that was not sent.",
    "null_to_absent": "null, and the words null and undefined outside free text, count as a field not sent.",
    "text_to_boolean": "Text became true or false.",
    "number_to_boolean": "The numbers 1 and 0 became true and false.",
    "text_to_integer": "Text became a whole number.",
    "number_to_integer": "A number written with a fraction of zero became a whole number.",
    "number_to_text": "A number became the text it was written as.",
    "trimmed": "Blanks around the value were taken away.",
    "enum_spelling": "Case, blanks, hyphens and underscores do not matter in a choice.",
    "enum_alias": "A choice was sent by its other name.",
    "single_to_list": "One value became a list of one.",
    "json_text_to_list": "JSON text became a list.",
    "lines_to_list": "Each line became an entry of a list.",
    "commas_to_list": "URLs separated by commas became a list.",
    "indexed_to_list": "Numbered members became a list.",
    "field_alias": "The field was sent under its other name.",
    "field_case": "The field's name was sent in camelCase.",
    "dialect_fallback": "The dialect has a value for what it does not know.",
    "long_title_to_description": "A title that is too long for TikTok became the description.",
}
"""Every rule that a receipt may name, in words."""

BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
"""How text may spell true and false; case and blanks around it do not matter."""

NOTHING = frozenset({"null", "undefined"})
"""Words by which tools write that there is no value."""

INTEGER = re.compile(r"[+-]?[0-9]{1,40}(?:\.0+)?", re.ASCII)
"""How text may spell a whole number, blanks around it aside."""

URL = re.compile(r"https?://[^\s/?#]\S*", re.IGNORECASE)
"""What counts as a URL when a list of them is taken apart."""

_URL_AFTER_COMMA = re.compile(r",\s*https?://", re.IGNORECASE)
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


def enum_key(text: str) -> str:
    """Return what is left of a choice's spelling when case, blanks, hyphens and underscores are gone."""
    return _NOISE.sub("", text).casefold()


def enum_reader(choices: list[str], aliases: Mapping[str, str]) -> Reader:
    """Return a reader of one of `choices`, which may also be sent by their `aliases`."""
    exact = frozenset(choices)
    known = {enum_key(choice): (choice, "enum_spelling") for choice in choices}
    known.update({enum_key(alias): (choice, "enum_alias") for alias, choice in aliases.items()})

    def read(value: object) -> tuple[object, str]:
        if not isinstance(value, str) or value in exact:
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


def _json_list(text: str) -> list[object] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def joins_urls(text: str) -> bool:
    """Tell whether commas separate something in `text` that cannot be taken apart for certain."""
    return bool(_URL_AFTER_COMMA.search(text)) and not all(
        URL.fullmatch(part.strip()) for part in text.split(",")
    )


def split_text(text: str) -> tuple[list[object], str]:
    """Take a list of URLs apart that was sent as text: JSON, commas, lines, or one value.

    A comma separates only when each part is itself a URL; URLs may contain commas.
    """
    text = text.strip()
    if text.startswith("[") and (found := _json_list(text)) is not None:
        return found, "json_text_to_list"
    parts: list[object] = [part.strip() for part in text.split(",")]
    if len(parts) > 1 and all(URL.fullmatch(str(part)) for part in parts):
        return parts, "commas_to_list"
    lines: list[object] = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) > 1:
        return lines, "lines_to_list"
    return [text], "single_to_list"


def _from_members(value: Mapping[str, object]) -> list[object] | None:
    """Return the list that `{"0": .., "1": ..}` or n8n's `{"": ..}` stands for."""
    if list(value) == [""]:
        only = value[""]
        return only if isinstance(only, list) else [only]
    if value and all(INTEGER.fullmatch(key) and key.isdecimal() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    return None


def read_url_list(value: object) -> tuple[object, str]:
    """Read a list of URLs."""
    rule = ""
    if isinstance(value, str):
        value, rule = split_text(value)
    elif isinstance(value, dict) and (found := _from_members(value)) is not None:
        value, rule = found, "indexed_to_list"
    if not isinstance(value, list):
        return value, rule
    items = [item.strip() if isinstance(item, str) else item for item in value]
    return items, rule or ("trimmed" if items != value else "")


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


def _texts(values: object) -> list[str]:
    return [item for item in values if isinstance(item, str)] if isinstance(values, list) else []


def aliases_of(schema: Property) -> dict[str, str]:
    """Return the other names of a property's choices."""
    found = schema.get("x-aliases")
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def reader_for(schema: Property) -> Reader:
    """Choose the reader of a property by its type. Raises ValueError for a type that has none."""
    match schema.get("type"):
        case "boolean":
            return read_boolean
        case "integer":
            return read_integer
        case "array":
            return read_url_list
        case "string" if "enum" in schema:
            return enum_reader(_texts(schema["enum"]), aliases_of(schema))
        case "string":
            return read_text if schema.get("x-freeText") else read_trimmed
        case other:
            raise ValueError(f"no reader for {other!r}")


def strict_reader_for(schema: Property) -> Reader:
    """Return the reader of strict mode, which converts nothing."""
    return alias_reader(aliases_of(schema))
