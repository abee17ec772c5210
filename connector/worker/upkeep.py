"""The thread that looks after the ledger as a whole: finishes lifted pauses, and sweeps now and then."""

from connector.engine.context import Context
from connector.engine.pausing import let_go
from connector.engine.sweeping import Sweeper
from connector.kernel.log import get_log
from connector.worker.keeper import Keeper

log = get_log("worker")

LOOK_EVERY_S = 2.0
"""What a process left that lifted a pause of many posts, or died in between, is found within it."""


class Upkeep(Keeper):
    """Does what may take long, apart from the leases in hand; any number of processes may.

    Posts are swept `posts_life_ms` milliseconds after they have settled (None: never).
    """

    def __init__(
        self, context: Context, *, posts_life_ms: int | None = None, every_s: float = LOOK_EVERY_S
    ) -> None:
        self._context = context
        self._every_s = every_s
        self._sweeper = Sweeper(context, posts_life_ms=posts_life_ms)
        super().__init__("upkeep", self._look, trouble="upkeep_failed", rest_s=every_s)

    def _look(self) -> float:
        nap_s = min(self._every_s, self._sweep())
        let_go(self._context)
        return nap_s

    def _sweep(self) -> float:
        """Sweep for a stretch, when it is time; trouble is logged, and tried again at the next look."""
        try:
            return self._sweeper.go_on()
        except Exception:
            log.exception("sweep_failed")
            return self._every_s
