"""Checks across files: examples and anti-examples, fields, samples, names and codes that others must have."""

from collections.abc import Iterator, Mapping

import jsonschema
import jsonschema_rs

from connector.contract.coerce import RULES as COERCIONS
from connector.contract.finding import Documents, Finding, items, members, operation_file, schema_file
from connector.contract.load import Schema
from connector.contract.model import Dialect
from connector.contract.suspect import OF_TOOLS


def _is_valid(schema: Schema, value: object) -> bool:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=False).is_valid(value)


def _cases(schema: Mapping[str, object]) -> Iterator[tuple[str, object, bool, str]]:
    """Yield place, value, whether it must be valid, and why not, for each example and anti-example."""
    for number, value in enumerate(items(schema.get("examples"))):
        yield f"examples[{number}]", value, True, ""
    for number, case in enumerate(items(schema.get("x-antiExamples"))):
        if isinstance(case, dict) and "value" in case:
            yield f"x-antiExamples[{number}]", case["value"], False, str(case.get("reason", ""))


def _accepts(documents: Documents, name: str, value: object) -> bool:
    """Tell whether a schema, and for input the rules beside it, accept a value as it stands."""
    if not _is_valid(documents.schemas[name], value):
        return False
    keys = [
        key for key, found in documents.contract.operations.items() if found.operation.input_schema == name
    ]
    return all(
        isinstance(value, dict) and documents.contract.understand(key, value, strict=True).ok for key in keys
    )


def wrong_examples(documents: Documents) -> Iterator[Finding]:
    """Find examples that are refused, and anti-examples that are accepted."""
    for name, schema in documents.schemas.items():
        for place, value, wanted, reason in _cases(schema):
            if _accepts(documents, name, value) is not wanted:
                what = (
                    "the example is refused" if wanted else f"the anti-example is accepted, although {reason}"
                )
                yield Finding(file=schema_file(name), where=place, what=what, cure="correct it or the schema")


def disagreements(documents: Documents) -> Iterator[Finding]:
    """Find examples and anti-examples on which jsonschema and jsonschema-rs differ."""
    for name, schema in documents.schemas.items():
        slow = jsonschema.Draft202012Validator(schema)
        for place, value, _, _ in _cases(schema):
            if slow.is_valid(value) != _is_valid(schema, value):
                yield Finding(
                    file=schema_file(name),
                    where=place,
                    what="jsonschema and jsonschema-rs disagree on it",
                    cure="say it with keywords that both read alike",
                )


def wrong_property_examples(documents: Documents) -> Iterator[Finding]:
    """Find examples and defaults of input properties that the property itself refuses."""
    for name, schema in documents.schemas.items():
        for key, found in members(schema.get("properties")).items() if name.startswith("input/") else ():
            member = members(found)
            values = [*items(member.get("examples")), *([member["default"]] if "default" in member else [])]
            for value in values:
                if not _is_valid(member, value):
                    what = f"the example or default {value!r} is refused"
                    yield Finding(
                        file=schema_file(name), where=key, what=what, cure="correct it or the property"
                    )


def misnamed_operations(documents: Documents) -> Iterator[Finding]:
    """Find operations whose key is not their file's name, or that the connector does not list."""
    files = set(documents.sources.folder("operations"))
    listed = set(documents.contract.operations)
    for key in sorted(files - listed):
        yield Finding(
            file=operation_file(key), where="key", what="no tool shows it", cure="list it in connector.yaml"
        )
    for stem, operation in documents.contract.operations.items():
        if operation.key != stem:
            yield Finding(
                file=operation_file(stem),
                where="key",
                what=f"it is {operation.key!r}",
                cure="name it as the file",
            )


def unlisted_fields(documents: Documents) -> Iterator[Finding]:
    """Find input fields that stand in the schema alone, in the manifest alone, or twice."""
    for key, operation in documents.contract.operations.items():
        known = set(members(documents.contract.schema(operation.operation.input_schema).get("properties")))
        listed = [field.key for field in operation.operation.input_fields]
        needed = {field.depends_on for field in operation.operation.input_fields if field.depends_on}
        wrong = {
            "it is no property of the input schema": (set(listed) | needed) - known,
            "it is missing from inputFields": known - set(listed),
            "it is listed twice": {name for name in listed if listed.count(name) > 1},
        }
        for what, names in wrong.items():
            for name in sorted(names):
                yield Finding(
                    file=operation_file(key),
                    where=name,
                    what=what,
                    cure="list each property once in inputFields",
                )


def wrong_samples(documents: Documents) -> Iterator[Finding]:
    """Find samples that the output schema refuses."""
    for key, operation in documents.contract.operations.items():
        schema = documents.schemas.get(operation.operation.output_schema)
        if schema is None:
            cure = "name a schema under schemas/"
            yield Finding(
                file=operation_file(key), where="outputSchema", what="there is no such schema", cure=cure
            )
            continue
        for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(operation.operation.sample):
            yield Finding(
                file=operation_file(key),
                where="sample",
                what=error.message,
                cure="correct the sample or the schema",
            )


