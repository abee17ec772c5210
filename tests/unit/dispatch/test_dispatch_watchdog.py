"""The watchdog: messages that lie while a thread waits for them, seen so many times, once."""

from collections.abc import Callable

import pytest

from connector.dispatch.crew import POSTS
from connector.dispatch.line import LineLost
from connector.dispatch.queues import LIGHT, MEDIA
from connector.dispatch.watchdog import LOOKS
from tests.unit.dispatch.dispatch_scene import EVERY_S, Desk

pytest_plugins = ("tests.engine_scene", "tests.unit.dispatch.dispatch_scene")


def look(desk: Desk, many: int) -> None:
    """Let it look so many times."""
    for _ in range(many):
        desk.pass_s(EVERY_S)
        desk.watchdog.look()


def hear(desk: Desk, queue: str) -> None:
    """Let a message arrive."""
    desk.crew.work(queue, "accounts", "of no", "use")


def keep_both_busy(desk: Desk, meanwhile: Callable[[], None]) -> None:
    """Do something while both threads have in hand what came from elsewhere."""
    second = iter([lambda: desk.crew.work("elsewhere", POSTS, "of no", "use"), meanwhile])

    def hand_over(*_: object, **__: object) -> None:
        next(second)()

    desk.scene.stage.ledger.hand_over = hand_over  # type: ignore[method-assign] # what a thread does first
    desk.crew.work("elsewhere", POSTS, "of no", "use")


def test_it_gives_up_once_when_messages_lie_and_none_is_heard(desk: Desk) -> None:
    desk.line.lying = 1
    look(desk, LOOKS)
    assert (desk.alarms, desk.watchdog.has_given_up) == ([], False)
    look(desk, LOOKS)
    assert (desk.alarms, desk.watchdog.has_given_up) == (["give up"], True)


def test_it_looks_no_more_often_than_it_is_told(desk: Desk) -> None:
    desk.line.lying = 1
    for _ in range(3 * LOOKS):
        desk.pass_s(EVERY_S / 3)
        desk.watchdog.look()
    assert desk.alarms == []


def test_queues_in_which_nothing_lies_are_no_reason_however_long_nothing_is_heard(desk: Desk) -> None:
    look(desk, 4 * LOOKS)
    assert desk.alarms == []


def test_what_lies_only_at_times_is_counted_while_nothing_is_heard(desk: Desk) -> None:
    """One post in some minutes lies there for two leases, and then the queue is empty again."""
    for lying in (1, 0, 0) * (LOOKS + 1):
        desk.line.lying = lying
        look(desk, 1)
    assert desk.alarms == ["give up"]


def test_a_message_that_is_heard_begins_the_count_anew(desk: Desk) -> None:
    desk.line.lying = 1
    for _ in range(4):
        look(desk, LOOKS - 1)
        hear(desk, MEDIA)
        hear(desk, LIGHT)
    assert desk.alarms == []


def test_who_hears_one_queue_may_be_deaf_to_the_other(desk: Desk) -> None:
    desk.line.lying = 1
    for _ in range(LOOKS + 1):
        look(desk, 1)
        hear(desk, LIGHT)
    assert desk.alarms == ["give up"]


def test_a_crew_that_has_no_thread_free_all_the_time_hears_nothing_and_is_not_deaf(desk: Desk) -> None:
    desk.line.lying = 1
    for _ in range(2 * LOOKS):
        keep_both_busy(desk, lambda: None)
        look(desk, 1)
    keep_both_busy(desk, lambda: look(desk, 2 * LOOKS))
    assert desk.alarms == []


def test_a_link_that_is_new_begins_the_count_anew(desk: Desk) -> None:
    desk.line.lying = 1
    for _ in range(4):
        look(desk, LOOKS - 1)
        desk.crew.stir()
    assert desk.alarms == []


def test_the_queues_of_others_are_not_looked_into(desk: Desk) -> None:
    light = desk.crew_of("me", queues=frozenset({LIGHT}))
    desk.scene.stage.clock.advance(1)
    now = desk.scene.stage.clock.ticks()
    assert (light.has_waited_since(LIGHT, now), light.has_waited_since(MEDIA, now)) == (True, False)


def test_a_broker_that_does_not_tell_is_no_reason(desk: Desk) -> None:
    look(desk, 1)
    desk.line.up = False
    for _ in range(4 * LOOKS):
        desk.pass_s(EVERY_S)
        with pytest.raises(LineLost):
            desk.watchdog.look()
    assert desk.alarms == []
