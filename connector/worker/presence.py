"""The thread that keeps this process seen by the others on the ledger, and hears of what they do."""

from collections.abc import Callable, Mapping

from connector.engine.ports_nodes import LinkLost, Nodes, Topic
from connector.kernel.clock import Clock
from connector.kernel.log import get_log
from connector.worker.keeper import Keeper

log = get_log("worker")

LOOK_EVERY_S = 0.4
"""How often the dead are looked for; one is found at the second look."""

BREATH_S = 0.02
"""The shortest time between two wakes, however much there is news of."""

AGAIN_S = 0.2


class Presence(Keeper):
    """Links this process with the others; news of a topic calls `wakes[topic]`, from this thread."""

    def __init__(self, nodes: Nodes, clock: Clock, wakes: Mapping[Topic, Callable[[], None]]) -> None:
        self._nodes = nodes
        self._clock = clock
        self._wakes = wakes
        self._linked = False
        self._look_at = clock.ticks()
        super().__init__("presence", self._keep_up, trouble="presence_failed", rest_s=AGAIN_S)

    def start(self) -> None:
        """Be seen before any work begins, if that can be had at once, and stay so."""
        self._keep_up()
        super().start()

    def leave(self, *, timeout_s: float) -> None:
        """Give back what this process holds; its work must have ended, or end with it."""
        self.stop(timeout_s=timeout_s)
        self._nodes.leave()

    def _keep_up(self) -> float:
        """Do what is to be done now; return after how many seconds to come again."""
        try:
            return self._hear() if self._linked else self._join()
        except LinkLost as lost:
            if self._linked:
                log.warning("link_lost", reason=str(lost))
            self._linked = False
            return AGAIN_S

    def _join(self) -> float:
        if not self._nodes.join():
            log.warning("link_impossible", why="a connection pooler is in front of PostgreSQL")
            self.end()
            return 0.0
        log.info("linked")
        self._linked = True
        # Whatever was told meanwhile has not been heard.
        for wake in self._wakes.values():
            wake()
        return 0.0

    def _hear(self) -> float:
        left = self._look_at - self._clock.ticks()
        if left > 0:
            for topic in self._nodes.hear(left):
                self._wakes[topic]()
        else:
            self._look_at = self._clock.ticks() + LOOK_EVERY_S
            self._nodes.bury()
        return BREATH_S
