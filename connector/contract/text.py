"""Values as text for people: JSON, cut where long, and always fit for a UTF-8 answer."""

import json
from typing import Self

from connector.kernel.errors import GOT_LIMIT, cut


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
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _is_clean(text: str) -> bool:
    """Tell whether `text` stands in JSON as it is."""
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


def _quoted(text: str) -> str:
    return f'"{text}"' if _is_clean(text) else json.dumps(text, ensure_ascii=False)


def _shown_text(text: str) -> str:
    if len(text) < GOT_LIMIT - 1:
        return f'"{text}"' if _is_clean(text) else fit(cut(_quoted(text)))
    # Spelled no further than it is shown: a text may be as long as the largest body.
    start = _quoted(text[:GOT_LIMIT])[:GOT_LIMIT]
    return fit(f"{start}... ({len(text) + 2 - GOT_LIMIT} more characters)")


def _spell(value: object, parts: list[str], room: int) -> int:
    """Append the JSON of `value` piece by piece until `room` characters are used up; return what is left."""
    if isinstance(value, str):
        parts.append(_quoted(value[:GOT_LIMIT]))
    elif isinstance(value, list | tuple | dict):
        members = value.items() if isinstance(value, dict) else ((None, item) for item in value)
        parts.append("{" if isinstance(value, dict) else "[")
        for number, (name, item) in enumerate(members):
            parts.append(
                (", " if number else "") + ("" if name is None else f"{_quoted(name[:GOT_LIMIT])}: ")
            )
            room = _spell(item, parts, room - len(parts[-1]))
            if room <= 0:
                return room
        parts.append("}" if isinstance(value, dict) else "]")
    else:
        parts.append(value.text if isinstance(value, ExactNumber) else json.dumps(value))
    return room - len(parts[-1])


def shown(value: object) -> str:
    """Return a value as JSON text of at most some 200 characters; what is no JSON by its type's name.

    Takes no longer for a large value than for a small one.
    """
    if isinstance(value, str):
        return _shown_text(value)
    parts: list[str] = []
    try:
        room = _spell(value, parts, GOT_LIMIT)
    except (TypeError, ValueError, RecursionError):
        return type(value).__name__
    text = fit("".join(parts))
    return text if room > 0 and len(text) <= GOT_LIMIT else f"{text[:GOT_LIMIT]}... (and more)"


def utf16_units(text: str) -> int:
    """Count `text` as TikTok does: in UTF-16 units, of which an emoji has two or more."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
