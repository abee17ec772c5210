"""Every JSON request body of section 4 of PM3K's document, strict as PM3K is, and coerced as Postrail does.

`pm3k_bodies.json` holds the bodies as printed. Where the document prints a fragment, `completed_by` holds
the rows that its text says belong beside it. `strict` and `lenient` are `ok` or the code of the refusal; `at`
names the fields that are refused.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from connector.contract import Understanding, load_contract, rows_from_pairs

DIRECT = "/api/tiktok/direct_post"
STATUS = "/api/tiktok/status"
CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "pm3k_bodies.json").read_text())
EACH = pytest.mark.parametrize("case", CASES, ids=[case["section"] for case in CASES])


def send(path: str, rows: dict[str, object], *, strict: bool = False) -> tuple[str, Understanding]:
    """Send rows to PM3K's path; return the operation that was meant and what was understood."""
    contract = load_contract()
    translated = contract.translate("pm3k", path, rows)
    understood = contract.understand(translated.operation, translated.rows, strict=strict, dialect="pm3k")
    return translated.operation, understood


def outcome(understood: Understanding) -> str:
    """Return `ok` or the code of the refusal."""
    return "ok" if understood.ok else understood.error().code


def complete(case: dict[str, Any]) -> dict[str, object]:
    """Return the body as it would be sent."""
    return {**case.get("completed_by", {}), **case["body"]}


@EACH
def test_strict_gives_what_the_document_says(case: dict[str, Any]) -> None:
    operation, understood = send(DIRECT, complete(case), strict=True)
    assert operation == case["operation"]
    assert outcome(understood) == case["strict"]
    assert [problem.field for problem in understood.problems] == case.get("at", [])


@EACH
def test_without_strict_what_the_document_calls_incorrect_is_coerced(case: dict[str, Any]) -> None:
    operation, understood = send(DIRECT, complete(case))
    assert operation == case["operation"]
    assert outcome(understood) == case["lenient"]


@EACH
def test_the_same_body_as_a_form_means_the_same(case: dict[str, Any]) -> None:
    pairs = []
    for name, value in complete(case).items():
        if isinstance(value, list):
            pairs += [(f"{name}[{index}]", item) for index, item in enumerate(value)]
        else:
            pairs.append((name, value if isinstance(value, str) else json.dumps(value)))
    _, from_form = send(DIRECT, rows_from_pairs(pairs))
    _, from_json = send(DIRECT, complete(case))
    assert from_form.input == from_json.input
    assert from_form.problems == from_json.problems


def test_the_mistaken_booleans_are_coerced_to_what_was_meant() -> None:
    case = next(case for case in CASES if "booleans as text" in case["section"])
    understood = send(DIRECT, complete(case))[1]
    assert understood.input["brand_organic_toggle"] is False
    assert understood.input["brand_content_toggle"] is True


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ({"privacy": "SELF_ONLY"}, "bad_request"),
        ({"source_url": "not a url", "privacy": "SELF_ONLY"}, "bad_request"),
        ({"source_url": "https://a.example/x.mp4"}, "invalid_request"),
        ({"source_url": "https://a.example/x.mp4", "privacy": "SELF_ONLY", "is_ad": True}, "invalid_request"),
        ({"media_type": "PHOTO", "privacy": "SELF_ONLY"}, "too_few_images"),
        ({"media_type": "PHOTO", "privacy": "SELF_ONLY", "photo_images": []}, "too_few_images"),
        (
            {"media_type": "PHOTO", "privacy": "SELF_ONLY", "photo_images": ["https://a.example/x.jpg"] * 36},
            "too_many_images",
        ),
        ({"media_type": "PHOTO", "privacy": "SELF_ONLY", "photo_images": ["x.jpg"]}, "bad_request"),
        (
            {
                "media_type": "PHOTO",
                "privacy": "SELF_ONLY",
                "photo_images": ["https://a.example/x.jpg"],
                "photo_cover_index": 1,
            },
            "cover_out_of_range",
        ),
    ],
)
@pytest.mark.parametrize("strict", [False, True])
def test_refusals_have_the_codes_of_section_8(rows: dict[str, object], code: str, strict: bool) -> None:
    assert outcome(send(DIRECT, rows, strict=strict)[1]) == code


@pytest.mark.parametrize("strict", [False, True])
def test_an_unknown_privacy_becomes_self_only(strict: bool) -> None:
    rows: dict[str, object] = {"source_url": "https://a.example/x.mp4", "privacy": "everyone"}
    understood = send(DIRECT, rows, strict=strict)[1]
    assert understood.input["privacy"] == "SELF_ONLY"
    assert understood.warnings


def test_the_bodies_of_section_5_ask_for_a_status() -> None:
    operation, understood = send(STATUS, {"publish_id": "7153xxxxxxxxxxxxxxxxxx"}, strict=True)
    assert (operation, understood.input) == ("check_status", {"publish_id": "7153xxxxxxxxxxxxxxxxxx"})
    assert outcome(send(STATUS, {})[1]) == "bad_request"


@pytest.mark.parametrize("word", ["AUDIO", "IMAGE", "GIF"])
def test_a_media_type_that_is_none_is_told_which_there_are(word: str) -> None:
    _, understood = send(
        DIRECT, {"media_type": word, "source_url": "https://a.example/x.mp3", "privacy": "x"}
    )
    (problem,) = understood.problems
    assert (problem.field, problem.problem) == ("media_type", "not_one_of")
    assert all(known in problem.fix for known in ("VIDEO", "PHOTO", "post_photos"))
