"""The short way: rows in their usual spelling become canonical input without looking at each thing twice.

It knows the commonest spellings of every property and gives up on anything else, so that the long way
(`understand`) decides. Where it does not give up, both give the same: a property test holds them equal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from connector.contract.bounds import Rows
from connector.contract.coerce import BOOLEANS, NOTHING
from connector.contract.plan import FieldPlan, Plan
from connector.contract.receipt import Receipt, Understanding

Quick = Callable[[object], object]
"""Reads one value, or returns None for a spelling that it does not know."""

_TEXT = frozenset({str})
_BOOLEANS = {form: value for text, value in BOOLEANS.items() for form in (text, text.upper(), text.title())}
_LONGEST_INTEGER = 15
Entry = tuple[int, FieldPlan, Mapping[str, bool], Quick]


def _quick_other(_: object) -> object:
    return None


def _quick_boolean(given: object) -> object:
    return given if isinstance(given, bool) else None


def _quick_integer(given: object) -> object:
    if isinstance(given, str):
        known = len(given) <= _LONGEST_INTEGER and given.isascii() and given.isdecimal()
        return int(given) if known else None
    return given if type(given) is int else None


def _quick_url(given: object) -> object:
    """Read a URL; blanks are left to the schema's pattern."""
    return given if isinstance(given, str) and given[:4] == "http" and "{{" not in given else None


def _quick_urls(given: object) -> object:
    """Read a list of URLs, or JSON text of one; blanks and other things are left to the schema."""
    if isinstance(given, str) and given[:1] == "[" and "\\u" not in given:
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            return None
    if isinstance(given, list) and _TEXT.issuperset(map(type, given)):
        return None if "{{" in "".join(given) else given
    return None


def _quick_text(limit: int) -> Quick:
    """Return a reader of free text of at most `limit` UTF-16 units."""
    longest = limit // 2

    def read(given: object) -> object:
        if not isinstance(given, str) or not 0 < len(given) <= longest:
            return None
        return None if "{{" in given or "[object " in given or given in NOTHING else given

    return read


def _quick_choice(choices: frozenset[object]) -> Quick:
    def read(given: object) -> object:
        return given if isinstance(given, str) and given in choices else None

    return read


def _reader(field: FieldPlan) -> Quick:
    kind, limit = field.schema.get("type"), field.schema.get("x-maxUtf16")
    if field.choices:
        return _quick_choice(field.choices)
    if field.urls:
        return _quick_urls
    if kind == "string" and field.free_text and isinstance(limit, int):
        return _quick_text(limit)
    if kind == "string" and field.schema.get("format") == "uri":
        return _quick_url
    readers: dict[object, Quick] = {"boolean": _quick_boolean, "integer": _quick_integer}
    return readers.get(kind, _quick_other)


def _known(field: FieldPlan) -> Mapping[str, bool]:
    return _BOOLEANS if field.schema.get("type") == "boolean" else {}


@dataclass(frozen=True, kw_only=True)
class Swift:
    """The short way through one plan."""

    plan: Plan
    entries: Mapping[str, Entry]

    def understand(self, rows: Rows) -> Understanding | None:
        """Understand clean rows; None where the long way is needed."""
        entries, plan = self.entries, self.plan
        values: dict[str, object] = {}
        changed: list[tuple[int, FieldPlan, object]] = []
        last, ordered = -1, True
        for name, given in rows.items():
            if name not in entries:
                return None
            index, field, known, read = entries[name]
            value: object = known.get(given) if isinstance(given, str) else None
            if value is None and (value := read(given)) is None:
                return None
            values[name] = value
            if value is not given:
                changed.append((index, field, given))
            if index < last:
                ordered = False
            last = index
        if len(plan.defaults.keys() - values.keys()):
            values.update({name: value for name, value in plan.defaults.items() if name not in values})
            ordered = False
        if not plan.validator.is_valid(values) or any(rule(values) for rule in plan.rules):
            return None
        if not ordered:
            values = {name: values[name] for name in sorted(values, key=plan.order.__getitem__)}
        return Understanding(
            values,
            control=plan.control,
            coerced=(lambda: _receipts(changed, values)) if changed else (),
            warnings=tuple([item.warning for item in plan.advice if item.fits(values)]),
        )


def _receipts(changed: list[tuple[int, FieldPlan, object]], values: dict[str, object]) -> tuple[Receipt, ...]:
    """Return the receipt of the values that were read, in the order of the schema."""
    changed.sort(key=lambda item: item[0])
    return tuple(
        [
            Receipt(field=field.name, given=given, to=values[field.name], rule=field.read(given)[1])
            for _, field, given in changed
        ]
    )


def compile_swift(plan: Plan) -> Swift:
    """Prepare the short way through a plan; fields that ask for more than reading are left out."""
    return Swift(
        plan=plan,
        entries={
            field.name: (
                plan.order[field.name],
                field,
                _BOOLEANS if field.schema.get("type") == "boolean" else {},
                _reader(field),
            )
            for field in plan.fields
            if not field.dropped and not field.ignored and not field.zone and field.name != "strict"
        },
    )
