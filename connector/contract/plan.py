"""A schema compiled for understanding: names, readers and flags of each property, worked out once."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic.alias_generators import to_camel

from connector.contract.coerce import Property, Reader
from connector.contract.lists import reader_for, strict_reader_for
from connector.contract.load import Schema
from connector.contract.rules import RULES, Rule
from connector.contract.validate import Validator
from connector.contract.words import Guesser

REFUSED_NAMES = {
    "x-notYet": "not_offered_yet",
    "x-elsewhere": "wrong_operation",
    "x-otherwise": "said_otherwise",
    "x-nested": "nested_fields",
}
"""Keywords that name what is refused where something is sent in it, to the word of the problem."""


@dataclass(frozen=True, kw_only=True)
class FieldPlan:
    """One property, ready to be read.

    `listed`: it is a list, of URLs if `urls`. `dropped`: checked, then left out. `ignored`: why it has no
    effect although it is kept (`""`: it has one). `choices`: its enum, for dialects with a fallback. `zone`:
    the field that holds the zone of a time without an offset. `huge`: entries or characters beyond which
    nothing has to be looked at.
    """

    name: str
    schema: Property
    read: Reader
    read_strict: Reader
    free_text: bool
    listed: bool
    urls: bool
    dropped: bool
    ignored: str
    choices: frozenset[object]
    zone: str
    huge: float


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A warning, and the values of fields under which it is given."""

    when: tuple[tuple[str, object], ...]
    warning: str

    def fits(self, values: Mapping[str, object]) -> bool:
        """Tell whether the warning concerns these values."""
        return all(name in values and values[name] == wanted for name, wanted in self.when)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One input schema, ready to understand rows.

    `names` maps every accepted spelling to (canonical name, rule; `""` for the name itself). `ignored` maps
    the names that have no effect here to why, `refused` those that would have one to (problem, cure).
    `instead` maps a field that is needed unless another comes to those others. `cures` maps the mistakes of
    tools to their cure in each tool.
    """

    fields: tuple[FieldPlan, ...]
    names: Mapping[str, tuple[str, str]]
    ignored: Mapping[str, str]
    refused: Mapping[str, tuple[str, str]]
    order: Mapping[str, int]
    control: frozenset[str]
    instead: Mapping[str, frozenset[str]]
    defaults: Mapping[str, object]
    validator: Validator
    rules: tuple[Rule, ...]
    advice: tuple[Advice, ...]
    cures: Mapping[str, str]
    guess: Guesser


def _field_plan(name: str, schema: Property) -> FieldPlan:
    choices, items = schema.get("enum"), schema.get("items")
    return FieldPlan(
        name=name,
        schema=schema,
        read=reader_for(schema),
        read_strict=strict_reader_for(schema),
        free_text=bool(schema.get("x-freeText")),
        listed=schema.get("type") == "array",
        urls=isinstance(items, dict) and items.get("format") == "uri",
        dropped=bool(schema.get("x-dropped")),
        ignored=str(schema.get("x-ignored", "")),
        choices=frozenset(choices) if isinstance(choices, list) else frozenset(),
        zone=str(schema.get("x-zone", "")),
        huge=_huge(schema),
    )


def _huge(schema: Property) -> float:
    """Return the bound of a list's entries or a free text's UTF-16 units, else one that is never reached."""
    keyword = "maxItems" if schema.get("type") == "array" else "x-maxUtf16"
    bound = schema.get(keyword)
    return bound if isinstance(bound, int) else float("inf")


def _others(schema: Property, keyword: str) -> list[str]:
    found = schema.get(keyword)
    return [str(name) for name in found] if isinstance(found, list) else []


def _spellings(name: str, schema: Property) -> dict[str, tuple[str, str]]:
    """Return every spelling of a field, the weaker ones first: a later one of the same name wins."""
    aliases, inverses = _others(schema, "x-names"), _others(schema, "x-inverse")
    return {
        **{to_camel(inverse): (name, "inverse_name") for inverse in inverses},
        **dict.fromkeys(inverses, (name, "inverse_name")),
        **{to_camel(spelling): (name, "field_case") for spelling in (name, *aliases)},
        **dict.fromkeys(aliases, (name, "field_alias")),
        name: (name, ""),
    }


def _with_camel_case(names: object) -> dict[str, str]:
    found = names if isinstance(names, dict) else {}
    return {spelling: str(why) for name, why in found.items() for spelling in (name, to_camel(name))}


def _refused(schema: Schema) -> dict[str, tuple[str, str]]:
    """Return the names that are refused where something is sent in them: the problem, and the cure."""
    return {
        name: (problem, cure)
        for keyword, problem in REFUSED_NAMES.items()
        for name, cure in _with_camel_case(schema.get(keyword)).items()
    }


def _advice(schema: Schema) -> tuple[Advice, ...]:
    found = schema.get("x-warnings")
    return tuple(
        Advice(when=tuple(item["when"].items()), warning=str(item["warning"]))
        for item in (found if isinstance(found, list) else [])
    )


def _instead(schema: Schema) -> dict[str, frozenset[str]]:
    """Return the fields of which one is needed, by the one that is named when none comes."""
    rules = schema.get("allOf")
    words = [rule["x-problem"] for rule in (rules if isinstance(rules, list) else [])]
    return {item["field"]: frozenset(item.get("with", ())) for item in words if item["problem"] == "required"}


def compile_plan(schema: Schema, cures: Mapping[str, str] | None = None) -> Plan:
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
        names={**names, **{name: (name, "") for name in members}},
        ignored=_with_camel_case(schema.get("x-ignored")),
        refused=_refused(schema),
        order={name: index for index, name in enumerate(members)},
        control=frozenset(name for name, member in members.items() if member.get("x-control")),
        instead=_instead(schema),
        defaults={name: member["default"] for name, member in members.items() if "default" in member},
        validator=Validator(schema),
        rules=tuple(RULES[name] for name in rules) if isinstance(rules, list) else (),
        advice=_advice(schema),
        cures=cures or {},
        guess=Guesser((*members, *(name for name, (_, rule) in names.items() if rule == "field_alias"))),
    )
