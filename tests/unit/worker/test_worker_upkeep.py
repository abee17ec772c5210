"""The thread that finishes lifted pauses and sweeps: it holds nothing else up, and nothing holds it up."""

import threading
from collections.abc import Iterable
from dataclasses import replace

import pytest

from connector.engine.deciding import deed_of
from connector.engine.model import Lease
from connector.engine.model_incident import Parked, Scope
from connector.engine.pausing import begin_pause
from connector.engine.ports_sweeping import Mark, Swept
from connector.engine.sweeping import STEPS
from connector.kernel.clock import SystemClock
from connector.worker.loop import Worker
from connector.worker.upkeep import Upkeep
from tests.fakes.scripted import Scene
from tests.unit.engine.test_engine_pausing import KEY, parked

pytest_plugins = ("tests.engine_scene",)
PATIENCE_S = 20.0


def test_leases_are_renewed_while_posts_of_a_lifted_pause_are_made_due(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    letting_go, renewed = threading.Event(), threading.Semaphore(0)
    seen: list[bool] = []

    def renew(leases: Iterable[Lease], *, ttl_ms: int) -> frozenset[str]:
        del leases, ttl_ms
        if letting_go.is_set():
            renewed.release()
        return frozenset()

    def slow(limit: int) -> list[Parked]:
        del limit
        letting_go.set()
        seen.extend(renewed.acquire(timeout=PATIENCE_S) for _ in range(3))
        done.set()
        return []

    done = threading.Event()
    monkeypatch.setattr(scene.stage.ledger, "renew", renew)
    monkeypatch.setattr(scene.stage.ledger, "parked", slow)
    context = replace(scene.context, clock=SystemClock())
    worker = Worker(context, owner="me", threads=0, lease_s=0.05)
    upkeep = Upkeep(context)
    worker.start()
    upkeep.start()
    assert done.wait(PATIENCE_S * 4)
    upkeep.stop(timeout_s=PATIENCE_S)
    worker.stop(timeout_s=PATIENCE_S)
    assert seen[:3] == [True] * 3


def test_what_a_process_left_that_lifted_a_pause_is_made_due_although_sweeping_fails(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(after: Mark) -> Swept:
        raise OSError(f"no disk {after}")

    monkeypatch.setattr(scene.stage.ledger, "sweep_keys", fail)
    (post,) = parked(scene, 1)
    scope = Scope(kind="workspace", target="w", workspace_id="w")
    scene.stage.ledger.end_pause(scope, deed_of(KEY, "resume", "workspace w"))
    woken = threading.Event()
    upkeep = Upkeep(replace(scene.context, wake=woken.set), every_s=0.01)
    upkeep.start()
    assert woken.wait(PATIENCE_S)
    upkeep.stop(timeout_s=PATIENCE_S)
    assert scene.now(post).next_at is not None


def test_sweeping_goes_on_although_pauses_cannot_be_looked_at(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept, failed = threading.Event(), threading.Event()

    def sweep(after: Mark) -> Swept:
        if failed.is_set():
            swept.set()
        return Swept(gone=0, mark=after)

    def fail(limit: int) -> list[Parked]:
        del limit
        failed.set()
        raise OSError("no disk")

    monkeypatch.setattr(scene.stage.ledger, "parked", fail)
    monkeypatch.setattr(scene.stage.ledger, "sweep_keys", sweep)
    upkeep = Upkeep(scene.context, every_s=0.01)
    upkeep.start()
    assert swept.wait(PATIENCE_S)
    upkeep.stop(timeout_s=PATIENCE_S)


def test_a_pause_that_stands_is_left_alone(scene: Scene) -> None:
    (post,) = parked(scene, 1)
    begin_pause(scene.context, KEY, {"scope": "workspace"})
    looked = threading.Event()
    ledger_parked = scene.stage.ledger.parked

    def look(limit: int) -> list[Parked]:
        found = ledger_parked(limit)
        looked.set()
        return found

    scene.stage.ledger.parked = look  # type: ignore[method-assign] # listens in
    upkeep = Upkeep(scene.context)
    upkeep.start()
    assert looked.wait(PATIENCE_S)
    upkeep.stop(timeout_s=PATIENCE_S)
    assert scene.now(post).next_at is None


def test_posts_are_swept_a_stretch_at_a_time_and_pauses_looked_at_in_between(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    finished = threading.Event()

    def sweep(after: Mark, *, life_ms: int) -> Swept:
        assert life_ms == 7
        done.append("step")
        return Swept(gone=1, mark=Mark(at=after.at + 1) if len(done) < 3 * STEPS else None)

    def look(limit: int) -> list[Parked]:
        del limit
        if done.count("look") == 4:
            finished.set()
        done.append("look")
        return []

    monkeypatch.setattr(scene.stage.ledger, "sweep_posts", sweep)
    monkeypatch.setattr(scene.stage.ledger, "parked", look)
    upkeep = Upkeep(scene.context, posts_life_ms=7, every_s=0.01)
    upkeep.start()
    assert finished.wait(PATIENCE_S)
    upkeep.stop(timeout_s=PATIENCE_S)
    first = done.index("look")
    assert 0 < first < STEPS
    assert done[first + 1 : first + 1 + STEPS] == ["step"] * STEPS
    assert done[first + 1 + STEPS] == "look"
