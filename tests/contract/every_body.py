"""The same rows as every body that can carry them, read as the server reads a request."""

import json
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from flask import Flask, request

from connector.contract import Rows
from connector.web.incoming import read_rows

Body = tuple[str | None, bytes, str]
"""Content type, body and query of a request."""

BOUNDARY = "------------------------1b4937ed9ee876a09881f7b5"
_APP = Flask("bodies")
_APP.config["MAX_CONTENT_LENGTH"] = 1_048_576


def read(body: Body) -> Rows:
    """Read a request with this body as rows."""
    kind, data, query = body
    with _APP.test_request_context("/x", method="POST", data=data, content_type=kind, query_string=query):
        return read_rows(request).rows


def _multipart(pairs: list[tuple[str, str]]) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in pairs
    ]
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode()


def _as_json(rows: Mapping[str, object]) -> Iterator[tuple[str, Body]]:
    compact = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
    yield "JSON", ("application/json", compact, "")
    yield "JSON, escaped", ("application/json", json.dumps(rows).encode(), "")
    yield "JSON, indented", ("application/json; charset=utf-8", json.dumps(rows, indent=2).encode(), "")
    yield "JSON as text", ("text/plain", compact, "")
    yield "JSON without a type", (None, compact, "")
    yield "JSON with an empty type", ("", compact, "")
    yield "JSON with a byte order mark", ("application/json", b"\xef\xbb\xbf" + compact, "")
    for word in ("name", "key"):
        listed = [{word: name, "value": value} for name, value in rows.items()]
        yield f"a list of {word} and value", ("application/json", json.dumps(listed).encode(), "")


def _as_form(kind: str, pairs: list[tuple[str, str]]) -> Iterator[tuple[str, Body]]:
    yield f"form{kind}", ("application/x-www-form-urlencoded", urlencode(pairs).encode(), "")
    yield f"multipart{kind}", (f"multipart/form-data; boundary={BOUNDARY}", _multipart(pairs), "")
    yield f"query{kind}", (None, b"", urlencode(pairs))


def _pairs(rows: Mapping[str, object], spell: str) -> list[tuple[str, str]] | None:
    """Return rows as pairs of text, lists by `spell`; None for what no form can carry."""
    pairs: list[tuple[str, str]] = []
    for name, value in rows.items():
        if isinstance(value, str):
            pairs.append((name, value))
        elif isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            pairs += [(spell.format(name=name, number=number), item) for number, item in enumerate(value)]
        else:
            return None
    return pairs


def bodies(rows: Mapping[str, object]) -> Iterator[tuple[str, Body]]:
    """Yield every body that carries these rows, with what it is."""
    yield from _as_json(rows)
    spells = {"": "{name}[{number}]", ", brackets": "{name}[]", ", n8n's brackets": "{name}[][{number}]"}
    if any(isinstance(value, list) and len(value) > 1 for value in rows.values()):
        spells[", repeated"] = "{name}"
    for kind, spell in spells.items():
        pairs = _pairs(rows, spell)
        if pairs is not None:
            yield from _as_form(kind, pairs)
