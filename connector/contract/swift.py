"""The short way: rows in their usual spelling become canonical input by one validation.

Each property has a quick reader that knows its commonest spellings; a schema judges the rest and allows
nothing that would have to be read, warned of or explained. Whatever a reader or that schema does not know
goes the long way (`understand`); a property test holds both ways equal.
"""

from collections.abc import Callable, Mapping
from functools import partial

import jsonschema_rs
import orjson

from connector.contract.bounds import CleanRows
from connector.contract.coerce import BOOLEANS, NOTHING, Property
from connector.contract.load import Schema
from connector.contract.plan import Advice, FieldPlan, Plan
from connector.contract.receipt import Receipt, Understanding

Quick = Callable[[object], object]
"""Reads one value; raises KeyError, TypeError or ValueError for a spelling that it does not know."""

_SPELLED: dict[object, bool] = {
    form: value for text, value in BOOLEANS.items() for form in (text, text.upper(), text.title())
}
_BOOLEANS: Mapping[object, bool] = {True: True, False: False, **_SPELLED}
_LONGEST_INTEGER = 15
_LONGEST_URLS = 8_000
_URL_START = "^https?://[^\\s/?#{]"
_URL = "^https?://[^\\s/?#{\\x00][^\\s{\\x00]*$"


def _integer(given: object) -> object:
    if isinstance(given, str):
        if len(given) <= _LONGEST_INTEGER and given.isdecimal() and given.isascii():
            return int(given)
    elif type(given) is int:
        return given
    raise ValueError(given)


def _urls(given: object) -> object:
    """Read a list of URLs without blanks and braces, or JSON text of one; the schema judges their start."""
    found = orjson.loads(given) if isinstance(given, str) else given
    if not isinstance(found, list):
        raise TypeError(given)
    joined = "".join(found)
    if len(joined.split(None, 1)) > 1 or "{" in joined or "\0" in joined or len(joined) > _LONGEST_URLS:
        raise ValueError(given)
    return found


def _text(given: object) -> object:
    if isinstance(given, str):
        return given
    raise TypeError(given)


def _free_text(limit: int) -> Quick:
    """Return a reader of free text without leftovers, of at most `limit` UTF-16 units."""
    longest = limit // 2  # no character has more than two units

    def read(given: object) -> object:
        if not isinstance(given, str) or not 0 < len(given) <= longest:
            raise ValueError(given)
        if "{{" in given or "[object " in given or given in NOTHING:
            raise ValueError(given)
        return given

    return read


def _reader(field: FieldPlan) -> Quick | None:
    """Return the quick reader of a property, None for one that asks for more than reading."""
    kind, limit = field.schema.get("type"), field.schema.get("x-maxUtf16")
    if field.dropped or field.ignored or field.zone or field.name == "strict":
        return None
    if field.choices:
        return {choice: choice for choice in field.choices}.__getitem__
    if kind == "string" and field.free_text:
        return _free_text(limit) if isinstance(limit, int) else None
    if kind == "string":
        return _text if field.schema.get("format") == "uri" else None
    readers: dict[object, Quick] = {"boolean": _BOOLEANS.__getitem__, "integer": _integer}
    return _urls if field.urls else readers.get(kind)


def _left_to_judge(field: FieldPlan) -> dict[str, object]:
    """Return the schema of what the quick reader of a property does not ensure by itself."""
    if field.urls:
        items = {"pattern": _URL_START}
        return {
            **{key: field.schema[key] for key in ("minItems", "maxItems") if key in field.schema},
            "items": items,
        }
    if field.schema.get("format") == "uri":
        return {"pattern": _URL, "maxLength": _LONGEST_URLS}
    return _bounds(field.schema, "minimum", "maximum")


def _bounds(schema: Property, *keywords: str) -> dict[str, object]:
    return {keyword: schema[keyword] for keyword in keywords if keyword in schema}


def _unless(advice: Advice) -> object:
    """Return a schema that refuses what a warning is given for."""
    when = {name: {"const": wanted} for name, wanted in advice.when}
    return {"not": {"properties": when, "required": list(when)}}


def easy_schema(plan: Plan, schema: Schema) -> Schema:
    """Return a schema that is satisfied by nothing but values without any problem or warning."""
    conditions = schema.get("allOf")
    judged = {field.name: left for field in plan.fields if (left := _left_to_judge(field))}
    return {
        "properties": judged,
        "required": schema.get("required", []),
        "allOf": [*(conditions if isinstance(conditions, list) else []), *map(_unless, plan.advice)],
    }


class Swift:
    """The short way through one plan, whose schema is `schema`."""

    def __init__(self, plan: Plan, schema: Schema) -> None:
        self._plan = plan
        self._defaults = dict(plan.defaults)
        self._readers = {field.name: read for field in plan.fields if (read := _reader(field)) is not None}
        easy = easy_schema(plan, schema)
        self._is_easy = jsonschema_rs.Draft202012Validator(easy, validate_formats=False).is_valid

    def understand(self, rows: CleanRows) -> Understanding | None:
        """Understand rows; None where the long way is needed. The rows must not be changed later."""
        readers, values = self._readers, rows.copy()
        try:
            for name, given in rows.items():
                values[name] = readers[name](given)
        except (KeyError, TypeError, ValueError):
            return None
        if self._defaults:
            values = {**self._defaults, **values}
        if not self._is_easy(values):
            return None
        for rule in self._plan.rules:
            if rule(values):
                return None
        return Understanding(values, self._plan.control, partial(_receipts, self._plan, rows, values))


def _receipts(plan: Plan, rows: CleanRows, values: Mapping[str, object]) -> tuple[Receipt, ...]:
    """Return the receipt of the values that were read, in the order of the schema."""
    found = [
        (field.name, rows[field.name], field.read(rows[field.name])[1])
        for field in plan.fields
        if field.name in rows
    ]
    return tuple(
        [Receipt(field=name, given=given, to=values[name], rule=rule) for name, given, rule in found if rule]
    )
