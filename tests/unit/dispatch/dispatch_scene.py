"""The dispatcher on a real ledger, with a broker that is a list.

Use with `pytest_plugins = ("tests.engine_scene", "tests.unit.dispatch.dispatch_scene")`.

PYTEST_DONT_REWRITE: imported before it is a plugin, and it asserts nothing.
"""

from dataclasses import dataclass, field, replace

import pytest

from connector.dispatch.crew import Crew
from connector.dispatch.dispatcher import Dispatcher
from connector.dispatch.line import LineLost
from connector.dispatch.net import Net
from connector.dispatch.queues import QUEUES
from connector.dispatch.watchdog import LOOK_LEASES, Watchdog
from connector.dispatch.window import Window
from connector.engine.claim import InHand
from tests.fakes.scripted import Scene

LEASE_S = 10.0
LATE_S = 20.0
EVERY_S = LOOK_LEASES * LEASE_S
SIZE = 4

Message = tuple[str, str, str, str]


@dataclass
class PretendLine:
    """Keeps what is sent, until it is told to lose it or to refuse it."""

    up: bool = True
    breaks_after: int | None = None
    sent: list[Message] = field(default_factory=list)
    lying: int = 0

    def is_up(self) -> bool:
        """Say what it was told to."""
        return self.up

    def send(self, queue: str, table: str, row_id: str, token: str) -> None:
        """Keep a message."""
        if self.breaks_after is not None and len(self.sent) >= self.breaks_after:
            raise LineLost("broken")
        self.sent.append((queue, table, row_id, token))

    def depth(self, queue: str) -> int:
        """Say what it was told to; a line that is down does not say."""
        if not self.up:
            raise LineLost(queue)
        return self.lying


class Desk:
    """A dispatcher with its crew, its net and its broker; for `yields_ms` it leaves what is due to others."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.line = PretendLine()
        self.in_hand = InHand()
        self.window = Window(SIZE)
        self.alarms: list[str] = []
        self.yields_ms = 0
        self.context = replace(scene.context, late_ms=lambda: self.yields_ms)
        self.crew = self.crew_of("me")
        self.watchdog = Watchdog(
            self.crew,
            self.line,
            scene.context.clock,
            every_s=EVERY_S,
            give_up=lambda: self.alarms.append("give up"),
        )
        self.dispatcher = Dispatcher(
            self.context,
            self.line,
            self.crew,
            self.watchdog,
            owner="me",
            lease_s=LEASE_S,
            in_hand=self.in_hand,
            window=self.window,
        )
        self.net = self.net_of(frozenset(QUEUES.values()))

    def net_of(self, queues: frozenset[str]) -> Net:
        """Return the net of a process that listens to `queues`."""
        return Net(
            self.context,
            self.dispatcher,
            owner="me",
            lease_s=LEASE_S,
            late_s=LATE_S,
            in_hand=self.in_hand,
            queues=queues,
        )

    def crew_of(self, owner: str, queues: frozenset[str] = frozenset(QUEUES.values())) -> Crew:
        """Return a crew of two in a process called `owner`."""
        return Crew(
            self.context if owner == "me" else self.scene.context,
            owner=owner,
            threads=2,
            lease_s=LEASE_S,
            in_hand=self.in_hand if owner == "me" else InHand(),
            queues=queues,
        )

    def deliver(self, message: Message, crew: Crew | None = None) -> str:
        """Let somebody do what a message says; return what became of it."""
        return (crew or self.crew).work(*message)

    def keep_leases(self) -> None:
        """Do what the worker's keeper does all the time."""
        self.scene.stage.ledger.renew(self.in_hand.all(), ttl_ms=round(LEASE_S * 1000))

    def pass_s(self, seconds: float) -> None:
        """Let time pass, keeping the leases alive."""
        self.keep_leases()
        self.scene.stage.clock.advance(round(seconds * 1000))
        self.keep_leases()


@pytest.fixture
def desk(scene: Scene) -> Desk:
    """Give a dispatcher that is not started: a test looks when it is time."""
    return Desk(scene)
