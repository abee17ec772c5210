"""The report of a drill: every promise with its count, and the story of a post from both sides."""

import json
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from connector.drill.findings import Findings, Story, tell
from connector.drill.judge import PROMISES, Violation
from connector.drill.plan import Plan
from connector.drill.timeline import Line, merged

TWICE = Violation(promise="twice", title="drill 1 video 00001", post_id="post_1", detail="2 times")
LINE = Line(at="2026-11-20T12:00:00.100Z", postrail="video/init: the reply was lost")


def findings(*violations: Violation) -> Findings:
    stories = [Story(title=one.title, lines=[LINE]) for one in violations]
    return Findings(
        plan=Plan(seed=42),
        violations=violations,
        counts={"ambiguous_inits": 3},
        blows={"kill": 20},
        seconds=61.25,
        versions={"postrail": "0.1.0"},
        stories=stories,
    )


def told(found: Findings) -> str:
    console = Console(file=StringIO(), width=120)
    tell(console, found)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO, as given
    return text


def test_the_report_for_programs_has_the_seed_and_every_promise() -> None:
    body = json.loads(json.dumps(findings().as_dict()))
    assert (body["ok"], body["seed"], body["attacks"], body["seconds"]) == (True, 42, {"kill": 20}, 61.2)
    assert body["violations"] == dict.fromkeys(PROMISES, 0)
    assert body["counts"] == {"ambiguous_inits": 3}


def test_a_violation_stands_in_both_reports_with_its_story() -> None:
    found = findings(TWICE)
    body = json.loads(json.dumps(found.as_dict()))
    assert (body["ok"], body["violations"]["twice"]) == (False, 1)
    assert body["broken"][0]["title"] == TWICE.title
    assert body["stories"][0]["lines"][0]["postrail"] == LINE.postrail
    text = told(found)
    assert "on TikTok twice; 2 times" in text
    assert "video/init: the reply was lost" in text
    assert "1 promises were broken" in text


def test_a_right_run_says_so_with_its_seed() -> None:
    assert "Every promise was kept: seed 42" in told(findings())


def test_the_two_sides_of_a_story_are_merged_by_time() -> None:
    journal: list[dict[str, Any]] = [
        {"at": "2026-11-20T12:00:00.000Z", "call": "state", "status": None, "decision": "sending"},
        {"at": "2026-11-20T12:00:00.200Z", "call": "video/init", "status": 200, "decision": "stored"},
    ]
    publishes: list[dict[str, Any]] = [
        {
            "publish_id": "v_pub_file~v2.12345678",
            "history": [{"at": "2026-11-20T12:00:00.100Z", "stage": "receiving"}],
        }
    ]
    request: dict[str, Any] = {"method": "PUT", "path": "/upload?token=x", "status": None, "outcome": "reset"}
    log: list[dict[str, Any]] = [
        {"at": "2026-11-20T12:00:00.300Z", "publish_id": "v_pub_file~v2.12345678", **request},
        {"at": "2026-11-20T12:00:00.300Z", "publish_id": "another", **request},
    ]
    assert merged(journal, publishes, log) == [
        Line(at="2026-11-20T12:00:00.000Z", postrail="state: sending"),
        Line(at="2026-11-20T12:00:00.100Z", tiktok="...12345678 is receiving"),
        Line(at="2026-11-20T12:00:00.200Z", postrail="video/init 200: stored"),
        Line(at="2026-11-20T12:00:00.300Z", tiktok="...12345678 PUT /upload: -, reset"),
    ]


@pytest.mark.parametrize("violations", [(), (TWICE,)], ids=["kept", "broken"])
def test_a_drill_is_right_only_when_nothing_is_broken(violations: tuple[Violation, ...]) -> None:
    assert findings(*violations).ok is not bool(violations)
