"""Finds values that are leftovers of a tool, or that no JSON Schema validator can look at."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from connector.contract.text import ExactNumber

MAX_DEPTH = 20
"""Levels of a value that are looked at."""

LARGEST_EXACT = 2**53 - 1
"""Beyond it JavaScript rounds whole numbers, and with it n8n, Make and Zapier."""


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """What a tool did wrong: the stable word, how it is seen, what was expected, and the cure in any tool.

    The cure in each tool stands in `manifests/tools/`.
    """

    problem: str
    seen: str = ""
    expected: str
    fix: str


UNRESOLVED = Mistake(
    problem="unresolved_expression",
    seen="`{{` and `}}` anywhere in a text",
    expected="the value that the expression stands for",
    fix="let the tool evaluate the expression instead of sending it",
)
LEADING_EQUALS = Mistake(
    problem="leading_equals",
    seen="a text with `=` in front, blanks aside, and no expression in it",
    expected="a value without = in front",
    fix="take the = away: it belongs to the tool's own notation",
)
OBJECT = Mistake(
    problem="object_object",
    seen="`[object ` anywhere in a text",
    expected="a value, not an object that was written as text",
    fix="insert one member of the object, for example its url, instead of the object itself",
)
JOINED = Mistake(
    problem="joined_list",
    seen="a text for a list that has commas and no `://`, or begins with `[`, and is no list by its table",
    expected="a list",
    fix="send a list, JSON text of a list, or one entry per line",
)
TRAILING_SPACE = Mistake(
    problem="trailing_space",
    seen="the same with commas, and a blank at its end",
    expected="a value without a blank behind it",
    fix="take away the blank behind the expression: it turns whatever the expression gives into text",
)
NOT_A_NUMBER = Mistake(
    problem="not_a_number",
    seen=(
        "a text that is NaN, Infinity (with a sign or not), Invalid Date, Invalid DateTime or "
        "Invalid number, in any case, blanks aside"
    ),
    expected="a value that was computed",
    fix="see why the calculation fails, or leave the field out",
)
JSON_IN_FIELD = Mistake(
    problem="json_in_field",
    seen="a row in no table that holds fields",
    expected="one row for each field",
    fix="send the JSON as the body itself, not within one field",
)
BROKEN_JSON = Mistake(
    problem="broken_json",
    seen="a body that is neither JSON nor a form",
    expected="a JSON object",
    fix="let the tool build the JSON: quotes and line breaks within inserted values must be escaped",
)
STALLED_MULTIPART = Mistake(
    problem="stalled_multipart",
    seen="a multipart body that stalls or breaks off",
    expected="the whole multipart body",
    fix="send JSON, or make every multipart field text",
)
SURROGATE = Mistake(
    problem="not_unicode",
    expected="text that can be written as UTF-8",
    fix="take out the broken character, usually half of an emoji that was cut",
)
NUL = Mistake(
    problem="nul_character",
    expected="text without the character NUL",
    fix="take out the character U+0000, usually a trace of binary data",
)
TOO_DEEP = Mistake(
    problem="too_deep",
    expected=f"at most {MAX_DEPTH} levels",
    fix="send the value itself, not what it lies in",
)
AMBIGUOUS = Mistake(
    problem="ambiguous_list",
    expected="URLs that can be told apart",
    fix="send a list, or one URL on each line with nothing between the lines",
)

OF_TOOLS: Mapping[str, Mistake] = {
    mistake.problem: mistake
    for mistake in (
        UNRESOLVED,
        LEADING_EQUALS,
        OBJECT,
        JOINED,
        TRAILING_SPACE,
        NOT_A_NUMBER,
        JSON_IN_FIELD,
        BROKEN_JSON,
        STALLED_MULTIPART,
    )
}
"""The mistakes whose cure differs from tool to tool."""

_NAN = re.compile(r"[+-]?(?:nan|infinity)|invalid (?:date|datetime|number)", re.IGNORECASE)


def leftover(text: str) -> Mistake | None:
    """Recognise text that a tool has left in place of a value, wherever in a text it stands."""
    if "{{" in text and "}}" in text:
        return UNRESOLVED
    if "[object " in text:
        return OBJECT
    return None


def misplaced(text: str) -> Mistake | None:
    """Recognise text that no field but free text can mean."""
    if found := leftover(text):
        return found
    text = text[:64].strip()
    if text.startswith("="):
        return LEADING_EQUALS
    return NOT_A_NUMBER if _NAN.fullmatch(text) else None


def unfit(value: object, depth: int = 0) -> Mistake | None:
    """Recognise a value that cannot be stored as UTF-8 JSON, or not within bounds."""
    if isinstance(value, str):
        return _unfit_text(value)
    if isinstance(value, float):
        return None if isfinite(value) else NOT_A_NUMBER
    if depth > MAX_DEPTH:
        return TOO_DEEP
    if isinstance(value, list):
        return next((found for item in value if (found := unfit(item, depth + 1))), None)
    if isinstance(value, dict):
        return unfit([*value, *value.values()], depth)
    return None


def _unfit_text(text: str) -> Mistake | None:
    if "\0" in text:
        return NUL
    return None if text.isascii() or _encodes(text) else SURROGATE


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain(value: object) -> object:
    """Return a value with numbers as Python's own types, as the validator wants them."""
    if isinstance(value, ExactNumber):
        return float(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value
