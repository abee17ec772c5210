"""A JSON body into rows, losslessly and within bounds.

The fast parser reads what it cannot get wrong; where it would hide a name that comes twice, round a number or
swallow a character, the exact one reads instead. What cannot be read at all raises PostrailError
`bad_request`; everything else is for the schema to judge.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping

import orjson

from connector.contract.bounds import LIMITS, CleanRows, Limits, Rows, check_count, check_depth, refuse
from connector.contract.names import rows_from_pairs
from connector.contract.suspect import BROKEN_JSON
from connector.contract.text import ExactNumber, shown

NAME_KEYS = ("name", "key")
"""What a list of rows may call the name of a row."""


class _Reader:
    """Hooks of the exact JSON parser: sees names that come twice and refuses what JSON does not have."""

    def __init__(self) -> None:
        self.repeated: set[str] = set()

    def members(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        """Build an object; of a name that comes twice the last one wins and is noted."""
        found = dict(pairs)
        if len(found) < len(pairs):
            times = Counter(name for name, _ in pairs)
            self.repeated.update(name for name, count in times.items() if count > 1)
        return found

    @staticmethod
    def constant(word: str) -> object:
        """Refuse NaN and Infinity, which some tools write although JSON lacks them."""
        refuse(
            "not_a_number",
            f"The body has {word} where JSON has a number, text, true, false or null.",
            got=word,
            expected="JSON",
            fix="send a number, or leave the field out",
        )

    @classmethod
    def real(cls, text: str) -> ExactNumber:
        """Keep a fraction as written; refuse one that no computer holds (1e999)."""
        number = ExactNumber(text)
        if number in {float("inf"), float("-inf")}:
            cls.constant(shown(text))
        return number


MOST_COMMAS = 4
"""Commas for each member allowed, beyond which a body is not even parsed: no field takes so long a text."""


def parse_exact(text: str, limits: Limits = LIMITS) -> tuple[object, frozenset[str]]:
    """Read JSON text; return the value and the names that stood twice in one object.

    Integers of any size stay exact, fractions remember how they were written. Raises PostrailError
    `bad_request`.
    """
    check_count(text.count(",") // MOST_COMMAS, limits)
    reader = _Reader()
    try:
        value = json.loads(
            text, object_pairs_hook=reader.members, parse_constant=reader.constant, parse_float=reader.real
        )
    except json.JSONDecodeError as error:
        _refuse_form(text)
        near = text[max(error.pos - 20, 0) : error.pos + 20]
        what = error.msg.removesuffix(" at")
        refuse(
            BROKEN_JSON.problem,
            f"The body is not JSON: {what} at line {error.lineno}, column {error.colno}.",
            got=shown(near),
            expected=BROKEN_JSON.expected,
            fix=BROKEN_JSON.fix,
        )
    except (ValueError, RecursionError):
        refuse(
            "too_deep",
            "The body has a number or a nesting that is too long to be read.",
            expected=LIMITS.words(),
            fix="send long numbers as text",
        )
    return value, frozenset(reader.repeated)


_FORM = re.compile(r"[A-Za-z_][\w.\[\]%]{0,100}=", re.ASCII)


def _refuse_form(text: str) -> None:
    """Raise PostrailError `bad_request` for a form that was sent as something else."""
    if _FORM.match(text):
        refuse(
            "form_as_text",
            "The body looks like a form, but its Content-Type does not say so.",
            got=shown(text[:40]),
            expected="JSON, or a form that is called one",
            fix="send Content-Type: application/x-www-form-urlencoded",
        )


def _texts(data: bytes, limits: Limits) -> CleanRows | None:
    """Read an object of texts with the fast parser; None where that is not the whole truth about `data`.

    Of a name that comes twice the parser keeps one. Writing the result gives the body again if JavaScript has
    written it; any other must have just four quotation marks for each member, and none within a text.
    """
    try:
        found = orjson.loads(data)
        texts = "".join(tuple(found.values()))
    except (orjson.JSONDecodeError, AttributeError, TypeError):
        return None
    whole = orjson.dumps(found) == data or ('"' not in texts and 4 * len(found) == data.count(b'"'))
    return CleanRows(found) if whole and "\0" not in texts and len(found) <= limits.max_fields else None


def _is_plain(value: object, levels: int) -> bool:
    """Tell whether a value holds no fraction (the fast parser rounds), no NUL, and not too many levels."""
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, dict):
        return levels > 0 and _is_plain([*value, *value.values()], levels - 1)
    if isinstance(value, list):
        return levels > 0 and all(_is_plain(item, levels - 1) for item in value)
    return not isinstance(value, float)


def _compact(data: bytes, limits: Limits) -> CleanRows | None:
    """Read any object as JavaScript writes it; None where that is not the whole truth about `data`."""
    if data.count(b",") + data.count(b"[") + data.count(b"{") > limits.max_fields:
        return None
    try:
        found = orjson.loads(data)
        whole = isinstance(found, dict) and orjson.dumps(found) == data
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return CleanRows(found) if whole and _is_plain(found, limits.max_depth) else None


def _measure(value: object, limits: Limits) -> None:
    """Count levels and members of a value. Raises PostrailError `bad_request` as soon as one is too many."""
    count, level = 0, [value]
    for depth in range(limits.max_depth + 2):
        check_depth(depth, limits)
        below: list[object] = []
        for item in level:
            if isinstance(item, dict | list):
                below += item.values() if isinstance(item, dict) else item
                check_count(count + len(below), limits)
        if not below:
            return
        count, level = count + len(below), below


def decode(data: bytes) -> str:
    """Read bytes as UTF-8, a byte order mark aside. Raises PostrailError `bad_request`."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(
            "not_utf8",
            "The body is not UTF-8 text.",
            got=f"byte {data[error.start]:#04x} at {error.start}",
            expected="UTF-8",
            fix="send the text as UTF-8; send files as URLs",
        )


def rows_from_json(data: bytes, limits: Limits = LIMITS) -> Rows:
    """Read a JSON body: an object, or a list of `{name, value}` rows. An empty body has no rows.

    Integers of any size stay exact. Raises PostrailError `bad_request`.
    """
    found = _texts(data, limits)
    if found is None:
        found = _compact(data, limits)
    if found is not None:
        return found
    text = decode(data)
    if not text.strip():
        return Rows()
    value, repeated = parse_exact(text, limits)
    warnings = [f"{shown(name)} was sent twice; the last one counts." for name in sorted(repeated)]
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        value, _ = parse_exact(value, limits)
        warnings.append("The body was JSON within JSON text; the object within was read.")
    _measure(value, limits)
    if isinstance(value, dict):
        return Rows.of(value, warnings=warnings)
    if isinstance(value, list) and all(_is_row(item) for item in value):
        return Rows.of(rows_from_pairs([_pair(item) for item in value], limits), warnings=warnings)
    return refuse(
        "not_an_object",
        "The body is JSON, but no object with fields.",
        got=shown(value),
        expected='an object such as {"privacy": "SELF_ONLY"}',
        fix="send one object per request",
    )


def _is_row(item: object) -> bool:
    return isinstance(item, dict) and any(isinstance(item.get(key), str) for key in NAME_KEYS)


def _pair(item: Mapping[str, object]) -> tuple[str, object]:
    name = next(item[key] for key in NAME_KEYS if isinstance(item.get(key), str))
    return str(name), item.get("value")
