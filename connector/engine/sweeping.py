"""Use case: sweep what nobody needs any more, a little at a time, one process after the other."""

from collections import Counter
from collections.abc import Callable

from connector.engine.context import Context
from connector.engine.ports_sweeping import START, Mark, Swept
from connector.kernel.log import get_log

log = get_log("engine")

TURN = "sweep"
"""What the turn is called that one process has at a time."""

EVERY_MS = 3_600_000
"""Milliseconds from the end of a sweep to the next one, by whichever process."""

TURN_MS = 60_000
"""Milliseconds after which the turn of a process that has died may be taken by another one."""

LOOK_EVERY_S = 5.0
"""How often a process looks whether a sweep is due."""

STEPS = 20
"""Steps of one stretch; other work of the same thread comes in between."""

REST_S = 0.2
"""The shortest rest between two stretches; one that took longer is followed by as long a rest."""


class Sweeper:
    """Sweeps the ledger of `context`; posts go `posts_life_ms` after they have settled (None: never).

    For one thread. What is left when it dies, others do in their turn.
    """

    def __init__(self, context: Context, *, posts_life_ms: int | None) -> None:
        self._context = context
        self._posts_life_ms = posts_life_ms
        self._look_at = context.clock.ticks()
        self._turn: int | None = None
        self._todo: list[tuple[str, Callable[[Mark], Swept]]] = []
        self._mark = START
        self._gone: Counter[str] = Counter()

    def go_on(self) -> float:
        """Sweep for a stretch, where it is this process's turn; return after how many seconds to come again.

        Raises as the ledger does; whoever calls again goes on where it was.
        """
        began = self._context.clock.ticks()
        if self._turn is None and not self._begin():
            return max(0.0, self._look_at - began)
        for _ in range(STEPS):
            if not self._todo or self._context.stopping():
                break
            self._step()
        if not self._todo:
            self._end()
            return LOOK_EVERY_S
        self._keep(TURN_MS)
        return max(REST_S, self._context.clock.ticks() - began)

    def _begin(self) -> bool:
        """Take the turn, where one is due; looked for now and then alone."""
        ticks, ledger = self._context.clock.ticks(), self._context.ledger
        if ticks < self._look_at:
            return False
        self._turn = ledger.take_turn(TURN, ttl_ms=TURN_MS)
        self._look_at = ticks + LOOK_EVERY_S
        self._todo = [("keys", ledger.sweep_keys)]
        if self._posts_life_ms is not None:
            self._todo.append(("posts", self._sweep_posts))
        self._todo.append(("webhooks", ledger.sweep_webhooks))
        self._mark = START
        self._gone.clear()
        return self._turn is not None

    def _sweep_posts(self, after: Mark) -> Swept:
        return self._context.ledger.sweep_posts(after, life_ms=self._posts_life_ms or 0)

    def _step(self) -> None:
        name, sweep = self._todo[0]
        done = sweep(self._mark)
        self._gone[name] += done.gone
        self._mark = done.mark or START
        if done.mark is None:
            self._todo.pop(0)

    def _keep(self, ttl_ms: int) -> None:
        """Let the turn last for longer; whoever has lost it stops."""
        turn = self._turn
        self._turn = None if turn is None else self._context.ledger.keep_turn(TURN, turn, ttl_ms=ttl_ms)

    def _end(self) -> None:
        """Say what has gone, and let the next sweep come in its time."""
        self._keep(EVERY_MS)
        self._turn = None
        if self._gone.total():
            log.info("swept", **self._gone)
