"""The thread that keeps a process linked with the others."""

import threading
from collections.abc import Callable, Iterator

import pytest

from connector.engine.ports_nodes import LinkLost, Topic
from connector.kernel.clock import SystemClock
from connector.worker.presence import Presence

PATIENCE_S = 20.0


class Others:
    """The other processes: they say what they are told to say, and the link breaks when it is told to."""

    def __init__(self) -> None:
        self.can_join = True
        self.broken = False
        self.topics: frozenset[Topic] = frozenset()
        self.joins = 0
        self.joined, self.looked, self.left = threading.Event(), threading.Event(), threading.Event()

    def join(self) -> bool:
        """Count the joins."""
        self.joins += 1
        if self.broken:
            raise LinkLost("broken")
        self.joined.set()
        return self.can_join

    def hear(self, timeout_s: float) -> frozenset[Topic]:
        """Give each topic once."""
        del timeout_s
        if self.broken:
            raise LinkLost("broken")
        topics, self.topics = self.topics, frozenset()
        return topics

    def bury(self) -> int:
        """Note that the dead were looked for."""
        self.looked.set()
        return 0

    def leave(self) -> None:
        """Note that the process has left."""
        self.left.set()


class Crew:
    """A process among others, and word of each of its wakes."""

    def __init__(self) -> None:
        self.others = Others()
        self.posts, self.webhooks = threading.Event(), threading.Event()
        wakes: dict[Topic, Callable[[], None]] = {"posts": self.posts.set, "webhooks": self.webhooks.set}
        self.presence = Presence(self.others, SystemClock(), wakes)

    def start(self) -> None:
        """Start, and forget that it woke everybody at the link."""
        self.presence.start()
        self.posts.clear()
        self.webhooks.clear()


@pytest.fixture
def crew() -> Iterator[Crew]:
    """Give a process that has not started; it leaves in the end."""
    crew = Crew()
    yield crew
    crew.presence.leave(timeout_s=PATIENCE_S)
    assert crew.others.left.is_set()


def test_it_is_linked_before_it_says_that_it_has_started(crew: Crew) -> None:
    crew.presence.start()
    assert crew.others.joins == 1
    assert crew.posts.is_set()
    assert crew.webhooks.is_set()


def test_news_of_a_topic_wakes_those_whom_it_concerns(crew: Crew) -> None:
    crew.start()
    crew.others.topics = frozenset({"webhooks"})
    assert crew.webhooks.wait(PATIENCE_S)
    assert not crew.posts.is_set()


def test_the_dead_are_looked_for_again_and_again(crew: Crew) -> None:
    crew.start()
    for _ in range(3):
        crew.others.looked.clear()
        assert crew.others.looked.wait(PATIENCE_S)


def test_a_broken_link_is_made_anew_and_everybody_looks_at_what_was_missed(crew: Crew) -> None:
    crew.start()
    crew.others.joined.clear()
    crew.others.broken = True
    while crew.others.joins < 3:
        assert not crew.others.joined.wait(0.01)
    crew.others.broken = False
    assert crew.others.joined.wait(PATIENCE_S)
    assert crew.posts.wait(PATIENCE_S)


def test_a_server_that_cannot_be_reached_at_the_start_is_linked_later(crew: Crew) -> None:
    crew.others.broken = True
    crew.presence.start()
    crew.others.broken = False
    assert crew.others.joined.wait(PATIENCE_S)


def test_where_a_link_is_impossible_nothing_is_tried_again(crew: Crew) -> None:
    crew.others.can_join = False
    crew.presence.start()
    crew.presence.stop(timeout_s=PATIENCE_S)
    assert crew.others.joins == 1
    assert not crew.others.looked.is_set()
