"""TikTok's wire shapes: every schema is valid, every example passes, every anti-example fails."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.unit.sandbox.sandbox_helpers import SCHEMAS, SHAPES
from tests.unit.sandbox.sandbox_login import LOGIN_SHAPES
from tests.unit.sandbox.sandbox_receiver import WEBHOOK_SHAPES

NAMES = sorted(path.stem for path in SCHEMAS.glob("*.json"))


def load(name: str) -> dict[str, Any]:
    """Return one schema."""
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_and_named(name: str) -> None:
    shape = load(name)
    Draft202012Validator.check_schema(shape)
    assert shape["$id"] == f"https://postrail.dev/schemas/tiktok/{name}.json"
    assert shape["title"]
    assert shape["description"]
    assert shape["examples"]
    assert shape["x-antiExamples"]


@pytest.mark.parametrize("name", NAMES)
def test_every_example_passes(name: str) -> None:
    shape = load(name)
    for example in shape["examples"]:
        Draft202012Validator(shape).validate(example)


@pytest.mark.parametrize("name", NAMES)
def test_every_anti_example_fails_and_says_why(name: str) -> None:
    shape = load(name)
    for anti in shape["x-antiExamples"]:
        assert anti["reason"]
        assert not Draft202012Validator(shape).is_valid(anti["value"]), anti["reason"]


def test_no_shape_is_left_unused() -> None:
    used = {name for pair in SHAPES.values() for name in pair if name}
    assert set(NAMES) == used | {"error_response"} | LOGIN_SHAPES | WEBHOOK_SHAPES
