"""Writes `docs/wire.md`: each captured request and what it became. Run: `python -m tests.wire.wire_table`."""

import json
from pathlib import Path

from connector.kernel.errors import PostrailError, cut
from tests.wire.wire_replay import accepted, load, names, understood

DOCUMENT = Path(__file__).parents[2] / "docs" / "wire.md"
HEAD = """# What real tools send, and what becomes of it

Requests as workflow tools sent them to a capture server, byte for byte (`tests/wire/captures/`), replayed by
the tests. What their users meant is written by hand in `tests/wire/meant.yaml`, with the type that each field
name stands for; the tests hold the reading to it. This page is generated from the replay:
`python -m tests.wire.wire_table`.

| request | sent as | became | refused | receipt |
| --- | --- | --- | --- | --- |
"""
LONGEST = 420


def _cell(text: str) -> str:
    return cut(text, LONGEST).replace("|", "\\|").replace("\n", " ")


def _code(value: object) -> str:
    return f"`{_cell(json.dumps(value, ensure_ascii=False))}`"


def _kind(name: str) -> str:
    capture = load(name)
    kind = capture.headers.get("content-type", "").partition(";")[0]
    return kind or ("query" if "?" in capture.path else "no content type")


def _row(name: str) -> str:
    try:
        found = understood(name)
    except PostrailError as error:
        reason = f"the body: {error.details[0].problem} ({error.code})"
        return f"| {name} | {_kind(name)} | | {reason} | |\n"
    refused = ", ".join(f"{problem.field}: {problem.problem}" for problem in found.problems)
    rules = sorted({receipt.rule for receipt in found.coerced})
    notes = [*rules, *(f"ignored {item.field or 'a row without a name'}" for item in found.ignored)]
    notes += ["a warning"] * len(found.warnings)
    return f"| {name} | {_kind(name)} | {_code(accepted(found))} | {refused} | {', '.join(notes)} |\n"


def render() -> str:
    """Return the page."""
    return HEAD + "".join(_row(name) for name in names())


if __name__ == "__main__":
    DOCUMENT.write_text(render())
