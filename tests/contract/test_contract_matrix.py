"""Every field, in every spelling of the table, in every body: one meaning, one receipt, one hash."""

import json

import pytest

from connector.contract import Understanding, load_contract
from connector.contract.coerce import Property
from connector.contract.plan import compile_plan
from connector.contract.spellings import ABSENCES, KINDS, Spelling, plan_of, rows_of
from connector.contract.understand import understand
from connector.kernel.jsontext import digest
from tests.contract.every_body import bodies, read

CONTRACT = load_contract()
GOOD: dict[str, dict[str, object]] = {
    "post_video": {"source_url": "https://media.example.com/a.mp4", "privacy": "FOLLOWER_OF_CREATOR"},
    "post_photos": {"photo_images": "https://media.example.com/a.jpg", "privacy": "FOLLOWER_OF_CREATOR"},
    "check_status": {"post_id": "post_1"},
    "wait_until_published": {"post_id": "post_1"},
}
FIELDS = [
    (key, name)
    for key in GOOD
    for name in CONTRACT.schema(f"input/{key}")["properties"]  # type: ignore[attr-defined]  # a dict
]


def schema_of(key: str, name: str) -> Property:
    """Return the schema of a field."""
    properties = CONTRACT.schema(f"input/{key}")["properties"]
    assert isinstance(properties, dict)
    found: Property = properties[name]
    return found


def kind_of(schema: Property) -> str:
    """Return the kind of spellings that a field has."""
    unit = {"s": "Whole numbers of seconds", "ms": "Whole numbers of milliseconds", None: "Whole numbers"}
    match schema["type"]:
        case "boolean":
            return "Booleans"
        case "integer":
            return unit[schema.get("x-unit")]  # type: ignore[index]  # one of the three
        case "array":
            return "Lists of URLs"
    if "enum" in schema:
        return "Choices"
    return (
        "Free text"
        if schema.get("x-freeText")
        else "URLs"
        if schema.get("format") == "uri"
        else "Ids and names"
    )


def choices(schema: Property) -> tuple[Spelling, ...]:
    """Return spellings of the choices of a field itself."""
    found, aliases = schema["enum"], schema.get("x-aliases", {})
    assert isinstance(found, list)
    assert isinstance(aliases, dict)
    spelled = [(choice, choice.lower(), f" {choice.title()} ", choice.replace("_", "-")) for choice in found]
    return tuple(Spelling(text, "") for text in [*sum(spelled, ()), *aliases, *map(str.upper, aliases)])


def spellings(key: str, name: str) -> tuple[Spelling, ...]:
    """Return every spelling that is tried in a field."""
    schema = schema_of(key, name)
    own = choices(schema) if "enum" in schema else ()
    return (*own, *KINDS[kind_of(schema)].spellings, *(Spelling(given, "") for given in ABSENCES))


def meaning(found: Understanding) -> str:
    """Return all that a request means, as text that can be compared."""
    problems = [problem.as_dict() for problem in found.problems]
    hashed = digest(found.content)
    return json.dumps([found.input, found.receipt(), problems, hashed], sort_keys=True, indent=1)


def is_json_only(given: object) -> bool:
    """Tell whether only JSON can carry a value, half an emoji being no UTF-8."""
    return isinstance(given, str) and not given.isascii() and "\ud83d" in given


@pytest.mark.parametrize(("key", "name"), FIELDS, ids=str)
def test_a_field_means_the_same_in_every_spelling_and_body(key: str, name: str) -> None:
    for spelling in spellings(key, name):
        rows = {**GOOD[key], name: spelling.given}
        if is_json_only(spelling.given):
            continue
        wanted = meaning(CONTRACT.understand(key, rows))
        for what, body in bodies(rows):
            assert meaning(CONTRACT.understand(key, read(body))) == wanted, (what, spelling.given)


@pytest.mark.parametrize(("key", "name"), FIELDS, ids=str)
def test_a_field_means_the_same_under_each_of_its_names(key: str, name: str) -> None:
    plan = compile_plan(dict(CONTRACT.schema(f"input/{key}")))
    others = [
        other for other, (field, rule) in plan.names.items() if field == name and rule.startswith("field_")
    ]
    for spelling in spellings(key, name):
        wanted = CONTRACT.understand(key, {**GOOD[key], name: spelling.given})
        for other in others:
            base = {field: value for field, value in GOOD[key].items() if field != name}
            found = CONTRACT.understand(key, {**base, other: spelling.given})
            assert found.input == wanted.input
            assert [p.problem for p in found.problems] == [p.problem for p in wanted.problems]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_kind_that_no_field_has_yet_means_the_same_in_every_body(kind: str) -> None:
    for spelling in KINDS[kind].spellings:
        if is_json_only(spelling.given):
            continue
        rows = rows_of(spelling)
        wanted = meaning(understand(plan_of(kind), rows))
        for what, body in bodies(rows):
            assert meaning(understand(plan_of(kind), read(body))) == wanted, (what, spelling.given)
