"""Values as text for people: JSON, cut where long, and always fit for a UTF-8 answer."""

import json
from typing import Self

from connector.kernel.errors import cut


class ExactNumber(float):
    """A JSON number with a fraction or exponent that remembers how it was written (`1.10`)."""

    text: str

    def __new__(cls, text: str) -> Self:
        """Read `text`, which JSON's grammar has already accepted."""
        number = super().__new__(cls, text)
        number.text = text
        return number


def fit(text: str) -> str:
    r"""Spell out lone surrogates (`\ud800`), which no UTF-8 answer can carry."""
    return text.encode("utf-8", "backslashreplace").decode()


def shown(value: object) -> str:
    """Return a value as JSON text of at most some 200 characters; what is no JSON by its type's name."""
    if isinstance(value, ExactNumber):
        return value.text
    try:
        return fit(cut(json.dumps(value, ensure_ascii=False)))
    except (TypeError, ValueError, RecursionError):
        return type(value).__name__


def utf16_units(text: str) -> int:
    """Count `text` as TikTok does: in UTF-16 units, of which an emoji has two or more."""
    return len(text) + sum(character > "\uffff" for character in text)
