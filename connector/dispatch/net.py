"""The net under the broker: what the threads of this process work on by themselves."""

from connector.dispatch.dispatcher import Dispatcher
from connector.engine.context import Context
from connector.engine.due import DuePosts
from connector.engine.model import Claim


class Net:
    """`connector.engine.due.Source`: what was sent and not taken, and what is late.

    What is due counts as late after `late_s` seconds; while no broker is reached, at once.
    """

    def __init__(
        self, context: Context, dispatcher: Dispatcher, *, owner: str, lease_s: float, late_s: float
    ) -> None:
        self._dispatcher = dispatcher
        self._yields_ms = context.late_ms
        self._late_ms = round(late_s * 1000)
        self._due = DuePosts(context.ledger, owner, lease_s=lease_s, late_ms=self._patience_ms)

    def _patience_ms(self) -> int:
        return self._late_ms if self._dispatcher.is_up() else self._yields_ms()

    def claim(self) -> list[Claim]:
        """Return a post that was overlooked, else one that is late."""
        overlooked = self._dispatcher.overlooked()
        return self._due.claim() if overlooked is None else [overlooked]

    def due_in_s(self) -> float | None:
        """Return when the first of both is due."""
        times = (self._dispatcher.overdue_in_s(), self._due.due_in_s())
        return min((one for one in times if one is not None), default=None)
