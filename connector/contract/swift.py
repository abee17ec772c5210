"""The short way: rows in their usual spelling become canonical input by one validation.

Each property has a table or a quick reader of its commonest spellings; a schema judges what they leave open.
Whatever they do not know, and whatever would have to be warned of or explained, goes the long way
(`understand`); a property test holds both ways equal.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from operator import itemgetter

import jsonschema_rs
import orjson

from connector.contract.bounds import CleanRows
from connector.contract.coerce import BOOLEANS, NOTHING, Property
from connector.contract.load import Schema
from connector.contract.plan import Advice, FieldPlan, Plan
from connector.contract.receipt import Receipt, Understanding

Quick = Callable[[object], object]
"""Reads one value; raises TypeError or ValueError for a spelling that it does not know."""

Condition = tuple[Schema, frozenset[str]]
"""A schema of conditions between fields, and the fields that it is about."""

_SPELLED: dict[object, bool] = {
    form: value for text, value in BOOLEANS.items() for form in (text, text.upper(), text.title())
}
_BOOLEANS: Mapping[object, bool] = {True: True, False: False, **_SPELLED}
_SMALL: dict[object, int] = {str(number): number for number in range(10_000)}
_LONGEST_INTEGER = 15
_MOST_SHAPES = 64
_MOST_KNOWN = 256
_ODD = re.compile(r"[\s\x00]")
_ID = re.compile(r"[A-Za-z0-9@_.:~#/-]+")
_NO_ID = frozenset({*NOTHING, "nan", "-nan", "infinity", "-infinity"})
_LONGEST_URLS = 8_000
_URL_START = "^https?://[^\\s/?#{]"
_URL = "^https?://[^\\s/?#{\\x00][^\\s{\\x00]*$"


def _integer(given: object) -> object:
    if (small := _SMALL.get(given)) is not None:
        return small
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
    if " " in joined or "{" in joined or len(joined) > _LONGEST_URLS or not joined.isascii():
        raise ValueError(given)
    # JSON text without escapes has no other blank and no NUL.
    if not (isinstance(given, str) and "\\" not in given) and _ODD.search(joined):
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


def _id(given: object) -> object:
    """Read an id or a name of letters, digits and a few marks: nothing that a tool leaves behind looks so."""
    if not isinstance(given, str) or not _ID.fullmatch(given) or given.lower() in _NO_ID:
        raise ValueError(given)
    return given


def _reader(field: FieldPlan) -> Quick | None:
    """Return the quick reader of a property with many spellings, None for one that has none."""
    kind, limit = field.schema.get("type"), field.schema.get("x-maxUtf16")
    if kind == "integer":
        return _integer
    if kind != "string":
        return _urls if field.urls else None
    if field.free_text:
        return _free_text(limit) if isinstance(limit, int) else None
    readers: dict[object, Quick] = {"uri": _text, None: _id}
    return readers.get(field.schema.get("format"))


def _table(field: FieldPlan) -> Mapping[object, object] | None:
    """Return the spellings of a property that has but few, None for any other."""
    if field.schema.get("type") == "boolean":
        return _BOOLEANS
    return {choice: choice for choice in field.choices} or None


def _left_to_judge(field: FieldPlan) -> dict[str, object]:
    """Return the schema of what the quick reader of a property does not ensure by itself."""
    if field.urls:
        return {**_bounds(field.schema, "minItems", "maxItems"), "items": {"pattern": _URL_START}}
    if field.schema.get("format") == "uri":
        return {"pattern": _URL, "maxLength": _LONGEST_URLS}
    return _bounds(field.schema, "minimum", "maximum", "minLength", "maxLength")


def _bounds(schema: Property, *keywords: str) -> dict[str, object]:
    return {keyword: schema[keyword] for keyword in keywords if keyword in schema}


def _unless(advice: Advice) -> Condition:
    """Return a schema that refuses what a warning is given for, and the fields that it is about."""
    when = {name: {"const": wanted} for name, wanted in advice.when}
    return {"not": {"properties": when, "required": list(when)}}, frozenset(when)


def _conditions(plan: Plan, schema: Schema) -> list[Condition]:
    """Return the conditions between fields, each with the fields that it is about."""
    rules = schema.get("allOf")
    found: list[Condition] = []
    for rule in rules if isinstance(rules, list) else []:
        words = rule["x-problem"]
        found.append((rule, frozenset({words["field"], *words.get("with", ())})))
    return [*found, *map(_unless, plan.advice)]


def _is_valid(schema: Schema, conditions: list[Schema]) -> Callable[[object], bool]:
    whole = {**schema, "allOf": conditions} if conditions else schema
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=False).is_valid


@dataclass(frozen=True)
class Shape:
    """The names of some rows, sorted out: a tool sends the same names again and again.

    `closed` takes the values of the fields with few spellings, which are `names`, out of rows; `known` holds
    what they mean by those values. `open` are the other fields with their readers, which `is_easy` judges.
    """

    names: tuple[str, ...]
    closed: Callable[[Mapping[str, object]], object]
    known: dict[object, dict[str, object]]
    open: tuple[tuple[str, Quick], ...]
    is_easy: Callable[[object], bool]


class Swift:
    """The short way through one plan, whose schema is `schema`.

    Fields with few spellings are read, and the conditions between them judged, once for each combination.
    """

    def __init__(self, plan: Plan, schema: Schema) -> None:
        self._plan = plan
        easy = [field for field in plan.fields if not (field.dropped or field.ignored or field.zone)]
        easy = [field for field in easy if field.name != "strict"]
        self._tables = {field.name: table for field in easy if (table := _table(field)) is not None}
        self._readers = {
            field.name: read
            for field in easy
            if field.name not in self._tables and (read := _reader(field)) is not None
        }
        conditions = _conditions(plan, schema)
        among = [rule for rule, names in conditions if names <= self._tables.keys()]
        others = [rule for rule, names in conditions if not names <= self._tables.keys()]
        judged = {field.name: left for field in plan.fields if (left := _left_to_judge(field))}
        self._agree = _is_valid({}, among)
        self._judged, self._others = judged, others
        required = schema.get("required")
        self._required = frozenset(required if isinstance(required, list) else ())
        self._shapes: dict[tuple[str, ...], Shape] = {}

    def _shape(self, names: tuple[str, ...]) -> Shape | None:
        """Sort the names of rows out and remember it; None where one of them asks for the long way."""
        closed = [name for name in names if name in self._tables]
        others = [(name, self._readers[name]) for name in names if name in self._readers]
        if not closed or len(closed) + len(others) != len(names) or not self._required.issubset(names):
            return None
        judged = {name: self._judged[name] for name, _ in others if name in self._judged}
        is_easy = _is_valid({"properties": judged}, self._others)
        if len(self._shapes) >= _MOST_SHAPES:
            self._shapes.clear()
        shape = self._shapes[names] = Shape(tuple(closed), itemgetter(*closed), {}, tuple(others), is_easy)
        return shape

    def _read_closed(self, shape: Shape, given: object) -> dict[str, object] | None:
        """Read the fields with few spellings and remember it; None where the long way is needed."""
        values = given if isinstance(given, tuple) else (given,)
        try:
            found = {name: self._tables[name][value] for name, value in zip(shape.names, values, strict=True)}
        except KeyError:
            return None
        if not self._agree(found):
            return None
        if len(shape.known) >= _MOST_KNOWN:
            shape.known.clear()
        shape.known[given] = found
        return found

    def understand(self, rows: CleanRows) -> Understanding | None:
        """Understand rows; None where the long way is needed. The rows must not be changed later."""
        names = tuple(rows)
        try:
            shape = self._shapes.get(names) or self._shape(names)
            if shape is None:
                return None
            given = shape.closed(rows)
            closed = shape.known.get(given) or self._read_closed(shape, given)
            if closed is None:
                return None
            values = {**rows, **closed}
            for name, read in shape.open:
                values[name] = read(values[name])
        except (TypeError, ValueError):
            return None
        plan = self._plan
        if plan.defaults:
            values = {**plan.defaults, **values}
        if not shape.is_easy(values):
            return None
        for rule in plan.rules:
            if rule(values):
                return None
        return Understanding(values, plan.control, partial(_receipts, plan, rows, values))


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
