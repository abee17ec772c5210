"""The thread that looks after the ledger as a whole: finishes lifted pauses, and sweeps now and then."""

from connector.engine.context import Context
from connector.engine.pausing import let_go
from connector.kernel.log import get_log
from connector.worker.keeper import Keeper

log = get_log("worker")

LOOK_EVERY_S = 2.0
"""What a process left that lifted a pause of many posts, or died in between, is found within it."""

SWEEP_EVERY_S = 3600.0


class Upkeep(Keeper):
    """Does what may take long, apart from the leases in hand; any number of processes may."""

    def __init__(self, context: Context, *, every_s: float = LOOK_EVERY_S) -> None:
        self._context = context
        self._every_s = every_s
        self._next_sweep = context.clock.ticks()
        super().__init__("upkeep", self._look, trouble="upkeep_failed", rest_s=every_s)

    def _look(self) -> float:
        self._sweep()
        let_go(self._context)
        return self._every_s

    def _sweep(self) -> None:
        """Sweep when it is time; trouble is logged, and tried again at the next look."""
        ticks = self._context.clock.ticks()
        if ticks < self._next_sweep:
            return
        try:
            self._context.ledger.sweep()
        except Exception:
            log.exception("sweep_failed")
            return
        self._next_sweep = ticks + SWEEP_EVERY_S
