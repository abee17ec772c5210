"""Any body into rows: JSON, form pairs and lists of `{name, value}`, losslessly and within bounds.

What cannot be read at all raises PostrailError `bad_request`; everything else is for the schema to judge.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn

from connector.contract.receipt import Receipt
from connector.contract.text import ExactNumber, shown
from connector.kernel.errors import PostrailError, Problem

MAX_DEPTH = 20
"""Levels of lists and objects in one body."""

MAX_FIELDS = 1_000
"""Members of objects and lists in one body, all levels together."""

NAME_KEYS = ("name", "key")
"""What a list of rows may call the name of a row."""

_NAME = re.compile(r"[^.\[\]]+(?:\.[^.\[\]]+|\[[^\[\]]*\])*")
_SEGMENTS = re.compile(r"[^.\[\]]+|\[[^\[\]]*\]")
_INDEX = re.compile(r"[0-9]{1,9}", re.ASCII)


class Rows(dict[str, object]):
    """Rows by name, with what was noticed (`warnings`) and changed (`receipts`) on the way to them."""

    def __init__(
        self,
        rows: Mapping[str, object] | None = None,
        *,
        warnings: Iterable[str] = (),
        receipts: Iterable[Receipt] = (),
    ) -> None:
        super().__init__(rows or {})
        self.warnings = tuple(warnings)
        self.receipts = tuple(receipts)


def _refuse(problem: str, message: str, *, got: str = "", expected: str = "", fix: str = "") -> NoReturn:
    detail = Problem(field="", problem=problem, got=got, expected=expected, fix=fix, code="bad_request")
    raise PostrailError("bad_request", message, details=[detail])


class _Reader:
    """Hooks of the JSON parser: sees duplicate names and refuses what JSON does not have."""

    def __init__(self) -> None:
        self.repeated: set[str] = set()

    def members(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        """Build an object; of a name that comes twice the last one wins and is noted."""
        found = dict(pairs)
        if len(found) < len(pairs):
            self.repeated.update(
                name for name, times in Counter(name for name, _ in pairs).items() if times > 1
            )
        return found

    @staticmethod
    def constant(word: str) -> object:
        """Refuse NaN and Infinity, which some tools write although JSON lacks them."""
        _refuse(
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
            cls.constant(text)
        return number


def parse_json(text: str) -> tuple[object, frozenset[str]]:
    """Read JSON text; return the value and the names that stood twice in one object.

    Raises PostrailError `bad_request`.
    """
    reader = _Reader()
    try:
        value = json.loads(
            text, object_pairs_hook=reader.members, parse_constant=reader.constant, parse_float=reader.real
        )
    except json.JSONDecodeError as error:
        near = text[max(error.pos - 20, 0) : error.pos + 20]
        _refuse(
            "broken_json",
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            got=shown(near),
            expected="a JSON object",
            fix="let the tool build the JSON from fields, or quote the values that are inserted into it",
        )
    except (ValueError, RecursionError):
        _refuse(
            "too_deep", "The body has a number or a nesting that is too long to be read.", expected=_BOUNDS
        )
    return value, frozenset(reader.repeated)


_BOUNDS = f"at most {MAX_FIELDS} fields and {MAX_DEPTH} levels"


def _measure(value: object, depth: int = 0) -> int:
    """Count the members below `value`. Raises PostrailError `bad_request` out of bounds."""
    if depth > MAX_DEPTH:
        _refuse("too_deep", f"The body is nested more than {MAX_DEPTH} levels deep.", expected=_BOUNDS)
    children: Iterable[object] = ()
    if isinstance(value, dict):
        children = value.values()
    elif isinstance(value, list):
        children = value
    count = sum(1 + _measure(child, depth + 1) for child in children)
    if count > MAX_FIELDS:
        _refuse("too_many_fields", f"The body has more than {MAX_FIELDS} fields.", expected=_BOUNDS)
    return count


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(
            "not_utf8",
            "The body is not UTF-8 text.",
            got=f"byte {data[error.start]:#04x} at {error.start}",
            expected="UTF-8",
            fix="send the text as UTF-8; send files as URLs",
        )


def rows_from_json(data: bytes) -> Rows:
    """Read a JSON body: an object, or a list of `{name, value}` rows. An empty body has no rows.

    Integers of any size stay exact. Raises PostrailError `bad_request`.
    """
    text = _decode(data)
    if not text.strip():
        return Rows()
    value, repeated = parse_json(text)
    # Without so many brackets and commas no body can be out of bounds, so most are not walked.
    if text.count("{") + text.count("[") > MAX_DEPTH or text.count(",") + text.count("[") >= MAX_FIELDS // 2:
        _measure(value)
    warnings = [f"{shown(name)} was sent twice; the last one counts." for name in sorted(repeated)]
    if isinstance(value, dict):
        return Rows(value, warnings=warnings)
    if isinstance(value, list) and all(_is_row(item) for item in value):
        pairs = [_pair(item) for item in value]
        return Rows(rows_from_pairs(pairs), warnings=warnings)
    return _refuse(
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


def _path(name: str) -> list[str]:
    """Split `a.b`, `a[b]`, `c[0]`, `d[]` and `d[][0]` into keys; the key `""` asks for the next place."""
    if not _NAME.fullmatch(name):
        return [name]
    parts = [part.removeprefix("[").removesuffix("]") for part in _SEGMENTS.findall(name)]
    # n8n writes a list in a field called `d[]` as `d[][0]`, `d[][1]`: the empty brackets say nothing more.
    return [part for at, part in enumerate(parts) if part or at == len(parts) - 1]


class _Many(list[object]):
    """Values that came under one name."""


def _put(tree: dict[str, object], path: Sequence[str], value: object, name: str) -> None:
    for key in path[:-1]:
        below = tree.setdefault(key, {})
        if not isinstance(below, dict):
            _clash(name)
        tree = below
    last = path[-1]
    if last not in tree:
        tree[last] = _Many([value])
    elif isinstance(found := tree[last], _Many):
        found.append(value)
    else:
        _clash(name)


def _clash(name: str) -> NoReturn:
    _refuse(
        "name_clash",
        f"{shown(name)} is used both for a value and for a group of values.",
        got=shown(name),
        expected="each name used in one way",
        fix="rename one of the fields",
    )


def _settle(node: object) -> object:
    """Turn the tree of names into values: repeated and indexed names become lists."""
    if isinstance(node, _Many):
        return node[0] if len(node) == 1 else list(node)
    if not isinstance(node, dict):
        return node
    if list(node) == [""]:
        return list(node[""]) if isinstance(node[""], _Many) else [_settle(node[""])]
    if node and all(_INDEX.fullmatch(key) for key in node):
        return [_settle(node[key]) for key in sorted(node, key=int)]
    return {key: _settle(value) for key, value in node.items()}


def rows_from_pairs(pairs: Sequence[tuple[str, object]]) -> Rows:
    """Build rows from form pairs, in any order: `a.b`, `a[b]`, `c[0]`, `d[]`, repeated names.

    Indices give the order of a list and may leave gaps. Raises PostrailError `bad_request`.
    """
    if len(pairs) > MAX_FIELDS:
        _refuse("too_many_fields", f"The body has more than {MAX_FIELDS} fields.", expected=_BOUNDS)
    tree: dict[str, object] = {}
    for name, value in pairs:
        path = _path(name)
        if len(path) > MAX_DEPTH:
            _refuse("too_deep", f"A name is nested more than {MAX_DEPTH} levels deep.", expected=_BOUNDS)
        _put(tree, path, value, name)
    return Rows({name: _settle(node) for name, node in tree.items()})
