"""Judges canonical input by its schema: all problems at once, in words, in the order of the schema.

jsonschema-rs answers whether input is valid, in microseconds; only input that is not pays for an explanation.
Formats are annotations here: patterns judge, so that every JSON Schema validator agrees.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

import jsonschema_rs

from connector.contract.load import Schema
from connector.contract.text import utf16_units
from connector.contract.words import explain, missing, unknown_problem
from connector.kernel.errors import Problem

_Path = Sequence[str | int]
_Found = tuple[_Path, Problem]
"""Where in the input a problem is, and the problem."""

ORDER = ("type", "enum", "pattern")
"""Of several things that are wrong with one value the first of these is told, then any other."""


def field_path(path: _Path, sent: Mapping[str, str] = MappingProxyType({})) -> str:
    """Spell a path into the input, such as `photo_images[3]`, its field by the name that was `sent`."""
    text = sent.get(str(path[0]), str(path[0])) if path else ""
    for part in path[1:]:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def root_of(field: str) -> str:
    """Return the top-level field that a path begins with."""
    return field.partition("[")[0].partition(".")[0]


def entry_of(field: str) -> int:
    """Return the index of the entry that a path names, -1 where it names the field itself."""
    index = field.partition("[")[2].partition("]")[0]
    return int(index) if index.isdecimal() else -1


def _subschema(schema: Mapping[str, object], path: _Path) -> dict[str, object]:
    node: object = schema
    for part in path:
        if isinstance(node, dict):
            node = node.get(str(part))
        elif isinstance(node, list) and isinstance(part, int):
            node = node[part]
    return node if isinstance(node, dict) else {}


def _rank(error: jsonschema_rs.ValidationError) -> int:
    keyword = str(error.schema_path[-1])
    return ORDER.index(keyword) if keyword in ORDER else len(ORDER)


class Validator:
    """Judges values by one schema, compiled once."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._compiled = jsonschema_rs.Draft202012Validator(schema, validate_formats=False)
        self.is_valid: Callable[[object], bool] = self._compiled.is_valid
        """Tells whether values satisfy the schema, lengths in UTF-16 units aside."""
        properties = schema.get("properties")
        self._properties: dict[str, dict[str, object]] = properties if isinstance(properties, dict) else {}
        self._utf16 = [
            (name, limit)
            for name, found in self._properties.items()
            if isinstance(limit := found.get("x-maxUtf16"), int)
        ]

    def problems(
        self,
        values: Mapping[str, object],
        flagged: frozenset[str] = frozenset(),
        sent: Mapping[str, str] = MappingProxyType({}),
    ) -> list[Problem]:
        """Return what is wrong with `values`, one problem for each place.

        `flagged` are fields and entries (`photo_images[3]`) whose problem is known already; `sent` maps
        fields to the names by which their problems are told.
        """
        too_long = list(self._too_long(values, sent))
        if not too_long and self.is_valid(values):
            return []
        explained = (found for error in self._errors(values) for found in self._explain(error, sent))
        direct = [
            (path, problem)
            for path, problem in (*too_long, *explained)
            if flagged.isdisjoint({field_path(path), str(path[0])})
        ]
        known = {root_of(place) for place in flagged}.union(str(path[0]) for path, _ in direct)
        return [*(problem for _, problem in direct), *self._across(values, known, sent)]

    def _too_long(self, values: Mapping[str, object], sent: Mapping[str, str]) -> Iterator[_Found]:
        for name, limit in self._utf16:
            value = values.get(name)
            # No character has more than two units, so that short text need not be counted.
            if isinstance(value, str) and len(value) * 2 > limit and utf16_units(value) > limit:
                yield [name], explain(sent.get(name, name), "x-maxUtf16", self._properties[name], value)

    def _errors(self, values: Mapping[str, object]) -> Iterator[jsonschema_rs.ValidationError]:
        """Yield the errors of single fields: of those of one value only that which comes first in `ORDER`."""
        errors = [error for error in self._compiled.iter_errors(values) if error.schema_path[0] != "allOf"]
        first: dict[tuple[str | int, ...], int] = {}
        for error in errors:
            place, rank = tuple(error.instance_path), _rank(error)
            first[place] = min(first.get(place, rank), rank)
        return (error for error in errors if _rank(error) <= first[tuple(error.instance_path)])

    def _explain(self, error: jsonschema_rs.ValidationError, sent: Mapping[str, str]) -> Iterator[_Found]:
        """Put one error of the validator into words; a list of unknown names is one problem each."""
        kind, path = error.kind, error.instance_path
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
            path = [*path, str(kind.property)]
            yield path, missing(field_path(path), self._properties.get(str(kind.property), {}))
        elif isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
            for name in sorted(kind.unexpected):
                yield [*path, name], unknown_problem(field_path([*path, name]), None)
        else:
            subschema = _subschema(self._schema, error.schema_path[:-1])
            keyword, name = str(error.schema_path[-1]), field_path(path, sent)
            yield path, explain(name, keyword, subschema, error.instance)

    def _across(
        self, values: Mapping[str, object], known: set[str], sent: Mapping[str, str]
    ) -> Iterator[Problem]:
        """Yield the broken conditions between fields, unless one of the fields is wrong already."""
        members = {
            int(error.schema_path[1])
            for error in self._compiled.iter_errors(values)
            if error.schema_path[0] == "allOf"
        }
        rules = self._schema.get("allOf")
        for index in sorted(members):
            words = rules[index].get("x-problem") if isinstance(rules, list) else None
            if isinstance(words, dict) and known.isdisjoint({words["field"], *words.get("with", ())}):
                field = sent.get(words["field"], words["field"])
                told = {key: text for key, text in words.items() if key != "with"}
                yield Problem(**{**told, "field": field})
