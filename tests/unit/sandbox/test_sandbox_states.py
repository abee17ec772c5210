"""The state machine with times given by hand."""

import pytest

from connector.sandbox.states import Dial, Flow, Progress, Source, Stage, Step, next_step, status_of

PUBLIC = "PUBLIC_TO_EVERYONE"


def progress(
    stage: Stage = "processing",
    *,
    since: int = 1000,
    polls: int = 0,
    flow: Flow = "direct",
    privacy_level: str | None = PUBLIC,
    verdict: str | None = None,
) -> Progress:
    """Return a task's progress, a public one in processing unless told otherwise."""
    return Progress(
        stage=stage, since=since, polls=polls, flow=flow, privacy_level=privacy_level, verdict=verdict
    )


@pytest.mark.parametrize(
    ("task", "step"),
    [
        (progress(), Step(stage="moderating", at=5000)),
        (progress(privacy_level="SELF_ONLY"), Step(stage="complete", at=5000)),
        (progress(privacy_level="MUTUAL_FOLLOW_FRIENDS"), Step(stage="complete", at=5000)),
        (progress(flow="inbox", privacy_level=None), Step(stage="inbox", at=5000)),
        (progress(verdict="internal"), Step(stage="failed", at=5000, fail_reason="internal")),
        (progress("moderating"), Step(stage="complete", at=5000)),
        (progress("receiving"), None),
        (progress("pulling"), None),
        (progress("checking"), None),
        (progress("inbox"), None),
        (progress("complete"), None),
        (progress("failed"), None),
    ],
)
def test_each_stage_has_one_next_step(task: Progress, step: Step | None) -> None:
    assert next_step(task, Dial(mode="immediate"), 5000) == step


@pytest.mark.parametrize(("now", "at"), [(2999, None), (3000, 3000), (9000, 3000)])
def test_in_seconds_a_step_is_dated_when_it_fell_due(now: int, at: int | None) -> None:
    step = next_step(progress(since=1000), Dial(mode="seconds", processing=2.0), now)
    assert (step.at if step else None) == at


@pytest.mark.parametrize(("polls", "moves"), [(0, False), (1, False), (2, True)])
def test_in_polls_so_many_calls_get_the_old_answer(polls: int, moves: bool) -> None:
    assert (next_step(progress(polls=polls), Dial(mode="polls", processing=2), 1000) is not None) is moves


def test_processing_and_moderation_have_their_own_amounts() -> None:
    dial = Dial(mode="seconds", processing=0, moderation=60)
    assert next_step(progress(), dial, 1000) is not None
    assert next_step(progress("moderating"), dial, 1000) is None


@pytest.mark.parametrize(
    ("stage", "source", "word"),
    [
        ("receiving", "FILE_UPLOAD", "PROCESSING_UPLOAD"),
        ("processing", "FILE_UPLOAD", "PROCESSING_UPLOAD"),
        ("pulling", "PULL_FROM_URL", "PROCESSING_DOWNLOAD"),
        ("checking", "PULL_FROM_URL", "PROCESSING_DOWNLOAD"),
        ("moderating", "PULL_FROM_URL", "PUBLISH_COMPLETE"),
        ("complete", "FILE_UPLOAD", "PUBLISH_COMPLETE"),
        ("inbox", "FILE_UPLOAD", "SEND_TO_USER_INBOX"),
        ("failed", "FILE_UPLOAD", "FAILED"),
    ],
)
def test_each_stage_shows_one_of_tiktoks_words(stage: Stage, source: Source, word: str) -> None:
    assert status_of(stage, source) == word
