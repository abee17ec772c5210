"""Carries out the attacks in their time, mends what is to be mended, and restarts what has ended."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Protocol

from connector.dispatch.queues import QUEUES
from connector.drill.nodes import Node
from connector.drill.plan import Attack, Blow
from connector.drill.witness import Witness
from connector.kernel.clock import Clock

LOOK_EVERY_S = 0.05
GRACE_S = 20.0
"""How long a blow waits for its victim to serve again after the one before."""

READY_S = 60.0

Mend = Callable[[], None]


class Stoppable(Protocol):
    """A database server that can be stopped hard."""

    def stop_hard(self) -> None:
        """End it at once, leaving everything to recovery."""

    def start(self) -> None:
        """Start it again and wait until it serves."""


class Breakable(Stoppable, Protocol):
    """A broker whose queues can be lost too."""

    def purge(self, queue: str) -> None:
        """Throw away what waits in a queue."""

    def delete(self, queue: str) -> None:
        """Delete a queue, whoever listens to it."""


class Attacker:
    """Strikes `nodes`, `database` and `broker` from a thread of its own until it is ended.

    `done` counts the blows; `over` is set once all have fallen, what they left is mended, and all serve.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        database: Stoppable | None,
        witness: Witness,
        clock: Clock,
        broker: Breakable | None = None,
    ) -> None:
        self._nodes = nodes
        self._broker = broker
        self._database = database
        self._witness = witness
        self._clock = clock
        self._mends: list[tuple[float, Mend]] = []
        self._ended = threading.Event()
        self.over = threading.Event()
        self.done: Counter[Blow] = Counter()
        self.error: Exception | None = None
        self._thread: threading.Thread | None = None

    def start(self, attacks: Sequence[Attack], began: float) -> None:
        """Begin; `began` is the clock's ticks from which the attacks are timed."""
        self._thread = threading.Thread(target=self._guarded, args=(deque(attacks), began), name="attacker")
        self._thread.start()

    def end(self) -> None:
        """Strike and mend no more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _guarded(self, attacks: deque[Attack], began: float) -> None:
        try:
            self._run(attacks, began)
        except Exception as error:  # noqa: BLE001 - told by whoever runs the drill
            self.error = error
            self.over.set()

    def _run(self, attacks: deque[Attack], began: float) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            now = self._clock.ticks() - began
            self._mend_due(now)
            for node in self._nodes:
                node.tend()
            if attacks and attacks[0].at_s <= now and self._may_strike(attacks[0], now):
                self._strike(attacks.popleft(), now)
            if not attacks and not self._mends and not self.over.is_set():
                self._see_whether_over()
        self._mend_due(float("inf"))

    def _see_whether_over(self) -> None:
        if all(node.is_ready() for node in self._nodes):
            self.over.set()

    def _mend_due(self, now: float) -> None:
        due = [mend for at, mend in self._mends if at <= now]
        self._mends = [(at, mend) for at, mend in self._mends if at > now]
        for mend in due:
            mend()

    def _victim(self, attack: Attack) -> Node:
        return self._nodes[int(attack.victim * len(self._nodes))]

    def _may_strike(self, attack: Attack, now: float) -> bool:
        """Say whether a blow falls now; most wait for their victim, so that there is work to spoil."""
        if attack.blow == "clock" or attack.at_once or now > attack.at_s + GRACE_S:
            return True
        return self._victim(attack).is_ready()

    def _strike(self, attack: Attack, now: float) -> None:
        mend = self._blow(attack)
        if mend is not None:
            self._mends.append((now + attack.lasts_s, mend))
        self.done[attack.blow] += 1

    def _blow(self, attack: Attack) -> Mend | None:
        """Strike once; return what undoes it, if anything does."""
        victim = self._victim(attack)
        if attack.blow == "kill":
            victim.kill()
        elif attack.blow == "restart":
            victim.restart()
        elif attack.blow == "freeze":
            victim.freeze()
            return victim.thaw
        elif attack.blow == "full_disk":
            victim.fill_disk()
            return victim.clear_disk
        elif attack.blow == "clock":
            self._witness.step_clock(attack.lasts_s)
        elif attack.blow == "stop_database":
            return _stop(self._database)
        else:
            return self._break_broker(attack.blow)
        return None

    def _break_broker(self, blow: Blow) -> Mend | None:
        broker = self._broker
        if broker is None or blow == "wipe_broker":
            return _stop(broker)
        for queue in QUEUES.values():
            (broker.purge if blow == "purge_queues" else broker.delete)(queue)
        return None


def _stop(server: Stoppable | None) -> Mend | None:
    if server is None:
        return None
    server.stop_hard()
    return server.start
