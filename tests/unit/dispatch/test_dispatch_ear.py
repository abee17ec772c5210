"""The ear: off its queues while messages are of no use, and on them again after."""

import pytest

from connector.dispatch.ear import Ear
from connector.dispatch.queues import LIGHT, MEDIA


class PretendListener:
    """Notes what it is told; fails at `fails_at`."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.fails_at = ""

    def add_task_queue(self, queue: str) -> None:
        """Note it."""
        self.told.append(f"+{queue}")

    def cancel_task_queue(self, queue: str) -> None:
        """Note it."""
        if queue == self.fails_at:
            raise ConnectionError(queue)
        self.told.append(f"-{queue}")


class World:
    """An ear, what it listens to, and what it is told to do."""

    def __init__(self) -> None:
        self.use = True
        self.again = 0
        self.listener = PretendListener()
        self.ear = Ear([LIGHT, MEDIA], lambda: self.use, self._listens)

    def _listens(self) -> None:
        self.again += 1

    def look(self, *, use: bool) -> list[str]:
        """Look; return what the listener has been told."""
        self.use, self.listener.told = use, []
        self.ear.look(self.listener)
        return self.listener.told


def test_it_leaves_its_queues_once_and_comes_back_once() -> None:
    world = World()
    assert world.look(use=True) == []
    assert world.look(use=False) == [f"-{LIGHT}", f"-{MEDIA}"]
    assert world.look(use=False) == []
    assert world.again == 0
    assert world.look(use=True) == [f"+{LIGHT}", f"+{MEDIA}"]
    assert world.look(use=True) == []
    assert world.again == 1


def test_what_failed_half_way_is_done_again_as_a_whole() -> None:
    world = World()
    world.listener.fails_at = MEDIA
    with pytest.raises(ConnectionError):
        world.look(use=False)
    world.listener.fails_at = ""
    assert world.look(use=False) == [f"-{LIGHT}", f"-{MEDIA}"]
