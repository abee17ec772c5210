"""Reads `manifests/` and `schemas/` and resolves every `$ref`: nobody else reads or follows pointers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import yaml

from connector.contract.model import Connector, Dialect, ErrorEntry, Operation, Tool

SCHEMA_BASE = "https://postrail.dev/schemas/"
"""What every schema's `$id` begins with; the rest is its path under `schemas/`."""

Schema = dict[str, object]

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The documents as they stand in the files: schemas by name (`input/post_video`), manifests by path."""

    schemas: Mapping[str, Schema]
    manifests: Mapping[str, object]

    def folder(self, name: str) -> dict[str, object]:
        """Return the manifests of one folder by their file's stem, sorted."""
        prefix = f"{name}/"
        return {
            path.removeprefix(prefix).removesuffix(".yaml"): document
            for path, document in sorted(self.manifests.items())
            if path.startswith(prefix)
        }


def read_yaml(path: Path) -> object:
    """Read one YAML file. Raises yaml.YAMLError."""
    with path.open("rb") as file:
        return yaml.load(file, Loader=_Loader)  # noqa: S506 - it is the safe loader, in C where there is one


def read_sources(root: Path) -> Sources:
    """Read every document under `root`. Raises OSError, ValueError (JSON) or yaml.YAMLError."""
    schemas, manifests = root / "schemas", root / "manifests"
    return Sources(
        schemas={
            path.relative_to(schemas).with_suffix("").as_posix(): json.loads(path.read_bytes())
            for path in sorted(schemas.rglob("*.json"))
        },
        manifests={
            path.relative_to(manifests).as_posix(): read_yaml(path)
            for path in sorted(manifests.rglob("*.yaml"))
        },
    )


def point(document: object, pointer: str) -> object:
    """Follow a JSON pointer (RFC 6901) into `document`. Raises KeyError when it leads nowhere."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        elif isinstance(document, dict) and key in document:
            document = document[key]
        else:
            raise KeyError(pointer)
    return document


def _resolve(ref: str, base: str, schemas: Mapping[str, Schema]) -> tuple[object, str]:
    """Return what a `$ref` in the document at `base` names, and the document it stands in."""
    url, fragment = urldefrag(urljoin(base, ref))
    name = url.removeprefix(SCHEMA_BASE).removesuffix(".json")
    if name not in schemas:
        raise KeyError(f"{ref} names no schema of ours")
    return point(schemas[name], fragment), url


def _inline(node: object, base: str, schemas: Mapping[str, Schema], trail: tuple[str, ...]) -> object:
    if isinstance(node, list):
        return [_inline(item, base, schemas, trail) for item in node]
    if not isinstance(node, dict):
        return node
    rest = {key: _inline(value, base, schemas, trail) for key, value in node.items() if key != "$ref"}
    ref = node.get("$ref")
    if not isinstance(ref, str):
        return rest if ref is None else {"$ref": ref, **rest}
    if (mark := urljoin(base, ref)) in trail:
        raise KeyError(f"{ref} leads back to itself")
    target, target_base = _resolve(ref, base, schemas)
    resolved = _inline(target, target_base, schemas, (*trail, mark))
    return {**resolved, **rest} if isinstance(resolved, dict) else resolved


def inline(name: str, schemas: Mapping[str, Schema]) -> Schema:
    """Return the schema of that name, each `$ref` replaced by what it names; what stands beside it wins.

    Raises KeyError when a `$ref` leads nowhere or back to itself.
    """
    document = schemas[name]
    whole = _inline(document, f"{SCHEMA_BASE}{name}.json", schemas, ())
    return whole if isinstance(whole, dict) else document


def parse_connector(sources: Sources) -> Connector:
    """Return the connector's identity. Raises pydantic.ValidationError."""
    return Connector.model_validate(sources.manifests["connector.yaml"])


def parse_operations(sources: Sources, order: tuple[str, ...]) -> dict[str, Operation]:
    """Return the operations by key, in the connector's `order`. Raises KeyError, pydantic.ValidationError."""
    folder = sources.folder("operations")
    return {key: Operation.model_validate(folder[key]) for key in order}


def parse_errors(sources: Sources) -> dict[str, ErrorEntry]:
    """Return the error catalogue by code. Raises TypeError, pydantic.ValidationError."""
    document = sources.manifests["errors.yaml"]
    if not isinstance(document, dict):
        raise TypeError("errors.yaml maps codes to entries")
    return {code: ErrorEntry.model_validate({"code": code, **entry}) for code, entry in document.items()}


def parse_dialects(sources: Sources) -> dict[str, Dialect]:
    """Return the dialects by key. Raises pydantic.ValidationError."""
    return {key: Dialect.model_validate(document) for key, document in sources.folder("dialects").items()}


def parse_tools(sources: Sources) -> dict[str, Tool]:
    """Return the wording of each tool by its key. Raises pydantic.ValidationError."""
    return {key: Tool.model_validate(document) for key, document in sources.folder("tools").items()}
