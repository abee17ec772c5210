"""What a schema expects, and what to do about it, in words for people."""

import re
from collections.abc import Mapping, Sequence, Sized
from difflib import SequenceMatcher
from itertools import pairwise

from connector.contract.coerce import aliases_of, enum_key
from connector.contract.text import shown, utf16_units
from connector.contract.times import is_naive
from connector.kernel.errors import Problem

Property = Mapping[str, object]

TYPES: Mapping[object, tuple[str, str]] = {
    "boolean": ("not_a_boolean", "true or false"),
    "integer": ("not_an_integer", "a whole number"),
    "number": ("not_a_number", "a number"),
    "string": ("not_text", "text"),
    "array": ("not_a_list", "a list"),
    "object": ("not_an_object", "an object"),
}
"""JSON type to the word of the problem, and what is expected."""

LONGEST_NAME = 60
"""Characters of a name for which a similar one is still sought; misspelt names are short."""

MOST_SUGGESTIONS = 20
"""Unknown names for which a similar one is sought, in one request."""

SIMILAR = 0.7
"""How much of two names must agree (difflib's ratio) for one to be taken for the other."""


_BREAKS = re.compile(r"[\s-]+")


def _features(name: str) -> frozenset[str]:
    """Return the letters of a name and its pairs of letters, ends marked."""
    return frozenset(name).union(map("".join, pairwise(f"^{name}$")))


class Guesser:
    """Finds the one of `known` that a misspelt name probably means, in some 100 microseconds.

    The known names are in snake_case or camelCase; case, blanks and hyphens of the other do not matter.
    """

    def __init__(self, known: Sequence[str]) -> None:
        self._known = [(_features(name.lower()), name.lower(), name) for name in known]

    def nearest(self, name: str) -> str | None:
        """Return the known name that is like `name`, None where none is."""
        name = _BREAKS.sub("_", name[:LONGEST_NAME].strip().lower())
        mine = _features(name)
        shared = [(len(mine & theirs), len(theirs), lower, known) for theirs, lower, known in self._known]
        shares = [(both / (len(mine) + all_ - both), lower, known) for both, all_, lower, known in shared]
        close = sorted((found for found in shares if found[0] >= SIMILAR / 3), reverse=True)[:2]
        ratios = [
            (SequenceMatcher(None, lower, name, autojunk=False).ratio(), known) for _, lower, known in close
        ]
        ratio, known = max(ratios, default=(0.0, ""))
        return known if ratio >= SIMILAR else None


def nearest(name: str, known: Sequence[str]) -> str | None:
    """Return the one of `known` that `name` probably means."""
    return Guesser(known).nearest(name)


def _listed(schema: Property) -> list[str]:
    found = schema.get("enum")
    return [str(item) for item in found] if isinstance(found, list) else []


def _range(schema: Property, low: str, high: str) -> str:
    if low in schema and high in schema:
        return f"{schema[low]} to {schema[high]}"
    if low in schema:
        return f"at least {schema[low]}"
    return f"at most {schema[high]}" if high in schema else ""


def expected(schema: Property) -> str:
    """Say what a property takes."""
    if choices := _listed(schema):
        return f"one of {', '.join(choices)}" if len(choices) > 1 else choices[0]
    if schema.get("format") in FORMS:
        return FORMS[schema.get("format")][1]
    words = TYPES.get(schema.get("type"), ("", "another value"))[1]
    if schema.get("type") == "array":
        items = schema.get("items")
        each = "http or https URLs" if isinstance(items, dict) and items.get("format") == "uri" else "entries"
        return f"a list of {_range(schema, 'minItems', 'maxItems')} {each}".replace("  ", " ")
    if spread := _range(schema, "minimum", "maximum"):
        return f"{words} from {spread}" if " to " in spread else f"{words}, {spread}"
    return words


def example(schema: Property) -> str:
    """Return the first example of a property as JSON text, `""` when it has none."""
    found = schema.get("examples")
    return shown(found[0]) if isinstance(found, list) and found else ""


def fix_for(field: str, schema: Property, value: object = None) -> str:
    """Say what to send instead of `value`."""
    if field.endswith("]") and value in (None, ""):
        return "take the empty entry out"
    others = ", ".join(aliases_of(schema))
    more = [f"{others} are understood too"] if others else []
    more += [str(schema["x-hint"])] if "x-hint" in schema else []
    if isinstance(value, str) and (guess := _nearest_choice(value, [*_listed(schema), *aliases_of(schema)])):
        return " ".join([f"did you mean {shown(guess)}?", "; ".join(more)]).strip()
    sample = example(schema)
    return "; ".join([f"send {field}, for example {sample}" if sample else f"send {expected(schema)}", *more])


def _nearest_choice(value: str, choices: list[str]) -> str | None:
    by_key = {enum_key(choice): choice for choice in choices}
    found = nearest(enum_key(value[:LONGEST_NAME]), list(by_key))
    return by_key[found] if found else None


def limit_words(keyword: str, schema: Property, value: object) -> tuple[str, str, str]:
    """Return problem, got and expected for a bound that `value` breaks."""
    problem, unit = LIMITS[keyword]
    if not unit:
        return problem, shown(value), expected(schema)
    got = (
        utf16_units(str(value)) if keyword == "x-maxUtf16" else len(value) if isinstance(value, Sized) else 0
    )
    bound = "at least" if keyword.startswith("min") else "at most"
    return problem, _counted(got, unit), f"{bound} {_counted(schema[keyword], unit)}"


