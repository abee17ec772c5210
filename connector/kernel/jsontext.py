"""JSON as text: the type of a JSON value, and one canonical spelling for hashes."""

import hashlib
import json
from collections.abc import Mapping

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""Any JSON value."""


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_COMPACT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: object) -> str:
    """Spell a JSON value in one way only: sorted keys, no spaces, UTF-8 characters as they are."""
    return _CANONICAL.encode(value)


def compact(value: object) -> str:
    """Spell a JSON value without spaces, its members in the order in which they are given."""
    return _COMPACT.encode(value)


def digest(value: Mapping[str, object]) -> str:
    """Return the SHA-256 of the canonical spelling, 64 hex characters."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()
