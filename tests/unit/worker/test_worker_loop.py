"""The work loop with real threads on a real ledger."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from connector.domain.lifecycle import State
from connector.engine.model import Lease, Post
from connector.engine.ports import PublishStatus
from connector.kernel.clock import SystemClock
from connector.worker.loop import Worker
from tests.fakes.scripted import Scene, status

pytest_plugins = ("tests.engine_scene",)
PATIENCE_S = 20.0


class Crew:
    """A worker on a scene, and word of every post that has come to rest."""

    def __init__(self, scene: Scene) -> None:
        self.settled = threading.Event()
        context = replace(scene.context, clock=SystemClock(), wake=self.settled.set)
        self.worker = Worker(context, owner="me", threads=2, lease_s=1.0)


@pytest.fixture
def crew(scene: Scene) -> Iterator[Crew]:
    """Give a worker that has not started; stop it in the end."""
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    crew = Crew(scene)
    yield crew
    crew.worker.stop(timeout_s=PATIENCE_S)


def accept(scene: Scene) -> Post:
    """Accept a post that is due at once."""
    return scene.accept_video()


def test_a_post_that_is_due_at_the_start_is_worked_on(scene: Scene, crew: Crew) -> None:
    post = accept(scene)
    crew.worker.start()
    assert crew.settled.wait(PATIENCE_S)
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_a_post_that_becomes_due_is_worked_on_after_a_wake(scene: Scene, crew: Crew) -> None:
    crew.worker.start()
    post = accept(scene)
    crew.worker.wake()
    assert crew.settled.wait(PATIENCE_S)
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_a_post_that_another_process_has_accepted_is_found_without_a_wake(scene: Scene, crew: Crew) -> None:
    crew.worker.start()
    post = accept(scene)
    assert crew.settled.wait(PATIENCE_S)
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_a_worker_asks_each_time_how_late_a_post_must_be_for_it_to_take_it(scene: Scene) -> None:
    asked = threading.Event()

    def late_ms() -> int:
        asked.set()
        return 0

    worker = Worker(replace(scene.context, late_ms=late_ms), owner="me", threads=1, lease_s=1.0)
    worker.start()
    assert asked.wait(PATIENCE_S)
    assert worker.stop(timeout_s=PATIENCE_S)


def test_the_lease_of_long_work_is_renewed_so_that_nobody_else_takes_it(scene: Scene, crew: Crew) -> None:
    renewed, entered = threading.Event(), threading.Event()
    ledger_renew = scene.stage.ledger.renew

    def renew(leases: Iterable[Lease], *, ttl_ms: int) -> frozenset[str]:
        held = list(leases)
        if entered.is_set() and held:
            scene.stage.clock.advance(700)
            renewed.set()
        return ledger_renew(held, ttl_ms=ttl_ms)

    def slow_status(*_arguments: object) -> PublishStatus:
        entered.set()
        for _ in range(3):
            renewed.clear()
            assert renewed.wait(PATIENCE_S)
        assert scene.stage.ledger.claim("thief", limit=1, ttl_ms=1000) == []
        return status("PUBLISH_COMPLETE", ids=("76",))

    scene.stage.ledger.renew = renew  # type: ignore[method-assign] # listens in
    scene.tiktok.status = slow_status  # type: ignore[method-assign, assignment] # the scripted fake is ours to bend
    post = accept(scene)
    crew.worker.start()
    assert crew.settled.wait(PATIENCE_S * 2)
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_stopping_waits_for_the_work_in_hand_and_says_whether_it_ended(scene: Scene, crew: Crew) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def slow_status(*_: object) -> PublishStatus:
        entered.set()
        assert go_on.wait(PATIENCE_S)
        return status("PUBLISH_COMPLETE", ids=("76",))

    scene.tiktok.status = slow_status  # type: ignore[method-assign, assignment] # the scripted fake is ours to bend
    post = accept(scene)
    crew.worker.start()
    assert entered.wait(PATIENCE_S)
    assert crew.worker.stop(timeout_s=0.05) is False
    go_on.set()
    assert crew.worker.stop(timeout_s=PATIENCE_S) is True
    assert scene.now(post).state is State.PUBLISHED_PUBLIC
    accept(scene)
    assert scene.stage.ledger.next_due() is not None
