"""The gate by the attempt's state, and how long a request is held at it."""

import pytest

from connector.domain.lifecycle import AttemptState
from connector.engine.gate import Passage, at_gate, passage
from connector.engine.model import Change, Gate
from tests.fakes.scripted import Scene
from tests.ledgers import NOTE

pytest_plugins = ("tests.engine_scene",)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (AttemptState.SENDING, Passage.NOT_YET),
        (AttemptState.ACCEPTED, Passage.OPEN),
        (AttemptState.VOID, Passage.GONE),
        (AttemptState.REJECTED, Passage.GONE),
        (AttemptState.UNCERTAIN, Passage.GONE),
        (None, Passage.GONE),
    ],
)
def test_only_an_accepted_attempt_opens_the_gate(state: AttemptState | None, expected: Passage) -> None:
    assert passage(None if state is None else Gate(state=state, media=())) is expected


def test_a_held_request_gets_the_file_as_soon_as_the_attempt_is_accepted(scene: Scene) -> None:
    claim = scene.stage.begun()
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            scene.stage.open_gate(claim)

    seen = at_gate(scene.context, "gate-1", "v.mp4", hold_s=5, pause=pause)
    assert seen.passage is Passage.OPEN
    assert seen.item is not None
    assert len(pauses) == 3


def test_a_held_request_is_told_to_come_again_when_its_time_is_up(scene: Scene) -> None:
    scene.stage.begun()
    seen = at_gate(
        scene.context, "gate-1", "v.mp4", hold_s=1, pause=lambda s: scene.stage.clock.advance(round(s * 1000))
    )
    assert seen.passage is Passage.NOT_YET
    assert seen.blob is None


def test_what_belongs_to_a_void_attempt_is_gone_for_ever(scene: Scene) -> None:
    claim = scene.stage.begun()
    scene.stage.ledger.resolve_attempt(claim.lease, "gate-1", AttemptState.VOID, Change(), NOTE)
    assert at_gate(scene.context, "gate-1", "v.mp4", hold_s=5, pause=lambda _: None).passage is Passage.GONE


@pytest.mark.parametrize(("token", "name"), [("gate-1", "other.mp4"), ("gate-0", "v.mp4"), ("", "")])
def test_a_wrong_name_or_token_shows_nothing(scene: Scene, token: str, name: str) -> None:
    scene.stage.open_gate(scene.stage.begun())
    seen = at_gate(scene.context, token, name, hold_s=0, pause=lambda _: None)
    assert (seen.passage, seen.blob) == (Passage.GONE, None)
