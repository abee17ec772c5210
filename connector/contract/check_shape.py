"""Checks of single files: readable, rightly named, every `$ref` leading somewhere, held by a meta-schema."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import jsonschema_rs
import yaml

from connector.contract.finding import Finding, schema_file
from connector.contract.load import SCHEMA_BASE, Schema, Sources, inline, read_yaml
from connector.contract.validate import field_path


def unreadable(root: Path) -> Iterator[Finding]:
    """Find files that are not the JSON or YAML that their names say."""
    for path in sorted([*(root / "schemas").rglob("*.json"), *(root / "manifests").rglob("*.yaml")]):
        try:
            found = json.loads(path.read_bytes()) if path.suffix == ".json" else read_yaml(path)
            broken = "" if isinstance(found, dict) else "it holds no object"
        except (ValueError, yaml.YAMLError) as error:
            broken = str(error).replace("\n", " ")
        if broken:
            name = path.relative_to(root).as_posix()
            yield Finding(file=name, where="", what=f"it cannot be read: {broken}", cure="correct its syntax")


def misnamed_schemas(sources: Sources) -> Iterator[Finding]:
    """Find schemas whose `$id` is not the address that their file has."""
    for name, schema in sources.schemas.items():
        wanted = f"{SCHEMA_BASE}{name}.json"
        if schema.get("$id") != wanted:
            yield Finding(
                file=schema_file(name),
                where="$id",
                what=f"it is {schema.get('$id')!r}",
                cure=f"set it to {wanted}",
            )


def lost_references(sources: Sources) -> Iterator[Finding]:
    """Find `$ref` that lead nowhere or back to themselves."""
    for name in sources.schemas:
        try:
            inline(name, sources.schemas)
        except KeyError as error:
            yield Finding(
                file=schema_file(name),
                where="$ref",
                what=f"a reference leads nowhere: {error.args[0]}",
                cure="name a schema under schemas/ and a place that it has",
            )


def broken_schemas(schemas: Mapping[str, Schema]) -> Iterator[Finding]:
    """Find schemas that are not JSON Schema 2020-12."""
    for name, schema in schemas.items():
        if not jsonschema_rs.meta.is_valid(schema):
            yield Finding(
                file=schema_file(name),
                where="",
                what="it is not JSON Schema 2020-12",
                cure="correct its keywords",
            )


def _held(file: str, document: object, meta: Schema) -> Iterator[Finding]:
    validator = jsonschema_rs.Draft202012Validator(meta, validate_formats=False)
    for error in validator.iter_errors(document):
        yield Finding(
            file=file, where=field_path(error.instance_path), what=error.message, cure=f"see {meta['$id']}"
        )


def against_meta(sources: Sources, schemas: Mapping[str, Schema]) -> Iterator[Finding]:
    """Find manifests and input schemas that their meta-schemas refuse."""
    for path, document in sources.manifests.items():
        folder = path.rpartition("/")[0]
        meta = f"meta/{folder.removesuffix('s') if folder else path.removesuffix('.yaml')}"
        if meta in schemas:
            yield from _held(f"manifests/{path}", document, schemas[meta])
        else:
            yield Finding(
                file=f"manifests/{path}", where="", what="nothing holds it", cure=f"write schemas/{meta}.json"
            )
    for name, schema in schemas.items():
        if name.startswith("input/") and "properties" in schema:
            yield from _held(schema_file(name), schema, schemas["meta/input-schema"])
