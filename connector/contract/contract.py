"""The facade: everything that is offered, as one frozen object, loaded once."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType

from connector.contract.bounds import CleanRows
from connector.contract.cures import cures_of
from connector.contract.load import (
    Schema,
    inline,
    parse_connector,
    parse_dialects,
    parse_errors,
    parse_operations,
    parse_tools,
    read_sources,
)
from connector.contract.locate import data_root
from connector.contract.model import Connector, Dialect, ErrorEntry, Operation, Tool
from connector.contract.plan import Plan, compile_plan
from connector.contract.receipt import Understanding
from connector.contract.swift import ShortWay, Swift
from connector.contract.translate import Translated, translate
from connector.contract.understand import understand
from connector.contract.words import nearest
from connector.kernel.errors import PostrailError


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What is offered: the connector, its operations, errors, dialects, tools and schemas.

    `cures` maps the mistakes of tools to what to do about them in each tool.
    """

    connector: Connector
    operations: Mapping[str, Operation]
    errors: Mapping[str, ErrorEntry]
    dialects: Mapping[str, Dialect]
    tools: Mapping[str, Tool]
    cures: Mapping[str, str]
    _schemas: Mapping[str, Schema] = field(repr=False)
    _plans: Mapping[str, Plan] = field(repr=False)
    _swift: Mapping[str, ShortWay] = field(repr=False)

    def operation(self, key: str) -> Operation:
        """Return an operation. Raises PostrailError `not_found`, with the name that was probably meant."""
        if key in self.operations:
            return self.operations[key]
        raise PostrailError("not_found", f"There is no operation {key!r}.{_hint(key, self.operations)}")

    def schema(self, name: str) -> Mapping[str, object]:
        """Return a schema, such as `input/post_video`, without `$ref`. Raises PostrailError `not_found`."""
        if name in self._schemas:
            return self._schemas[name]
        raise PostrailError("not_found", f"There is no schema {name!r}.{_hint(name, self._schemas)}")

    def schema_names(self) -> tuple[str, ...]:
        """Return the names of all schemas, sorted."""
        return tuple(sorted(self._schemas))

    def error(self, code: str) -> ErrorEntry:
        """Return an error of the catalogue; for a code of TikTok's that it lacks, an entry that says so."""
        return self.errors.get(code) or _unknown_error(code)

    def describe(self, key: str) -> dict[str, object]:
        """Return an operation's manifest as JSON, with its input and output schema in place of their names.

        Raises PostrailError `not_found`.
        """
        operation = self.operation(key)
        action = operation.operation
        document = operation.model_dump(exclude_none=True)
        document["operation"]["inputSchema"] = deepcopy(self.schema(action.input_schema))
        document["operation"]["outputSchema"] = deepcopy(self.schema(action.output_schema))
        return document

    def understand(
        self, key: str, rows: Mapping[str, object], *, strict: bool = False, dialect: str | None = None
    ) -> Understanding:
        """Turn rows into the canonical input of an operation, with a receipt and every problem at once.

        `strict` converts nothing and refuses unknown fields; `dialect` lends its fallbacks. No rows raise
        anything; an unknown operation or dialect raises PostrailError `not_found`.
        """
        found = self._dialect(dialect) if dialect else None
        if type(rows) is CleanRows and not strict and key in self._swift and not (found and found.defaults):
            short = self._swift[key](rows)
            if short is not None:
                return short
        self.operation(key)
        return understand(self._plans[key], rows, strict=strict, dialect=found)

    def understand_one(self, key: str, name: str, rows: Mapping[str, object]) -> Understanding:
        """Understand rows of which one field of an operation is needed, and no other is known.

        Every problem of the field is `bad_request`. Raises PostrailError `not_found` for an unknown
        operation.
        """
        properties = self.schema(self.operation(key).operation.input_schema)["properties"]
        known = properties if isinstance(properties, dict) else {}
        members = {name: {**known[name], "x-code": "bad_request"}, "strict": known["strict"]}
        schema: Schema = {"type": "object", "properties": members, "required": [name]}
        return understand(compile_plan(schema, self.cures), rows)

    def translate(self, dialect: str, path: str, rows: Mapping[str, object]) -> Translated:
        """Map a dialect's request onto an operation and its rows. Raises PostrailError `not_found`."""
        return translate(self._dialect(dialect), path, rows, self._plans)

    def _dialect(self, name: str) -> Dialect:
        if name in self.dialects:
            return self.dialects[name]
        raise PostrailError("not_found", f"There is no dialect {name!r}.{_hint(name, self.dialects)}")


def _hint(name: str, known: Mapping[str, object]) -> str:
    guess = nearest(name, list(known))
    return f" Did you mean {guess}?" if guess else ""


def _unknown_error(code: str) -> ErrorEntry:
    return ErrorEntry(
        code=code,
        error_class="fatal",
        http=400,
        who="tiktok",
        retryable=False,
        message=f"TikTok refused the request: {code}.",
        cause="TikTok has answered with a code that is not in the catalogue.",
        fix="Look the code up in TikTok's documentation; give tiktok_log_id to TikTok's support.",
    )


def build_contract(root: Path) -> Contract:
    """Load the manifests and schemas under `root`.

    Raises OSError, ValueError, KeyError, yaml.YAMLError or pydantic.ValidationError for a broken file.
    """
    sources = read_sources(root)
    connector = parse_connector(sources)
    operations = parse_operations(sources, connector.operations)
    schemas = {name: inline(name, sources.schemas) for name in sources.schemas}
    tools = parse_tools(sources)
    cures = cures_of(tools.values())
    plans = {
        key: compile_plan(schemas[found.operation.input_schema], cures) for key, found in operations.items()
    }
    return Contract(
        connector=connector,
        operations=MappingProxyType(operations),
        errors=MappingProxyType(parse_errors(sources)),
        dialects=MappingProxyType(parse_dialects(sources)),
        tools=MappingProxyType(tools),
        cures=MappingProxyType(cures),
        _schemas=MappingProxyType(schemas),
        _plans=MappingProxyType(plans),
        # A plain dictionary: it is looked into for every request.
        _swift={
            key: Swift(plans[key], schemas[found.operation.input_schema]).understand
            for key, found in operations.items()
        },
    )


@cache
def load_contract() -> Contract:
    """Return the contract of this installation, read once per process. Raises as `build_contract`."""
    return build_contract(data_root())
