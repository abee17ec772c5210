"""The short way: rows in their usual spelling become canonical input by one validation.

Each property has a table or a quick reader of its commonest spellings; a schema judges what they leave open.
Whatever they do not know, and whatever would have to be warned of or explained, goes the long way
(`understand`); a property test holds both ways equal.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import jsonschema_rs
import orjson

from connector.contract.bounds import CleanRows
from connector.contract.coerce import BOOLEANS, NOTHING, Property
from connector.contract.load import Schema
from connector.contract.plan import Advice, FieldPlan, Plan
from connector.contract.receipt import Receipt, Understanding

Quick = Callable[[object], object]
"""Reads one value; raises TypeError or ValueError for a spelling that it does not know."""

Fits = Callable[[Any], object]
"""Gives something true for a text that stays as it is; may raise TypeError for what is no text."""

Condition = tuple[Schema, frozenset[str]]
"""A schema of conditions between fields, and the fields that it is about."""

_SPELLED: dict[object, bool] = {
    form: value for text, value in BOOLEANS.items() for form in (text, text.upper(), text.title())
}
_BOOLEANS: Mapping[object, bool] = {True: True, False: False, **_SPELLED}
_MOST_SMALL = 10_000
_LONGEST_INTEGER = 15
_MOST_SHAPES = 64
_MOST_KNOWN = 256
_ODD = re.compile(r"[\s\x00]")
_ID = re.compile(r"[A-Za-z0-9@_.:~#/-]+")
_NO_ID = frozenset({*NOTHING, "nan", "-nan", "infinity", "-infinity"})
_LONGEST_URLS = 8_000
_URL = re.compile(rf"""https?://[!"$-.0->@-z|-~][!-z|-~]{{0,{_LONGEST_URLS}}}""")
"""One URL of visible ASCII without braces, whose host is named."""
_URL_START = "^https?://[^\\s/?#{]"


def _integer(least: int, most: int) -> Quick:
    """Return a reader of whole numbers between two bounds, both included."""
    small = {str(number): number for number in range(max(least, 0), min(most + 1, _MOST_SMALL))}

    def read(given: object) -> object:
        if (found := small.get(given)) is not None:  # type: ignore[call-overload]  # a value of any type
            return found
        if (
            isinstance(given, str)
            and len(given) <= _LONGEST_INTEGER
            and given.isdecimal()
            and given.isascii()
        ):
            number = int(given)
        elif type(given) is int:
            number = given
        else:
            raise ValueError(given)
        if least <= number <= most:
            return number
        raise ValueError(given)

    return read


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


def _free_text(limit: int) -> Fits:
    """Return the test of free text without leftovers, of at most `limit` UTF-16 units."""
    longest = limit // 2  # no character has more than two units

    def fits(given: object) -> object:
        if not isinstance(given, str) or not 0 < len(given) <= longest:
            return None
        return "{{" not in given and "[object " not in given and given not in NOTHING

    return fits


def _id(least: int, most: int) -> Fits:
    """Return the test of ids and names of letters, digits and a few marks: no leftover of a tool looks so."""

    def fits(given: object) -> object:
        if not isinstance(given, str) or not least <= len(given) <= most:
            return None
        return _ID.fullmatch(given) and given.lower() not in _NO_ID

    return fits


def _bound(schema: Property, keyword: str, otherwise: int) -> int:
    found = schema.get(keyword)
    return found if isinstance(found, int) else otherwise


def _test(field: FieldPlan) -> Fits | None:
    """Return the test of a text that stays as it is, None for a property that has none."""
    schema = field.schema
    limit, form = schema.get("x-maxUtf16"), schema.get("format")
    if schema.get("type") != "string":
        return None
    if field.free_text:
        return _free_text(limit) if isinstance(limit, int) else None
    if form is None:
        return _id(_bound(schema, "minLength", 1), _bound(schema, "maxLength", _LONGEST_URLS))
    return _URL.fullmatch if form == "uri" else None


def _reader(field: FieldPlan) -> Quick | None:
    """Return the quick reader of a property that text may mean, None for one that has none."""
    if field.schema.get("type") == "integer":
        most = 10**_LONGEST_INTEGER
        return _integer(_bound(field.schema, "minimum", -most), _bound(field.schema, "maximum", most))
    return _urls if field.urls else None


def _table(field: FieldPlan) -> Mapping[object, object] | None:
    """Return the spellings of a property that has but few, None for any other."""
    if field.schema.get("type") == "boolean":
        return _BOOLEANS
    return {choice: choice for choice in field.choices} or None


def _left_to_judge(field: FieldPlan) -> dict[str, object]:
    """Return the schema of what the quick reader of a property does not ensure by itself."""
    if not field.urls:
        return {}
    bounds = {
        keyword: field.schema[keyword] for keyword in ("minItems", "maxItems") if keyword in field.schema
    }
    return {**bounds, "items": {"pattern": _URL_START}}


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


def _text_rule(field: FieldPlan) -> str:
    """Return the rule by which text is read as another type, `""` for a property that is text itself."""
    if field.urls:
        return "json_text_to_list"
    return {"boolean": "text_to_boolean", "integer": "text_to_integer"}.get(str(field.schema.get("type")), "")


