"""What the gate is for, shown by its absence: two naive engines, built from the product by wrappers.

Only the drill builds them, in processes of its own; no setting of the product leads here.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from connector.domain.lifecycle import AttemptState, State
from connector.drill.plan import Naive
from connector.engine.context import Context
from connector.engine.model import Attempt, Change, Claim, Entry, Failure, Gate, Lease, Transfer
from connector.engine.ports import LeaseLost, Ledger
from connector.engine.steps import decided

PARKED = decided("nobody knows whether TikTok has taken it: left to a person")
DOUBT = Change(
    state=State.UNCONFIRMED,
    failure=Failure(code="unconfirmed", message="The answer to the init was lost."),
)


class _NoGate:
    """A ledger whose gate stands open, and which sees nothing odd in what TikTok publishes."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - everything else is the ledger's own
        return getattr(self._ledger, name)

    def gate(self, token: str) -> Gate | None:
        """Let every file pass, whatever became of its attempt."""
        gate = self._ledger.gate(token)
        return None if gate is None else replace(gate, state=AttemptState.ACCEPTED)

    def adopt(self, *_: object) -> bool:
        """Know nothing of orphans."""
        return False


class _Parking(_NoGate):
    """The same, where a post whose init has no answer is left to a person."""

    def begin_attempt(self, lease: Lease, attempt_id: str, transfer: Transfer, entry: Entry) -> Attempt:
        """Open an attempt, unless one was begun that nobody knows the end of."""
        before = self._ledger.attempts(lease.post_id)
        if any(attempt.state is AttemptState.SENDING for attempt in before):
            self._ledger.save(lease, DOUBT, PARKED)
            raise self._parked(lease)
        return self._ledger.begin_attempt(lease, attempt_id, transfer, entry)

    def resolve_attempt(
        self, lease: Lease, attempt_id: str, state: AttemptState, change: Change, entry: Entry
    ) -> Claim:
        """End an attempt; park its post where nobody knows what TikTok made of it."""
        if state is not AttemptState.VOID:
            return self._ledger.resolve_attempt(lease, attempt_id, state, change, entry)
        self._ledger.resolve_attempt(lease, attempt_id, state, DOUBT, entry)
        raise self._parked(lease)

    def _parked(self, lease: Lease) -> LeaseLost:
        """Give the post back for good; what is returned ends the work on it."""
        self._ledger.release(lease, next_at=None)
        return LeaseLost(lease.post_id)


VARIANTS: dict[Naive, type[_NoGate]] = {"no-gate-retry": _NoGate, "no-gate-park": _Parking}


def naive(variant: Naive) -> Callable[[Context], Context]:
    """Return what makes a naive engine of the product's context."""

    def without_gate(context: Context) -> Context:
        return replace(context, ledger=cast(Ledger, VARIANTS[variant](context.ledger)))

    return without_gate
