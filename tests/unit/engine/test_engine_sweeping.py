"""The sweep as a use case: in stretches, by one process at a time, gone on with after whatever happens."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from connector.engine.ports_sweeping import START, Mark, Swept
from connector.engine.sweeping import EVERY_MS, LOOK_EVERY_S, REST_S, STEPS, TURN, TURN_MS, Sweeper
from tests.fakes.scripted import Scene

pytest_plugins = ("tests.engine_scene",)

LIFE = 7
MANY = STEPS + 3


class Steps:
    """The posts' part of a ledger, with a given number of steps to do; notes from where each began."""

    def __init__(self, scene: Scene, monkeypatch: pytest.MonkeyPatch, number: int = MANY) -> None:
        self.number = number
        self.begun_at: list[Mark] = []
        monkeypatch.setattr(scene.stage.ledger, "sweep_posts", self.sweep)

    def sweep(self, after: Mark, *, life_ms: int) -> Swept:
        """Do one step."""
        assert life_ms == LIFE
        self.begun_at.append(after)
        done = len(self.begun_at) == self.number
        return Swept(gone=2, mark=None if done else Mark(at=len(self.begun_at)))


def sweeper(scene: Scene) -> Sweeper:
    """Return a process's sweeper."""
    return Sweeper(scene.context, posts_life_ms=LIFE)


def test_a_sweep_goes_on_where_it_was_and_says_what_went(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, mine = Steps(scene, monkeypatch), sweeper(scene)
    with capture_logs() as logs:
        assert mine.go_on() == REST_S
        assert len(steps.begun_at) < STEPS
        assert mine.go_on() == LOOK_EVERY_S
    assert steps.begun_at == [START, *(Mark(at=number) for number in range(1, MANY))]
    assert [(line["event"], line["posts"]) for line in logs] == [("swept", 2 * MANY)]


def test_one_process_sweeps_and_the_next_sweep_comes_in_an_hour(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, one, other = Steps(scene, monkeypatch, 1), sweeper(scene), sweeper(scene)
    assert [one.go_on(), other.go_on()] == [LOOK_EVERY_S] * 2
    for _ in range(EVERY_MS // 60_000 - 1):
        scene.stage.clock.advance(60_000)
        one.go_on()
        other.go_on()
    assert len(steps.begun_at) == 1
    steps.number = 2
    scene.stage.clock.advance(60_000)
    other.go_on()
    one.go_on()
    assert len(steps.begun_at) == 2


def test_between_two_looks_nobody_asks_the_ledger(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = sweeper(scene)
    mine.go_on()
    monkeypatch.setattr(scene.stage.ledger, "take_turn", None)
    scene.stage.clock.advance(1_000)
    assert mine.go_on() == LOOK_EVERY_S - 1


def test_the_turn_of_a_process_that_has_died_is_taken_over(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, dead, other = Steps(scene, monkeypatch), sweeper(scene), sweeper(scene)
    dead.go_on()
    before = len(steps.begun_at)
    other.go_on()
    assert len(steps.begun_at) == before
    scene.stage.clock.advance(TURN_MS)
    other.go_on()
    assert steps.begun_at[before] == START


def test_who_comes_back_after_its_turn_stops(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    steps, late, other = Steps(scene, monkeypatch, 9 * STEPS), sweeper(scene), sweeper(scene)
    late.go_on()
    scene.stage.clock.advance(TURN_MS)
    other.go_on()
    late.go_on()
    before = len(steps.begun_at)
    late.go_on()
    assert len(steps.begun_at) == before
    assert scene.stage.ledger.take_turn(TURN, ttl_ms=1) is None


def test_a_sweep_that_fails_goes_on_where_it_was(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    steps, mine = Steps(scene, monkeypatch, 3), sweeper(scene)

    def fail(after: Mark, *, life_ms: int) -> Swept:
        if after == Mark(at=1):
            monkeypatch.setattr(scene.stage.ledger, "sweep_posts", steps.sweep)
            raise OSError("no disk")
        return steps.sweep(after, life_ms=life_ms)

    monkeypatch.setattr(scene.stage.ledger, "sweep_posts", fail)
    with pytest.raises(OSError, match="no disk"):
        mine.go_on()
    assert mine.go_on() == LOOK_EVERY_S
    assert steps.begun_at == [START, Mark(at=1), Mark(at=2)]


def test_a_process_that_is_to_end_makes_no_further_step(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = Steps(scene, monkeypatch)
    stopping = replace(scene.context, stopping=lambda: True)
    Sweeper(stopping, posts_life_ms=LIFE).go_on()
    assert steps.begun_at == []


def test_posts_are_kept_for_ever_where_that_is_wanted(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(scene, monkeypatch)
    assert Sweeper(scene.context, posts_life_ms=None).go_on() == LOOK_EVERY_S
    assert steps.begun_at == []
