"""A schema compiled for understanding: names, readers and flags of each property, worked out once."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic.alias_generators import to_camel

from connector.contract.coerce import Property, Reader, reader_for, strict_reader_for
from connector.contract.load import Schema
from connector.contract.rules import RULES, Rule
from connector.contract.validate import Validator


@dataclass(frozen=True, kw_only=True)
class FieldPlan:
    """One property, ready to be read.

    `urls`: its text may be a joined list of URLs. `dropped`: checked, then left out. `ignored`: why it has no
    effect although it is kept (`""`: it has one). `choices`: its enum, for dialects with a fallback.
    """

    name: str
    schema: Property
    read: Reader
    read_strict: Reader
    free_text: bool
    urls: bool
    dropped: bool
    ignored: str
    choices: frozenset[object]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One input schema, ready to understand rows.

    `names` maps every accepted spelling to (canonical name, rule; `""` for the name itself). `ignored` maps
    the names that have no effect here to why, `not_yet` those that would have one to what to do instead.
    """

    fields: tuple[FieldPlan, ...]
    names: Mapping[str, tuple[str, str]]
    ignored: Mapping[str, str]
    not_yet: Mapping[str, str]
    order: Mapping[str, int]
    control: frozenset[str]
    defaults: Mapping[str, object]
    validator: Validator
    rules: tuple[Rule, ...]


def _field_plan(name: str, schema: Property) -> FieldPlan:
    choices = schema.get("enum")
    return FieldPlan(
        name=name,
        schema=schema,
        read=reader_for(schema),
        read_strict=strict_reader_for(schema),
        free_text=bool(schema.get("x-freeText")),
        urls=schema.get("type") == "array",
        dropped=bool(schema.get("x-dropped")),
        ignored=str(schema.get("x-ignored", "")),
        choices=frozenset(choices) if isinstance(choices, list) else frozenset(),
    )


def _spellings(name: str, schema: Property) -> dict[str, tuple[str, str]]:
    others = schema.get("x-names")
    aliases = [str(other) for other in others] if isinstance(others, list) else []
    return {
        **{to_camel(spelling): (name, "field_case") for spelling in (name, *aliases)},
        **dict.fromkeys(aliases, (name, "field_alias")),
        name: (name, ""),
    }


def _with_camel_case(names: object) -> dict[str, str]:
    found = names if isinstance(names, dict) else {}
    return {spelling: str(why) for name, why in found.items() for spelling in (name, to_camel(name))}


def compile_plan(schema: Schema) -> Plan:
    """Compile an input schema without `$ref`. Raises ValueError or KeyError for a type or rule it lacks."""
    properties = schema.get("properties")
    members: dict[str, Property] = properties if isinstance(properties, dict) else {}
    names = {
        spelling: meaning
        for name, member in members.items()
        for spelling, meaning in _spellings(name, member).items()
    }
    rules = schema.get("x-rules")
    return Plan(
        fields=tuple(_field_plan(name, member) for name, member in members.items()),
        names=names,
        ignored=_with_camel_case(schema.get("x-ignored")),
        not_yet=_with_camel_case(schema.get("x-notYet")),
        order={name: index for index, name in enumerate(members)},
        control=frozenset(name for name, member in members.items() if member.get("x-control")),
        defaults={name: member["default"] for name, member in members.items() if "default" in member},
        validator=Validator(schema),
        rules=tuple(RULES[name] for name in rules) if isinstance(rules, list) else (),
    )
