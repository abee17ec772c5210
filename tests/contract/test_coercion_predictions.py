"""What a reader of `docs/coercion.md` predicts is what the product answers.

Each line of `data/coercion_predictions.jsonl` was written from that page alone. `in` names a field, or a kind
of field that no operation has yet; `rows` an operation and `body` a whole request to one; `sent` is what is
sent. The answer is `taken` (the value, with the `rules` of the receipt), `absent` (the rule), `ignored`,
`holds` (members of the input) or `refused` (the word of the problem). `first` says what was predicted before
the page was mended; without it the first prediction was right.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request

from connector.contract import Understanding, load_contract
from connector.contract.problems import PROBLEMS
from connector.contract.spellings import plan_of
from connector.contract.understand import understand
from connector.kernel.errors import PostrailError
from connector.server.operations import check_strict
from connector.web.incoming import read_rows

Prediction = Mapping[str, Any]

FILE = Path(__file__).parent / "data" / "coercion_predictions.jsonl"
PREDICTIONS: list[Prediction] = [json.loads(line) for line in FILE.read_text().splitlines()]
RIGHT_ROWS: dict[str, dict[str, object]] = {
    "post_video": {"source_url": "https://media.example.com/clip.mp4", "privacy": "PUBLIC_TO_EVERYONE"},
    "post_photos": {"photo_images": ["https://media.example.com/a.jpg"], "privacy": "PUBLIC_TO_EVERYONE"},
    "wait_until_published": {"post_id": "post_1"},
}
"""Rows to which a prediction adds its own."""

KINDS = {
    "a number": "Numbers",
    "a time": "Times",
    "a duration": "Durations",
    "a list of whole numbers": "Lists of whole numbers",
    "a list of text": "Lists of text",
    "an object": "Objects",
}
"""The sections of the page that tell of fields which no operation has yet."""

APP = Flask("predictions")
APP.config["MAX_CONTENT_LENGTH"] = 1_048_576


def _sent(prediction: Prediction) -> object:
    if "sent_repeated" not in prediction:
        return prediction["sent"]
    text, times = prediction["sent_repeated"]
    return text * times


def _answer(prediction: Prediction) -> Understanding:
    """Return what the product makes of a prediction's request. Raises PostrailError for a refused body."""
    if "body" in prediction:
        return _answer_to_body(prediction)
    if prediction.get("in") in KINDS:
        return understand(plan_of(KINDS[prediction["in"]]), {"x": _sent(prediction)})
    if "rows" in prediction:
        operation, rows = prediction["rows"], prediction["sent"]
        return load_contract().understand(operation, {**RIGHT_ROWS.get(operation, {}), **rows})
    operation, name = prediction["in"].split(".")
    instead = {name, prediction.get("as", name)}
    right = {key: value for key, value in RIGHT_ROWS.get(operation, {}).items() if key not in instead}
    if operation == "check_status" and name == "include_timeline":
        right["post_id"] = "post_1"
    return load_contract().understand(operation, {**right, name: _sent(prediction)})


def _answer_to_body(prediction: Prediction) -> Understanding:
    sent, kind, query = prediction["sent"].encode(), prediction["type"], prediction.get("query", "")
    with APP.test_request_context("/x", method="POST", data=sent, content_type=kind, query_string=query):
        incoming = read_rows(request)
    found = load_contract().understand(prediction["body"], incoming.rows)
    check_strict(incoming, found)
    return found


def _field(prediction: Prediction) -> str:
    place = str(prediction.get("in", ""))
    return "x" if place in KINDS else str(prediction.get("as", place.partition(".")[2]))


def _problems(prediction: Prediction) -> set[str]:
    try:
        found = _answer(prediction).problems
    except PostrailError as error:
        found = tuple(error.details)
    return {problem.problem for problem in found}


def _is(*answers: str) -> list[Prediction]:
    return [line for line in PREDICTIONS if any(answer in line for answer in answers)]


def _name(prediction: Prediction) -> str:
    return json.dumps(prediction)[:90]


def test_there_are_many_predictions_each_of_one_answer() -> None:
    answers = ("refused", "taken", "taken_as_sent", "taken_nothing", "absent", "ignored", "holds")
    assert len(PREDICTIONS) > 300
    assert all(sum(answer in line for answer in answers) == 1 for line in PREDICTIONS)


@pytest.mark.parametrize("prediction", _is("refused"), ids=_name)
def test_what_is_refused_is_told_with_its_word(prediction: Prediction) -> None:
    assert prediction["refused"] in PROBLEMS
    assert prediction["refused"] in _problems(prediction)


@pytest.mark.parametrize("prediction", _is("taken", "taken_as_sent"), ids=_name)
def test_what_is_taken_is_told_with_its_receipt(prediction: Prediction) -> None:
    found, field = _answer(prediction), _field(prediction)
    taken = _sent(prediction) if prediction.get("taken_as_sent") else prediction["taken"]
    assert found.ok
    assert found.input.get(field) == taken
    assert type(found.input.get(field)) is type(taken)
    assert [item.rule for item in found.coerced if item.field == field] == prediction["rules"]
    assert bool(found.warnings) is prediction.get("warned", False)


@pytest.mark.parametrize("prediction", _is("absent"), ids=_name)
def test_what_counts_as_not_sent_is_told(prediction: Prediction) -> None:
    found, field = _answer(prediction), _field(prediction)
    assert found.ok
    assert field not in found.input
    assert prediction["absent"] in {item.rule for item in found.coerced if item.field == field}


@pytest.mark.parametrize("prediction", _is("ignored", "taken_nothing"), ids=_name)
def test_what_has_no_effect_is_told(prediction: Prediction) -> None:
    found = _answer(prediction)
    assert found.ok
    assert [item.field for item in found.ignored] == [_field(prediction)]
    assert bool(found.warnings) >= prediction.get("warned", False)


@pytest.mark.parametrize("prediction", _is("holds"), ids=_name)
def test_what_a_whole_request_becomes_is_told(prediction: Prediction) -> None:
    found = _answer(prediction)
    assert found.ok
    assert prediction["holds"].items() <= found.input.items()
    assert bool(found.warnings) >= prediction.get("warned", False)
