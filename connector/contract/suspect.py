"""Finds values that are leftovers of a tool, or that no JSON Schema validator can look at."""

from dataclasses import dataclass

from connector.contract.text import ExactNumber

MAX_DEPTH = 20
"""Levels of a value that are looked at."""


@dataclass(frozen=True, kw_only=True)
class Suspicion:
    """Why a value cannot be meant: the stable word, what was expected, and the cure."""

    problem: str
    expected: str
    fix: str


UNRESOLVED = Suspicion(
    problem="unresolved_expression",
    expected="the value that the expression stands for",
    fix="in n8n switch the field from Fixed to Expression; in Make and Zapier pick the value, do not type it",
)
OBJECT = Suspicion(
    problem="object_object",
    expected="a value, not an object that was written as text",
    fix="insert one member of the object, for example its url, instead of the object itself",
)
SURROGATE = Suspicion(
    problem="not_unicode",
    expected="text that can be written as UTF-8",
    fix="take out the broken character, usually half of an emoji that was cut",
)
TOO_DEEP = Suspicion(
    problem="too_deep",
    expected=f"at most {MAX_DEPTH} levels",
    fix="send the value itself, not what it lies in",
)
JOINED = Suspicion(
    problem="ambiguous_list",
    expected="URLs that can be told apart",
    fix="send a list, or one URL per line: these URLs contain commas themselves",
)


def leftover(text: str) -> Suspicion | None:
    """Recognise text that a tool has left in place of a value."""
    if "{{" in text and "}}" in text:
        return UNRESOLVED
    if "[object " in text:
        return OBJECT
    return None


def leftover_in(value: object) -> Suspicion | None:
    """Recognise a leftover in text or in the entries of a list."""
    if isinstance(value, str):
        return leftover(value)
    if isinstance(value, list):
        return next((found for item in value if isinstance(item, str) and (found := leftover(item))), None)
    return None


def unfit(value: object, depth: int = 0) -> Suspicion | None:
    """Recognise a value that cannot be written as UTF-8 JSON, or not within bounds."""
    if isinstance(value, str):
        return None if value.isascii() or _encodes(value) else SURROGATE
    if depth > MAX_DEPTH:
        return TOO_DEEP
    if isinstance(value, list):
        return next((found for item in value if (found := unfit(item, depth + 1))), None)
    if isinstance(value, dict):
        return unfit([*value, *value.values()], depth)
    return None


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
