"""The naive engines differ from the product in the gate and in what becomes of a doubt, and nowhere else."""

from typing import Any

import pytest

from connector.domain.lifecycle import AttemptState, State
from connector.drill.naive import VARIANTS
from connector.engine.model import Attempt, Change, Entry, Gate, Lease
from connector.engine.ports import LeaseLost

LEASE = Lease(post_id="post_1", owner="me", token="t")
ENTRY = Entry(call="decision", decision="so")


class Noting:
    """A ledger that notes what is done; `state` is that of its one attempt."""

    def __init__(self, state: AttemptState) -> None:
        self.done: list[tuple[str, object]] = []
        self._attempt = Attempt(
            id="a", post_id="post_1", account_id="acct", number=1, state=state, transfer="pull", created_at=1
        )

    def gate(self, token: str) -> Gate | None:
        """Return the gate of the one attempt."""
        return Gate(state=self._attempt.state, media=()) if token == "a" else None

    def attempts(self, _: str) -> list[Attempt]:
        """Return it."""
        return [self._attempt]

    def begin_attempt(self, *_: object) -> Attempt:
        """Note it."""
        self.done.append(("begin", None))
        return self._attempt

    def resolve_attempt(self, _: Lease, __: str, state: AttemptState, change: Change, ___: Entry) -> None:
        """Note it."""
        self.done.append((state, change.state))

    def save(self, _: Lease, change: Change, *__: Entry) -> None:
        """Note it."""
        self.done.append(("save", change.state))

    def release(self, _: Lease, *, next_at: int | None) -> None:
        """Note it."""
        self.done.append(("release", next_at))

    def now(self) -> int:
        """Return a time."""
        return 7


def naive_ledger(variant: str, state: AttemptState) -> tuple[Any, Noting]:
    """A naive ledger and the one behind it."""
    behind = Noting(state)
    return VARIANTS["no-gate-park" if variant == "no-gate-park" else "no-gate-retry"](behind), behind  # type: ignore[arg-type]  # a part of a ledger


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("state", AttemptState)
def test_the_gate_stands_open_whatever_the_attempt(variant: str, state: AttemptState) -> None:
    ledger, _ = naive_ledger(variant, state)
    assert ledger.gate("a").state is AttemptState.ACCEPTED
    assert ledger.gate("nobody") is None


def test_everything_else_is_the_ledgers_own() -> None:
    ledger, _ = naive_ledger("no-gate-retry", AttemptState.SENDING)
    assert ledger.now() == 7


def test_an_ambiguous_init_is_tried_again_without_a_thought() -> None:
    ledger, behind = naive_ledger("no-gate-retry", AttemptState.SENDING)
    ledger.resolve_attempt(LEASE, "a", AttemptState.VOID, Change(), ENTRY)
    ledger.begin_attempt(LEASE, "b", "pull", ENTRY)
    assert behind.done == [(AttemptState.VOID, None), ("begin", None)]


def test_an_ambiguous_init_is_left_to_a_person() -> None:
    ledger, behind = naive_ledger("no-gate-park", AttemptState.SENDING)
    with pytest.raises(LeaseLost):
        ledger.resolve_attempt(LEASE, "a", AttemptState.VOID, Change(), ENTRY)
    assert behind.done == [(AttemptState.VOID, State.UNCONFIRMED), ("release", None)]


def test_what_a_dead_owner_left_in_doubt_is_left_to_a_person() -> None:
    ledger, behind = naive_ledger("no-gate-park", AttemptState.SENDING)
    with pytest.raises(LeaseLost):
        ledger.begin_attempt(LEASE, "b", "pull", ENTRY)
    assert behind.done == [("save", State.UNCONFIRMED), ("release", None)]


def test_a_plain_refusal_is_no_doubt() -> None:
    ledger, behind = naive_ledger("no-gate-park", AttemptState.REJECTED)
    ledger.resolve_attempt(LEASE, "a", AttemptState.REJECTED, Change(), ENTRY)
    ledger.begin_attempt(LEASE, "b", "pull", ENTRY)
    assert behind.done == [(AttemptState.REJECTED, None), ("begin", None)]
