"""Judges canonical input by its schema: all problems at once, in words, in the order of the schema.

jsonschema-rs answers whether input is valid, in microseconds; only input that is not pays for an explanation.
Formats are annotations here: patterns judge, so that every JSON Schema validator agrees.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import jsonschema_rs

from connector.contract.load import Schema
from connector.contract.text import shown, utf16_units
from connector.contract.words import explain, missing, rename
from connector.kernel.errors import Problem

_Path = Sequence[str | int]


def field_path(path: _Path) -> str:
    """Spell a path into the input, such as `photo_images[3]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def root_of(field: str) -> str:
    """Return the top-level field that a path begins with."""
    return field.partition("[")[0].partition(".")[0]


def _subschema(schema: Mapping[str, object], path: _Path) -> dict[str, object]:
    node: object = schema
    for part in path:
        if isinstance(node, dict):
            node = node.get(str(part))
        elif isinstance(node, list) and isinstance(part, int):
            node = node[part]
    return node if isinstance(node, dict) else {}


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

    def problems(self, values: Mapping[str, object], flagged: frozenset[str] = frozenset()) -> list[Problem]:
        """Return what is wrong with `values`, but for the fields in `flagged`, whose problem is known."""
        too_long = list(self._too_long(values))
        if not too_long and self.is_valid(values):
            return []
        direct = [*too_long, *(found for error in self._errors(values) for found in self._explain(error))]
        direct = [problem for problem in direct if root_of(problem.field) not in flagged]
        known = flagged.union(root_of(problem.field) for problem in direct)
        return [*direct, *self._across(values, known)]

    def _too_long(self, values: Mapping[str, object]) -> Iterator[Problem]:
        for name, limit in self._utf16:
            value = values.get(name)
            # No character has more than two units, so that short text need not be counted.
            if isinstance(value, str) and len(value) * 2 > limit and utf16_units(value) > limit:
                yield explain(name, "x-maxUtf16", self._properties[name], value)

    def _errors(self, values: Mapping[str, object]) -> Iterator[jsonschema_rs.ValidationError]:
        errors = [error for error in self._compiled.iter_errors(values) if error.schema_path[0] != "allOf"]
        mistyped = {tuple(error.instance_path) for error in errors if error.schema_path[-1] == "type"}
        # What is of the wrong type is none of the choices either: one problem is enough.
        return (
            error
            for error in errors
            if error.schema_path[-1] != "enum" or tuple(error.instance_path) not in mistyped
        )

    def _explain(self, error: jsonschema_rs.ValidationError) -> Iterator[Problem]:
        """Put one error of the validator into words; a list of unknown names is one problem each."""
        kind, path = error.kind, error.instance_path
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
            name = str(kind.property)
            yield missing(field_path([*path, name]), self._properties.get(name, {}))
        elif isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
            for name in sorted(kind.unexpected):
                yield unknown_problem(field_path([*path, name]), None)
        else:
            subschema = _subschema(self._schema, error.schema_path[:-1])
            yield explain(field_path(path), str(error.schema_path[-1]), subschema, error.instance)

    def _across(self, values: Mapping[str, object], known: frozenset[str]) -> Iterator[Problem]:
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
                yield Problem(**{key: text for key, text in words.items() if key != "with"})


def refused_problem(name: str, given: object, problem: str, cure: str) -> Problem:
    """Refuse a field that would change what happens, if it were taken here: ignoring it would do harm."""
    later = problem == "not_offered_yet"
    return Problem(
        field=name,
        problem=problem,
        got=shown(given),
        expected=f"nothing: {name} is not offered yet" if later else f"nothing: {name} does not belong here",
        fix=f"leave {name} out and {cure}",
    )


def unknown_problem(name: str, meant: str | None) -> Problem:
    """Refuse a field that the schema does not have; `meant` is the one that it resembles."""
    return Problem(
        field=name,
        problem="unknown_field",
        got=name,
        expected="a field of this operation",
        fix=rename(name, meant),
    )
