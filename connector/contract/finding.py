"""What a check finds, and the documents it looks at."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from connector.contract.contract import Contract
from connector.contract.load import Schema, Sources


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong: in which file, where in it, what, and how to mend it."""

    file: str
    where: str
    what: str
    cure: str

    def __str__(self) -> str:
        place = f"{self.file} at {self.where}" if self.where else self.file
        return f"{place}: {self.what}. {self.cure[:1].upper()}{self.cure[1:]}."


@dataclass(frozen=True, kw_only=True)
class Documents:
    """The documents as they stand, the schemas without `$ref`, and the contract built of them."""

    sources: Sources
    schemas: Mapping[str, Schema]
    contract: Contract


Check = Callable[[Documents], Iterator[Finding]]


def members(value: object) -> dict[str, object]:
    """Return a JSON object's members, none for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """Return a JSON list's entries, none for anything else."""
    return value if isinstance(value, list) else []


def schema_file(name: str) -> str:
    """Return the file of a schema."""
    return f"schemas/{name}.json"


def operation_file(key: str) -> str:
    """Return the file of an operation's manifest."""
    return f"manifests/operations/{key}.yaml"
