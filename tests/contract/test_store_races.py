"""The ledger's port under many threads at once: each race has exactly one winner."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import pytest
from sqlalchemy import select

from connector.domain.lifecycle import AttemptState, State
from connector.engine.model import Change, Claim
from connector.engine.ports import AccountBusy, LeaseLost
from connector.kernel.errors import PostrailError
from connector.store.tables import events
from tests.ledgers import NOTE, TTL, Stage, new_post

pytest_plugins = ("tests.databases", "tests.ledgers")

T = TypeVar("T")
ROUNDS = 12
CROWD = 8


def at_once(calls: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Make all calls at the same instant, each in a thread; return what each returned or raised."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T | Exception:
        barrier.wait()
        try:
            return call()
        except (LeaseLost, AccountBusy, PostrailError) as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_twins_with_one_key_become_one_post(stage: Stage) -> None:
    for turn in range(ROUNDS):
        twins = [
            new_post(idempotency_key=f"k{turn}", repeat_window_ms=1, input_hash=f"{turn:064}")
            for _ in range(4)
        ]
        answers = at_once([partial(stage.ledger.accept, twin) for twin in twins])
        accepted = [answer for answer in answers if not isinstance(answer, Exception)]
        assert len(accepted) == 4
        assert len({answer.post.id for answer in accepted}) == 1
        assert sorted(answer.replayed for answer in accepted) == [False, True, True, True]


def test_twins_without_a_key_are_accepted_once(stage: Stage) -> None:
    for turn in range(ROUNDS):
        twins = [new_post(repeat_window_ms=1000, input_hash=f"{turn:064}") for _ in range(4)]
        answers = at_once([partial(stage.ledger.accept, twin) for twin in twins])
        refused = [answer for answer in answers if isinstance(answer, PostrailError)]
        assert [error.code for error in refused] == ["duplicate_request"] * 3


def test_void_and_accept_never_both_win(stage: Stage) -> None:
    for turn in range(ROUNDS):
        claim = stage.begun(f"gate-{turn}")
        void = partial(
            stage.ledger.resolve_attempt, claim.lease, f"gate-{turn}", AttemptState.VOID, Change(), NOTE
        )
        outcomes = at_once([partial(stage.open_gate, claim, f"gate-{turn}", f"pub-{turn}"), void])
        states = stage.attempt_states(claim.post.id)
        if isinstance(outcomes[0], Claim):
            assert states == [AttemptState.ACCEPTED]
        else:
            assert (isinstance(outcomes[1], Claim), states) == (True, [AttemptState.VOID])
        stage.ledger.release(claim.lease, next_at=None, change=Change(state=State.FAILED))


def test_a_frozen_owner_and_its_heir_never_both_open_a_gate(stage: Stage) -> None:
    for turn in range(ROUNDS):
        frozen = stage.begun(f"old-{turn}")
        stage.clock.advance(TTL)
        heir = stage.claim("heir")
        late = partial(stage.open_gate, frozen, f"old-{turn}", f"pub-old-{turn}")
        begin = partial(stage.ledger.begin_attempt, heir.lease, f"new-{turn}", "upload", NOTE)
        outcomes: list[Any] = at_once([late, begin])
        assert isinstance(outcomes[0], LeaseLost)
        assert stage.attempt_states(heir.post.id) == [AttemptState.VOID, AttemptState.SENDING]
        stage.ledger.release(heir.lease, next_at=None, change=Change(state=State.FAILED))


def test_many_claimers_hand_each_post_to_one_owner(stage: Stage) -> None:
    ids = {stage.accept().id for _ in range(40)}

    def take_all(owner: str) -> list[str]:
        mine: list[str] = []
        while taken := stage.ledger.claim(owner, limit=3, ttl_ms=TTL):
            mine += [claim.post.id for claim in taken]
        return mine

    found = at_once([partial(take_all, f"owner-{n}") for n in range(CROWD)])
    # A claimer that finds all due rows locked by others goes home early: what is left is still due.
    rest = take_all("last")
    handed = rest + [post_id for mine in found if isinstance(mine, list) for post_id in mine]
    assert len(handed) == len(ids)
    assert set(handed) == ids


def test_posts_of_one_account_begin_one_after_the_other(stage: Stage) -> None:
    claims = [stage.fetched() for _ in range(CROWD)]
    outcomes = at_once(
        [partial(stage.ledger.begin_attempt, claim.lease, claim.post.id, "upload", NOTE) for claim in claims]
    )
    busy = [outcome for outcome in outcomes if isinstance(outcome, AccountBusy)]
    assert len(busy) == CROWD - 1


def test_reserved_slots_are_all_different(stage: Stage) -> None:
    slots = at_once(
        [lambda: stage.ledger.reserve_slot("a", "init", gap_ms=10, burst=1) for _ in range(CROWD)]
    )
    assert sorted(slot for slot in slots if isinstance(slot, int)) == [
        stage.clock.now() + 10 * n for n in range(CROWD)
    ]


def test_no_event_appears_behind_one_that_was_read(stage: Stage) -> None:
    finished = threading.Event()
    seen: list[int] = []

    def read_on() -> int:
        query = select(events.c.id).where(events.c.post_id.is_not(None)).order_by(events.c.id)
        done = False
        while not done:
            done = finished.is_set()
            known = set(seen)
            everything = stage.database.read(lambda conn: list(conn.execute(query).scalars()))
            seen.extend(number for number in everything if number not in known)
        return len(seen)

    def write_many() -> int:
        for _ in range(10):
            stage.accept()
        return 10

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read_on)
        written = at_once([write_many] * 4)
        finished.set()
        assert reading.result() == sum(count for count in written if isinstance(count, int)) == 40
    assert seen == sorted(seen)


@pytest.mark.parametrize("owners", [2, CROWD])
def test_of_many_heirs_one_takes_an_expired_lease(stage: Stage, owners: int) -> None:
    stage.accept()
    stage.claim("dead")
    stage.clock.advance(TTL)
    heirs = at_once([lambda: stage.ledger.claim("heir", limit=1, ttl_ms=TTL) for _ in range(owners)])
    assert sum(len(taken) for taken in heirs if isinstance(taken, list)) == 1
