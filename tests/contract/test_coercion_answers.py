"""What a reader of `docs/coercion.md` predicts of whole requests: every problem, in order, and the code.

Each line of `data/coercion_answers.jsonl` was written from that page alone. `to` names an operation, or the
path that takes one field of it; `rows` are added to right ones, of which those in `without` are left out. The
answer is refused by `error` with `problems` (field and word, in order), or `holds` members of the input, with
`coerced` (field and rule), `ignored` and perhaps a warning.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connector.contract import Understanding, load_contract

Line = Mapping[str, Any]

FILE = Path(__file__).parent / "data" / "coercion_answers.jsonl"
LINES: list[Line] = [json.loads(line) for line in FILE.read_text().splitlines()]
RIGHT_ROWS: dict[str, dict[str, object]] = {
    "post_video": {"source_url": "https://media.example.com/clip.mp4", "privacy": "PUBLIC_TO_EVERYONE"},
    "post_photos": {"photo_images": ["https://media.example.com/a.jpg"], "privacy": "PUBLIC_TO_EVERYONE"},
    "check_status": {"post_id": "post_1"},
    "wait_until_published": {"post_id": "post_1"},
}
"""Rows to which a prediction adds its own."""

RETAIN = "/api/album/retain"
DIALECT = "pm3k"
"""The dialect whose paths begin with `/api/tiktok/`."""


def _answer(line: Line) -> Understanding:
    operation, contract = line["to"], load_contract()
    if operation == RETAIN:
        return contract.understand_one("upload_media", "album_id", line["rows"])
    if operation.startswith("/api/tiktok/"):
        asked = contract.translate(DIALECT, operation, line["rows"])
        return contract.understand(asked.operation, asked.rows, dialect=DIALECT)
    without = line.get("without", ())
    right = {name: value for name, value in RIGHT_ROWS.get(operation, {}).items() if name not in without}
    return contract.understand(operation, {**right, **line["rows"]})


def _name(line: Line) -> str:
    return json.dumps([line["to"], line["rows"]])[:90]


def test_there_are_many_predictions() -> None:
    assert len(LINES) > 100


@pytest.mark.parametrize("line", [line for line in LINES if "error" in line], ids=_name)
def test_a_refusal_is_told_with_every_problem_in_its_order(line: Line) -> None:
    found = _answer(line)
    assert [[problem.field, problem.problem] for problem in found.problems] == line["problems"]
    assert found.error().code == line["error"]
    assert [item.field for item in found.ignored] == line.get("ignored", [])


@pytest.mark.parametrize("line", [line for line in LINES if "holds" in line], ids=_name)
def test_what_is_taken_is_told_with_its_receipt(line: Line) -> None:
    found = _answer(line)
    assert found.problems == ()
    assert line["holds"].items() <= found.input.items()
    assert [[item.field, item.rule] for item in found.coerced] == line["coerced"]
    assert [item.field for item in found.ignored] == line["ignored"]
    assert bool(found.warnings) is line["warned"]
