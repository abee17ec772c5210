"""Recognises a request that was put into one of its own fields."""

from collections.abc import Container, Mapping

from connector.contract.rows import parse_exact
from connector.kernel.errors import PostrailError


def _object(value: object) -> Mapping[str, object]:
    """Return the object that a value is, or holds as JSON text; an empty one for anything else."""
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            value = parse_exact(value)[0]
        except PostrailError:
            return {}
    return value if isinstance(value, dict) else {}


def names_within(name: str, value: object, known: Container[str]) -> list[str]:
    """Return the names of fields that a row holds which is none: in an object, as JSON text, or in its name.

    `known` are the names of the fields. A form makes JSON the name of an empty field.
    """
    inside = _object(value) or (_object(name) if name[:1] == "{" else {})
    return [member for member in inside if member in known] if inside else []
