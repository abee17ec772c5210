"""The thread that acts on webhooks, on a real ledger."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from connector.domain.lifecycle import State
from connector.engine.ports_hooks import Letter
from connector.engine.ports_tiktok import EventKind
from connector.worker.hooks import HookWorker
from tests.fakes.hooks import MailRoom
from tests.fakes.scripted import Scene, status

pytest_plugins = ("tests.engine_scene",)
PATIENCE_S = 20.0


@pytest.fixture
def done(scene: Scene) -> Iterator[tuple[MailRoom, HookWorker, threading.Event]]:
    """Give a desk, its worker that has not started, and word of every webhook that it has acted on."""
    mail, acted = MailRoom(scene), threading.Event()
    worker = HookWorker(replace(scene.context, wake=acted.set), mail.desk)
    yield mail, worker, acted
    worker.stop(timeout_s=PATIENCE_S)


def test_a_webhook_is_acted_on_after_a_wake_and_one_that_waits_at_the_start(
    scene: Scene, done: tuple[MailRoom, HookWorker, threading.Event]
) -> None:
    mail, worker, acted = done
    scene.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    post = scene.accept_video()
    scene.step()
    mail.arrive(EventKind.INBOX_DELIVERED, publish_id="pub-1")
    worker.start()
    assert acted.wait(PATIENCE_S)
    acted.clear()
    assert scene.now(post).state is State.INBOX_DELIVERED
    mail.arrive(EventKind.PUBLICLY_AVAILABLE, publish_id="pub-1", post_id="76")
    worker.wake()
    assert acted.wait(PATIENCE_S)
    assert worker.stop(timeout_s=PATIENCE_S)
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_a_worker_whose_ledger_fails_goes_on(
    scene: Scene,
    done: tuple[MailRoom, HookWorker, threading.Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mail, worker, acted = done
    failures = iter([1])
    claim = mail.inbox.claim

    def fails_once(owner: str, *, limit: int, ttl_ms: int) -> list[Letter]:
        if next(failures, 0):
            raise ZeroDivisionError
        return claim(owner, limit=limit, ttl_ms=ttl_ms)

    monkeypatch.setattr(mail.inbox, "claim", fails_once)
    scene.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    scene.accept_video()
    scene.step()
    mail.arrive(EventKind.INBOX_DELIVERED, publish_id="pub-1")
    worker.start()
    assert acted.wait(PATIENCE_S)
