"""The attacker strikes in order, undoes what is to be undone, and says when it is over."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from connector.drill.attacker import Attacker
from connector.drill.caller import Line
from connector.drill.field import stop_all
from connector.drill.nodes import Node
from connector.drill.plan import Attack
from connector.drill.witness import Witness
from connector.kernel.clock import SystemClock

NOBODY = Witness("http://127.0.0.1:9", Line())
OVER_S = 30


class FakeDatabase:
    """Notes how it is stopped and started."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def stop_hard(self) -> None:
        """Note it."""
        self.notes.append("stopped")

    def start(self) -> None:
        """Note it."""
        self.notes.append("started")


class FakeBroker(FakeDatabase):
    """Notes what is done to its queues too."""

    def purge(self, queue: str) -> None:
        """Note it."""
        self.notes.append(f"purged {queue}")

    def delete(self, queue: str) -> None:
        """Note it."""
        self.notes.append(f"deleted {queue}")


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[Node]]:
    """Give two processes that wait."""
    with ExitStack() as stack:
        made = []
        for name in ("one", "two"):
            words = ("-c", "import time; time.sleep(600)")
            node = Node(name=name, words=words, folder=tmp_path, environment={}, line=Line())
            node.start()
            stack.callback(stop_all, [node])
            made.append(node)
        yield made


def pids(nodes: list[Node]) -> list[int]:
    return [node.process.pid for node in nodes if node.process is not None]


def held(attacker: Attacker, *attacks: Attack) -> None:
    """Let the attacker do its work to the end."""
    attacker.start(attacks, SystemClock().ticks())
    try:
        assert attacker.over.wait(OVER_S)
    finally:
        attacker.end()


def test_each_blow_falls_once_on_the_victim_that_the_seed_chose(nodes: list[Node]) -> None:
    before = pids(nodes)
    attacker = Attacker(nodes, None, NOBODY, SystemClock())
    held(attacker, Attack(at_s=0.0, blow="kill", victim=0.9), Attack(at_s=0.1, blow="kill", victim=0.6))
    after = pids(nodes)
    assert (attacker.done, attacker.error) == ({"kill": 2}, None)
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_a_stopped_database_is_started_again_before_it_is_over(nodes: list[Node]) -> None:
    database = FakeDatabase()
    attacker = Attacker(nodes, database, NOBODY, SystemClock())
    held(attacker, Attack(at_s=0.0, blow="stop_database", victim=0.0, lasts_s=0.2))
    assert database.notes == ["stopped", "started"]


def test_a_broker_loses_its_queues_and_itself_and_is_started_again(nodes: list[Node]) -> None:
    broker = FakeBroker()
    attacker = Attacker(nodes, None, NOBODY, SystemClock(), broker)
    held(
        attacker,
        Attack(at_s=0.0, blow="purge_queues", victim=0.0),
        Attack(at_s=0.0, blow="delete_queues", victim=0.0),
        Attack(at_s=0.0, blow="wipe_broker", victim=0.0, lasts_s=0.1),
    )
    queues = ("postrail.media", "postrail.light")
    lost = [f"{what} {queue}" for what in ("purged", "deleted") for queue in queues]
    assert broker.notes == [*lost, "stopped", "started"]


def test_what_was_struck_is_mended_even_when_the_drill_ends_early(nodes: list[Node]) -> None:
    database = FakeDatabase()
    attacker = Attacker(nodes, database, NOBODY, SystemClock())
    attacker.start([Attack(at_s=0.0, blow="stop_database", victim=0.0, lasts_s=600)], SystemClock().ticks())
    while not attacker.done:
        assert not attacker.over.wait(0.01)
    attacker.end()
    assert database.notes == ["stopped", "started"]


def test_an_attack_that_cannot_be_made_ends_the_attacks_and_is_told(nodes: list[Node]) -> None:
    attacker = Attacker(nodes, None, NOBODY, SystemClock())
    held(attacker, Attack(at_s=0.0, blow="clock", victim=0.0, lasts_s=1.0))
    assert attacker.error is not None
    assert "clock/advance" in str(attacker.error)