_ONE = {"entries": "entry", "characters": "character", "UTF-16 units": "UTF-16 unit"}


def _counted(number: object, units: str) -> str:
    return f"{number} {_ONE[units] if number == 1 else units}"


FORMS: Mapping[object, tuple[str, str]] = {
    "uri": ("not_a_url", "an http or https URL"),
    "date-time": ("not_a_time", "a time such as 2026-01-02T15:04:05+01:00"),
    "duration": ("not_a_duration", "a duration such as 90s, 1h 30m or PT1H30M"),
}
"""Format to the word of the problem, and what is expected."""

NAIVE = ("naive_time", "a time with its offset from UTC, or a time zone beside it")

LIMITS: Mapping[str, tuple[str, str]] = {
    "minItems": ("too_few", "entries"),
    "maxItems": ("too_many", "entries"),
    "minLength": ("too_short", "characters"),
    "maxLength": ("too_long", "characters"),
    "x-maxUtf16": ("too_long", "UTF-16 units"),
    "minimum": ("too_small", ""),
    "maximum": ("too_large", ""),
}
"""Keywords that bound something: the word of the problem, and the unit that is counted."""


def form_words(schema: Property, value: object) -> tuple[str, str]:
    """Return problem and expected for text that has not the form of its format or pattern."""
    if schema.get("format") == "date-time" and isinstance(value, str) and is_naive(value):
        return NAIVE
    return FORMS.get(schema.get("format"), ("wrong_form", expected(schema)))


def problem_for(keyword: str, schema: Property) -> str:
    """Return the word for breaking `keyword` of a property."""
    if keyword in LIMITS:
        return LIMITS[keyword][0]
    form = FORMS.get(schema.get("format"))
    if keyword == "type":
        return (form or TYPES.get(schema.get("type"), ("wrong_type", "")))[0]
    return form[0] if form and keyword == "pattern" else _WORDS.get(keyword, keyword)


_WORDS = {"enum": "not_one_of", "pattern": "wrong_form"}


def explain(field: str, keyword: str, schema: Property, value: object) -> Problem:
    """Explain why `value` of `field` breaks `keyword` of `schema`."""
    fix = fix_for(field, schema, value)
    problem, got, wanted = problem_for(keyword, schema), shown(value), expected(schema)
    if keyword in LIMITS:
        problem, got, wanted = limit_words(keyword, schema, value)
        fix = _shorter(field, keyword, schema, value) or fix
    elif keyword == "pattern":
        problem, wanted = form_words(schema, value)
    return Problem(
        field=field, problem=problem, got=got, expected=wanted, fix=fix, code=code_for(schema, keyword)
    )


def _shorter(field: str, keyword: str, schema: Property, value: object) -> str:
    """Say what to do about too much of something, `""` where that is not the matter."""
    if keyword == "maxItems" and isinstance(value, Sized):
        return f"take {len(value) - int(str(schema[keyword]))} out, or send them in another post"
    if LIMITS[keyword][0] != "too_long":
        return ""
    return f"shorten {field}; {schema['x-hint']}" if "x-hint" in schema else f"shorten {field}"


def missing(field: str, schema: Property) -> Problem:
    """Say that a required field was not sent."""
    return Problem(
        field=field,
        problem="required",
        got="nothing",
        expected=expected(schema),
        fix=fix_for(field, schema),
        code=code_for(schema, "required"),
    )


def unknown(meant: str | None) -> str:
    """Say why a field is unknown, with the name that was probably meant."""
    return f"unknown field; did you mean {meant}?" if meant else "unknown field"


def unknown_problem(name: str, meant: str | None) -> Problem:
    """Refuse a field that the schema does not have; `meant` is the one that it resembles."""
    return Problem(
        field=name,
        problem="unknown_field",
        got=name,
        expected="a field of this operation",
        fix=rename(name, meant),
    )


def rename(name: str, meant: str | None) -> str:
    """Say what to do about a name that no field has."""
    return f"did you mean {meant}? rename {name}" if meant else f"leave {name} out"


def code_for(schema: Property, keyword: str = "") -> str:
    """Return the catalogue code of a property's problems, or of breaking that `keyword` of it."""
    codes = schema.get("x-code", "invalid_request")
    return str(codes.get(keyword, "invalid_request") if isinstance(codes, dict) else codes)


def _beside(got: str) -> str:
    """Return what was sent in place of a missing field, for the middle of a sentence."""
    _, found, sent = got.partition("nothing, but ")
    return f", but {sent}" if found else ""


def sentence(problems: Sequence[Problem]) -> str:
    """Say in one sentence what is wrong: the first problem, and how many more there are."""
    first = problems[0]
    subject = f"{first.field} " if first.field else ""
    if first.problem == "required":
        text = f"{subject}is missing{_beside(first.got)}; expected {first.expected}"
    else:
        text = f"{subject}is not accepted: got {first.got}; expected {first.expected}"
    more = len(problems) - 1
    return f"{text}." if not more else f"{text} (and {more} more problem{'s' if more > 1 else ''})."