def _codes(node: object) -> Iterator[str]:
    """Yield every error code that a schema names."""
    for value in items(node):
        yield from _codes(value)
    for key, value in members(node).items():
        if key == "x-code":
            yield from ([value] if isinstance(value, str) else map(str, members(value).values()))
        elif key == "x-problem" and "code" in members(value):
            yield str(members(value)["code"])
        else:
            yield from _codes(value)


def unknown_codes(documents: Documents) -> Iterator[Finding]:
    """Find error codes in schemas and dialects that the catalogue lacks."""
    named = [
        (schema_file(name), code)
        for name, schema in documents.schemas.items()
        if not name.startswith("meta/")
        for code in _codes(schema)
    ]
    for key, dialect in documents.contract.dialects.items():
        named += [
            (f"manifests/dialects/{key}.yaml", code) for pair in dialect.errors.items() for code in pair
        ]
    for file, code in sorted(set(named)):
        if code not in documents.contract.errors:
            yield Finding(
                file=file, where=code, what="no such error code", cure="add it to manifests/errors.yaml"
            )


def _dialect_names(documents: Documents, dialect: Dialect) -> Iterator[tuple[str, bool]]:
    """Yield every name that a dialect takes from elsewhere, and whether it is there."""
    plans = {
        key: members(documents.contract.schema(found.operation.input_schema).get("properties"))
        for key, found in documents.contract.operations.items()
    }
    everywhere = {name for properties in plans.values() for name in properties}
    for route in dialect.routes:
        yield from ((choice.operation, choice.operation in plans) for choice in route.choose)
        yield from (
            (choice.when.field, choice.when.field in everywhere) for choice in route.choose if choice.when
        )
    yield from ((name, name in everywhere) for name in dialect.defaults)
    for fallback in dialect.fallbacks:
        choices = [items(members(found.get(fallback.field)).get("enum")) for found in plans.values()]
        yield f"{fallback.field}: {fallback.to}", any(fallback.to in listed for listed in choices)
    for overflow in dialect.overflows:
        properties = plans.get(overflow.operation, {})
        yield from ((name, name in properties) for name in (overflow.field, overflow.to))
        yield overflow.rule, overflow.rule in COERCIONS


def lost_dialect_names(documents: Documents) -> Iterator[Finding]:
    """Find operations, fields, choices and rules that a dialect names and nobody has."""
    for key, dialect in documents.contract.dialects.items():
        for name, known in _dialect_names(documents, dialect):
            if not known:
                yield Finding(
                    file=f"manifests/dialects/{key}.yaml",
                    where=name,
                    what="there is no such operation, field, choice or rule",
                    cure="name one that the schemas have",
                )


def wrong_cures(documents: Documents) -> Iterator[Finding]:
    """Find tools that cure a mistake nobody makes, lack the cure of one, or are not named as their file."""
    for stem, tool in documents.contract.tools.items():
        file = f"manifests/tools/{stem}.yaml"
        if tool.key != stem:
            yield Finding(file=file, where="key", what=f"it is {tool.key!r}", cure="name it as the file")
        for name in sorted(tool.cures.keys() ^ OF_TOOLS.keys()):
            what = "no such mistake" if name in tool.cures else "the cure of a mistake is missing"
            yield Finding(file=file, where=name, what=what, cure="see connector/contract/suspect.py")


def _fields_named(schema: Schema) -> Iterator[str]:
    """Yield every field that a condition, a warning or another field names."""
    for item in items(schema.get("x-warnings")):
        yield from members(members(item).get("when"))
    for rule in items(schema.get("allOf")):
        words = members(members(rule).get("x-problem"))
        yield from (str(words.get("field")), *map(str, items(words.get("with"))))
    for found in members(schema.get("properties")).values():
        yield from (str(members(found)[keyword]) for keyword in ("x-zone",) if keyword in members(found))


def unknown_fields_named(documents: Documents) -> Iterator[Finding]:
    """Find conditions and warnings of input schemas that name a field which is not there."""
    for operation in documents.contract.operations.values():
        name = operation.operation.input_schema
        known = members(documents.schemas[name].get("properties")).keys()
        for field in sorted(set(_fields_named(documents.schemas[name])) - known):
            what, cure = "there is no such field", "name one that the schema has"
            yield Finding(file=schema_file(name), where=field, what=what, cure=cure)


CHECKS = (
    misnamed_operations,
    wrong_examples,
    disagreements,
    wrong_property_examples,
    unlisted_fields,
    wrong_samples,
    unknown_codes,
    lost_dialect_names,
    wrong_cures,
    unknown_fields_named,
)
