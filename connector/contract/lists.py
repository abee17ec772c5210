"""Lists and objects out of text and members, and the reader of any property by its type."""

from collections.abc import Callable, Mapping

from connector.contract.coerce import (
    INTEGER,
    Property,
    Reader,
    alias_reader,
    aliases_of,
    read_boolean,
    read_integer,
    read_number,
    text_reader,
    texts,
    unit_reader,
)
from connector.contract.rows import parse_exact
from connector.contract.urls import split_urls
from connector.kernel.errors import PostrailError

Fits = Callable[[str], bool]
"""Tells whether a piece of text can be an entry of a list by itself."""


def _from_json(text: str) -> object:
    """Read JSON text, None for text that is none."""
    try:
        return parse_exact(text)[0]
    except PostrailError:
        return None


def joins_entries(text: str) -> bool:
    """Tell whether `text` is what is left of a list that a tool has written as text (`1,2,true`)."""
    return "," in text and "://" not in text and not text.lstrip().startswith(("[", "{"))


def split_text(text: str, fits: Fits) -> tuple[list[object], str]:
    """Take a list apart that was sent as text: JSON, commas, lines, or one value.

    A comma separates only where each part can be an entry by itself; one at the end may be left over.
    """
    text = text.strip()
    if text.startswith("[") and isinstance(found := _from_json(text), list):
        return found, "json_text_to_list"
    parts: list[object] = [part.strip() for part in text.removesuffix(",").split(",")]
    if len(parts) > 1 and all(fits(str(part)) for part in parts):
        return parts, "commas_to_list"
    lines: list[object] = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) > 1:
        return lines, "lines_to_list"
    return [text], "single_to_list"


def _from_members(value: Mapping[str, object]) -> list[object] | None:
    """Return the list that `{"0": .., "1": ..}` or n8n's `{"": ..}` stands for."""
    if list(value) == [""]:
        only = value[""]
        return only if isinstance(only, list) else [only]
    if value and all(INTEGER.fullmatch(key) and key.isdecimal() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    return None


def list_reader(items: Property) -> Reader:
    """Return a reader of a list whose entries have the schema `items`."""
    read_item, fits = reader_for(items) if items.get("type") else _as_it_is, fitting(items)
    urls, numeric = items.get("format") == "uri", items.get("type") in {"integer", "number"}

    def read(value: object) -> tuple[object, str]:
        rule = ""
        if isinstance(value, str):
            value, rule = (split_urls(value) if urls else None) or split_text(value, fits)
        elif numeric and isinstance(value, int | float) and not isinstance(value, bool):
            value, rule = [value], "single_to_list"
        elif isinstance(value, dict) and (found := _from_members(value)) is not None:
            value, rule = found, "indexed_to_list"
        if not isinstance(value, list):
            return value, rule
        entries = [read_item(item) for item in value]
        if rule or not any(changed for _, changed in entries):
            return [item for item, _ in entries], rule
        only = {changed for _, changed in entries if changed}
        return [item for item, _ in entries], "trimmed" if only == {"trimmed"} else "entries_read"

    return read


def _as_it_is(value: object) -> tuple[object, str]:
    return value, ""


def fitting(items: Property) -> Fits:
    """Return the test of whether a piece of text between commas can be an entry; free text never can."""
    if "enum" in items or items.get("type") in {"boolean", "integer", "number"}:
        read, choices = reader_for(items), frozenset(texts(items.get("enum")))
        return lambda text: text in choices or read(text)[1] != ""
    return lambda _: False


def object_reader(members: Mapping[str, Property]) -> Reader:
    """Return a reader of an object whose members have these schemas; other members stay as they are."""
    readers = {name: reader_for(member) for name, member in members.items()}

    def read(value: object) -> tuple[object, str]:
        rule = ""
        if isinstance(value, str) and value.lstrip().startswith("{"):
            found = _from_json(value)
            value, rule = (found, "json_text_to_object") if isinstance(found, dict) else (value, "")
        if not isinstance(value, dict):
            return value, rule
        entries = {name: readers.get(name, _as_it_is)(item) for name, item in value.items()}
        changed = any(how for _, how in entries.values())
        return {name: item for name, (item, _) in entries.items()}, rule or (
            "members_read" if changed else ""
        )

    return read


def _members(schema: Property, keyword: str) -> dict[str, Property]:
    found = schema.get(keyword)
    return found if isinstance(found, dict) else {}


def reader_for(schema: Property) -> Reader:
    """Choose the reader of a property by its type. Raises ValueError for a type that has none."""
    match schema.get("type"):
        case "boolean":
            return read_boolean
        case "integer":
            return unit_reader(str(schema["x-unit"])) if "x-unit" in schema else read_integer
        case "number":
            return read_number
        case "array":
            return list_reader(_members(schema, "items"))
        case "object":
            return object_reader(_members(schema, "properties"))
        case "string":
            return text_reader(schema)
        case other:
            raise ValueError(f"no reader for {other!r}")


def strict_reader_for(schema: Property) -> Reader:
    """Return the reader of strict mode, which converts nothing.

    `5.0` is no conversion: JSON Schema counts it as the whole number 5.
    """
    if schema.get("type") in {"integer", "number"}:
        return lambda value: read_integer(value) if isinstance(value, float) else (value, "")
    return alias_reader(aliases_of(schema))


read_url_list = list_reader({"type": "string", "format": "uri"})
"""The reader of a list of URLs."""