@dataclass(frozen=True)
class Shape:
    """The names of some rows, sorted out: a tool sends the same names again and again.

    `closed` takes the values of the fields with few spellings, which are `names`, out of rows; `known` holds
    the input for those values, with `room` for the others: `texts`, which are tested and stay as they are,
    and `open`, which are read. `objections` find what tests and readers do not see. `rules` are the fields
    that may have come as text of another type, in the order of the schema.
    """

    names: tuple[str, ...]
    closed: Callable[[Mapping[str, object]], object]
    known: dict[object, dict[str, object]]
    texts: tuple[tuple[str, Fits], ...]
    open: tuple[tuple[str, Quick], ...]
    objections: tuple[Callable[[Mapping[str, object]], object], ...]
    rules: tuple[tuple[str, str], ...]
    room: Mapping[str, object]


class ShortUnderstanding(Understanding):
    """What rows mean that needed no explanation; its receipt is read off rows and input when looked at."""

    def __init__(
        self, values: dict[str, object], control: frozenset[str], rows: CleanRows, shape: Shape
    ) -> None:
        self.input = values
        self.control = control
        self._rows = rows
        self._shape = shape

    @property
    def coerced(self) -> tuple[Receipt, ...]:
        """The values that were read differently from how they were written."""
        rows, values = self._rows, self.input
        return tuple(
            [
                Receipt(name, given, to, rule if isinstance(given, str) else "number_to_boolean")
                for name, rule in self._shape.rules
                if (to := values[name]) is not (given := rows[name])
            ]
        )

    def receipt(self) -> dict[str, object]:
        """Return `coerced`, `ignored` and `warnings` as an answer has them."""
        rows, values = self._rows, self.input
        coerced = [
            # Text that became a switch or a number has nothing in it that JSON would have to escape.
            {"field": name, "from": f'"{given}"', "to": to, "rule": rule}
            if type(given) is str and type(to) is not list
            else Receipt(name, given, to, rule if isinstance(given, str) else "number_to_boolean").as_dict()
            for name, rule in self._shape.rules
            if (to := values[name]) is not (given := rows[name])
        ]
        return {"coerced": coerced, "ignored": [], "warnings": []}


ShortWay = Callable[[CleanRows], Understanding | None]
"""Understands rows in their usual spelling; None where the long way is needed."""


class Swift:
    """The short way through one plan, whose schema is `schema`.

    Fields with few spellings are read, and the conditions between them judged, once for each combination.
    """

    def __init__(self, plan: Plan, schema: Schema) -> None:
        self._plan = plan
        self._control = plan.control
        easy = [field for field in plan.fields if not (field.dropped or field.ignored or field.zone)]
        easy = [field for field in easy if field.name != "strict"]
        self._tables = {field.name: table for field in easy if (table := _table(field)) is not None}
        others = [field for field in easy if field.name not in self._tables]
        self._tests = {field.name: fits for field in others if (fits := _test(field)) is not None}
        self._readers = {field.name: read for field in others if (read := _reader(field)) is not None}
        conditions = _conditions(plan, schema)
        among = [rule for rule, names in conditions if names <= self._tables.keys()]
        self._others = [rule for rule, names in conditions if not names <= self._tables.keys()]
        self._judged = {field.name: left for field in plan.fields if (left := _left_to_judge(field))}
        self._agree = _is_valid({}, among)
        required = schema.get("required")
        self._required = frozenset(required if isinstance(required, list) else ())
        self._shapes: dict[tuple[str, ...], Shape] = {}

    def _shape(self, names: tuple[str, ...]) -> Shape | None:
        """Sort the names of rows out and remember it; None where one of them asks for the long way."""
        closed = [name for name in names if name in self._tables]
        texts = [(name, self._tests[name]) for name in names if name in self._tests]
        read = [(name, self._readers[name]) for name in names if name in self._readers]
        known = len(closed) + len(texts) + len(read)
        if not closed or known != len(names) or not self._required.issubset(names):
            return None
        judged = {name: self._judged[name] for name, _ in read if name in self._judged}
        objections: list[Callable[[Mapping[str, object]], object]] = [rule.find for rule in self._plan.rules]
        if judged or self._others:
            is_valid = _is_valid({"properties": judged}, self._others)
            objections.append(lambda values: not is_valid(values))
        if len(self._shapes) >= _MOST_SHAPES:
            self._shapes.clear()
        rules = tuple(
            (field.name, rule)
            for field in self._plan.fields
            if field.name in names and (rule := _text_rule(field))
        )
        self._shapes[names] = shape = Shape(
            names=tuple(closed),
            closed=itemgetter(*closed),
            known={},
            texts=tuple(texts),
            open=tuple(read),
            objections=tuple(objections),
            rules=rules,
            room={**self._plan.defaults, **dict.fromkeys(names)},
        )
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
        shape.known[given] = known = {**shape.room, **found}
        return known

    def understand(self, rows: CleanRows) -> Understanding | None:
        """Understand rows; None where the long way is needed. The rows must not be changed later."""
        names = tuple(rows)
        try:
            shape = self._shapes.get(names) or self._shape(names)
            if shape is None:
                return None
            given = shape.closed(rows)
            known = shape.known.get(given) or self._read_closed(shape, given)
            if known is None:
                return None
            values = known.copy()
            for name, fits in shape.texts:
                values[name] = text = rows[name]
                if not fits(text):
                    return None
            for name, read in shape.open:
                values[name] = read(rows[name])
        except (TypeError, ValueError):
            return None
        for objects in shape.objections:
            if objects(values):
                return None
        return ShortUnderstanding(values, self._control, rows, shape)
