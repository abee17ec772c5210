"""Names of form pairs into nested rows: `a.b`, `a[b]`, `c[0]`, `d[]`, and names that come several times."""

import re
from collections.abc import Sequence
from typing import NoReturn

from connector.contract.bounds import LIMITS, Limits, Rows, check_count, check_depth, refuse
from connector.contract.text import shown

_NAME = re.compile(r"[^.\[\]]+(?:\.[^.\[\]]+|\[[^\[\]]*\])*")
_SEGMENTS = re.compile(r"[^.\[\]]+|\[[^\[\]]*\]")
_INDEX = re.compile(r"[0-9]{1,9}", re.ASCII)


def _path(name: str) -> list[str]:
    """Split `a.b`, `a[b]`, `c[0]`, `d[]` and `d[][0]` into keys; the key `""` asks for the next place."""
    # A form makes a name of JSON that was sent as its body; the points in it nest nothing.
    if name[:1] == "{" or not _NAME.fullmatch(name):
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
    refuse(
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
        found = _settle(node[""])
        return found if isinstance(found, list) else [found]
    if node and all(_INDEX.fullmatch(key) for key in node):
        return [_settle(node[key]) for key in sorted(node, key=int)]
    return {key: _settle(value) for key, value in node.items()}


def take_apart(rows: Rows) -> Rows:
    """Nest and index by the names of rows, as in a form, where they ask for it.

    Raises PostrailError `bad_request`.
    """
    if not any("[" in name or "." in name for name in rows):
        return rows
    return Rows.of(rows_from_pairs(list(rows.items())), warnings=rows.warnings, receipts=rows.receipts)


def rows_from_pairs(pairs: Sequence[tuple[str, object]], limits: Limits = LIMITS) -> Rows:
    """Build rows from form pairs, in any order.

    Indices give the order of a list and may leave gaps. Raises PostrailError `bad_request`.
    """
    check_count(len(pairs), limits)
    flat = dict(pairs)
    if len(flat) == len(pairs) and "".join(flat).isidentifier():
        return Rows(flat)
    tree: dict[str, object] = {}
    for name, value in pairs:
        if name[:1] != "{":
            check_depth(1 + name.count("[") + name.count("."), limits)
        _put(tree, _path(name), value, name)
    return Rows({name: _settle(node) for name, node in tree.items()})
