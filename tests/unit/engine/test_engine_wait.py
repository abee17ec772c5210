"""Waiting: one watcher for all, answered at the change, at the deadline, or when the server drains."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from connector.domain.lifecycle import State
from connector.engine.model import Change, Post
from connector.engine.wait import WaitRoom
from connector.kernel.clock import SystemClock
from tests.fakes.scripted import Scene

pytest_plugins = ("tests.engine_scene",)


@pytest.fixture
def room(scene: Scene) -> Iterator[WaitRoom]:
    """Give a room for three."""
    room = WaitRoom(scene.stage.ledger, SystemClock(), capacity=3)
    yield room
    room.close()


def fetching(post: Post) -> bool:
    """Whether a post has begun to be fetched."""
    return post.state is State.FETCHING


def move_on(scene: Scene) -> None:
    """Change the one due post."""
    scene.stage.ledger.save(scene.stage.claim().lease, Change(state=State.FETCHING))


def test_all_who_wait_for_a_post_are_answered_at_its_change(scene: Scene, room: WaitRoom) -> None:
    post, entered = scene.accept_video(), threading.Barrier(4)

    def wait() -> Post:
        entered.wait(10)
        return room.wait(post, fetching, 30)

    with ThreadPoolExecutor(3) as pool:
        answers: list[Future[Post]] = [pool.submit(wait) for _ in range(3)]
        entered.wait(10)
        move_on(scene)
        room.notify()
        assert {answer.result(20).state for answer in answers} == {State.FETCHING}


def test_a_change_made_by_another_process_is_seen_without_a_hint(scene: Scene, room: WaitRoom) -> None:
    post = scene.accept_video()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(room.wait, post, fetching, 30)
        move_on(scene)
        assert answer.result(20).state is State.FETCHING


def test_at_the_deadline_the_post_is_told_as_it_stands(scene: Scene, room: WaitRoom) -> None:
    assert room.wait(scene.accept_video(), fetching, 0.05).state is State.QUEUED


def test_what_is_done_already_is_answered_at_once(scene: Scene, room: WaitRoom) -> None:
    assert room.wait(scene.accept_video(), lambda _: True, 1000).state is State.QUEUED


def test_who_has_no_time_is_answered_without_a_look_at_the_ledger(scene: Scene, room: WaitRoom) -> None:
    post = scene.accept_video()
    move_on(scene)
    assert room.wait(post, fetching, 0) is post


def test_a_draining_room_answers_everybody_and_takes_no_more(scene: Scene, room: WaitRoom) -> None:
    post = scene.accept_video()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(room.wait, post, fetching, 1000)
        room.close()
        assert answer.result(20).state is State.QUEUED
    assert room.wait(post, fetching, 1000).state is State.QUEUED


def test_above_its_capacity_the_room_answers_at_once(scene: Scene) -> None:
    room = WaitRoom(scene.stage.ledger, SystemClock(), capacity=0)
    assert room.wait(scene.accept_video(), fetching, 1000).state is State.QUEUED
