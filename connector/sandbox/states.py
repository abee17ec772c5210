"""The life of a publish task, pure: its stages, the word TikTok shows for each, and when the next one is due.

    receiving | pulling -> checking -> processing -> inbox                  (drafts)
                                                  -> moderating -> complete (public)
                                                  -> complete               (everybody else)
    inbox -> moderating | complete   (the creator posts the draft, once or more often)
    inbox -> lapsed                  (the draft is gone; TikTok tells nobody, so its word stays)
    any of the first four -> failed

Source: reference 4.7 and 9.1.
"""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, NonNegativeFloat

Stage = Literal[
    "receiving", "pulling", "checking", "processing", "moderating", "inbox", "lapsed", "complete", "failed"
]
Flow = Literal["direct", "inbox"]
Source = Literal["FILE_UPLOAD", "PULL_FROM_URL"]
Mode = Literal["immediate", "polls", "seconds", "hand"]

PUBLIC = "PUBLIC_TO_EVERYONE"
UNFINISHED: tuple[Stage, ...] = ("receiving", "pulling", "checking", "processing")
"""The stages from which a task can still fail."""


class Dial(BaseModel):
    """How fast the pretend TikTok works.

    In mode `polls` an amount is the number of status calls that still get the old answer; in mode `seconds`
    it is a time; in mode `hand` nothing moves but by the control API. `pull_patience` is in seconds: how long
    a media URL that answers 503 is asked again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode = "seconds"
    processing: NonNegativeFloat = 1.0
    moderation: NonNegativeFloat = 1.0
    pull_patience: NonNegativeFloat = 60.0


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What decides a task's next step. `since` is UTC ms; `polls` counts status calls in this stage."""

    stage: Stage
    since: int
    polls: int
    flow: Flow
    privacy_level: str | None
    verdict: str | None


@dataclass(frozen=True, kw_only=True)
class Step:
    """A change of stage at `at` (UTC ms)."""

    stage: Stage
    at: int
    fail_reason: str | None = None


def status_of(stage: Stage, source: Source) -> str:
    """Return the word that status/fetch shows for a stage."""
    if stage == "failed":
        return "FAILED"
    if stage in ("inbox", "lapsed"):
        return "SEND_TO_USER_INBOX"
    if stage in ("moderating", "complete"):
        return "PUBLISH_COMPLETE"
    return "PROCESSING_UPLOAD" if source == "FILE_UPLOAD" else "PROCESSING_DOWNLOAD"


def next_step(progress: Progress, dial: Dial, now: int) -> Step | None:
    """Return the step that is due at `now` (UTC ms), dated when it fell due; None: nothing is due."""
    amount = dial.moderation if progress.stage == "moderating" else dial.processing
    at = _due(progress, dial.mode, amount, now)
    return None if at is None else step_at(progress, at)


def step_at(progress: Progress, at: int) -> Step | None:
    """Return the step that a task's own progress takes at `at`; None: it waits for somebody else."""
    if progress.stage == "processing":
        return _processed(progress, at)
    if progress.stage == "moderating":
        return Step(stage="complete", at=at)
    return None


def _processed(progress: Progress, at: int) -> Step:
    if progress.verdict is not None:
        return Step(stage="failed", at=at, fail_reason=progress.verdict)
    if progress.flow == "inbox":
        return Step(stage="inbox", at=at)
    return Step(stage="moderating" if progress.privacy_level == PUBLIC else "complete", at=at)


def _due(progress: Progress, mode: Mode, amount: float, now: int) -> int | None:
    if mode == "immediate":
        return now
    if mode == "hand":
        return None
    if mode == "polls":
        return now if progress.polls >= amount else None
    due = progress.since + round(amount * 1000)
    return due if due <= now else None
