"""The gate by the attempt's state, and how long a request is held at it."""

import pytest

from connector.domain.lifecycle import AttemptState
from connector.engine.gate import GateMode, Passage, at_gate, at_tail, passage, tail_start
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


@pytest.mark.parametrize("mode", GateMode)
def test_the_mode_changes_only_what_meets_an_attempt_without_an_answer(mode: GateMode) -> None:
    found = {state: passage(Gate(state=state, media=()), mode) for state in AttemptState}
    assert found.pop(AttemptState.SENDING) is (Passage.PART if mode is GateMode.TAIL else Passage.NOT_YET)
    assert found == {state: passage(Gate(state=state, media=())) for state in AttemptState if state in found}
    assert passage(None, mode) is Passage.GONE


@pytest.mark.parametrize(
    ("size", "start"), [(1, 0), (2, 1), (31, 30), (32, 30), (1600, 1500), (4_000_000_000, 3_750_000_000)]
)
def test_the_tail_is_a_sixteenth_and_at_least_one_byte(size: int, start: int) -> None:
    assert tail_start(size) == start


def test_an_empty_file_has_no_tail() -> None:
    with pytest.raises(ValueError, match="no tail"):
        tail_start(0)


def test_in_tail_mode_a_request_is_not_held_before_the_tail(scene: Scene) -> None:
    scene.stage.begun()
    pauses: list[float] = []
    seen = at_gate(scene.context, "gate-1", "v.mp4", hold_s=5, pause=pauses.append, mode=GateMode.TAIL)
    assert (seen.passage, seen.item is not None, pauses) == (Passage.PART, True, [])


@pytest.mark.parametrize(
    ("state", "expected"), [(AttemptState.VOID, Passage.GONE), (AttemptState.REJECTED, Passage.GONE)]
)
def test_a_tail_that_is_held_never_goes_once_the_attempt_is_over(
    scene: Scene, state: AttemptState, expected: Passage
) -> None:
    claim = scene.stage.begun()

    def pause(_: float) -> None:
        scene.stage.ledger.resolve_attempt(claim.lease, "gate-1", state, Change(), NOTE)

    assert at_tail(scene.context, "gate-1", hold_s=5, pause=pause) is expected


def test_nothing_is_held_by_a_process_that_ends(scene: Scene) -> None:
    scene.stage.begun()
    scene.draining = True
    pauses: list[float] = []
    assert at_tail(scene.context, "gate-1", hold_s=5, pause=pauses.append) is Passage.NOT_YET
    assert pauses == []


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
