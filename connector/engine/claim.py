"""Claims due posts and sees each one through, whatever happens inside."""

import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from connector.domain.lifecycle import AttemptState, State, may_become
from connector.domain.retry import (
    MAX_DEFECTS,
    NEEDS_RECONNECT,
    PASSING_CODES,
    PASSING_WAIT_MS,
    RECONNECT_LOOK_MS,
    RECONNECT_WAIT_MS,
    backoff,
)
from connector.engine.advance import advance
from connector.engine.context import Context
from connector.engine.model import Change, Claim, Failure, Lease
from connector.engine.ports import LeaseLost
from connector.engine.steps import decided, fail, failure_of, later
from connector.kernel.errors import PostrailError
from connector.kernel.log import get_log

log = get_log("engine")

NOTHING_SENT = frozenset({State.QUEUED, State.FETCHING})


class InHand:
    """The leases that this process holds, so that one thread can keep them all alive."""

    def __init__(self) -> None:
        self._leases: dict[str, Lease] = {}
        self._lock = threading.Lock()

    def add(self, leases: Iterable[Lease]) -> None:
        """Note that work on these posts has begun."""
        with self._lock:
            self._leases.update({lease.post_id: lease for lease in leases})

    def remove(self, lease: Lease) -> None:
        """Note that work on the post has ended."""
        with self._lock:
            if self._leases.get(lease.post_id) == lease:
                del self._leases[lease.post_id]

    def all(self) -> list[Lease]:
        """Return the leases in hand."""
        with self._lock:
            return list(self._leases.values())


def _shut_gate(context: Context, claim: Claim) -> None:
    """Void an attempt that has no answer, so that the post does not keep its account busy while it waits."""
    for attempt in context.ledger.attempts(claim.post.id):
        if attempt.state is AttemptState.SENDING:
            entry = decided("the attempt had no answer: no byte leaves for it")
            context.ledger.resolve_attempt(claim.lease, attempt.id, AttemptState.VOID, Change(), entry)


def _park(context: Context, claim: Claim, error: Exception) -> None:
    """Put a post aside on which our own code failed: later again, and in the end for a person to see."""
    tries = claim.post.tries + 1
    _shut_gate(context, claim)
    if tries < MAX_DEFECTS:
        later(context, claim, backoff(tries), Change(tries=tries))
        return
    code, message = "internal_error", f"Postrail failed on this post ({type(error).__name__})."
    if claim.post.state in NOTHING_SENT:
        fail(context, claim, Failure(code=code, message=message))
        return
    change = Change(state=State.HELD, failure=Failure(code=code, message=message))
    context.ledger.save(claim.lease, change, decided("held: a person must decide"))
    context.ledger.release(claim.lease, next_at=None)


def _as_it_stands(context: Context, claim: Claim) -> Claim:
    """Return the claim with its post read anew: effects may have moved it since it was claimed."""
    return replace(claim, post=context.ledger.post(claim.post.workspace_id, claim.post.id) or claim.post)


def _refuse(context: Context, claim: Claim, error: PostrailError) -> None:
    """End a post that a rule refused, unless the cause may pass or the post may be at TikTok already."""
    if error.code == "server_draining":
        later(context, claim, 0)
    elif error.code in PASSING_CODES:
        later(context, claim, PASSING_WAIT_MS)
    elif claim.post.publish_id is None:
        fail(context, claim, failure_of(error))
    elif error.code == NEEDS_RECONNECT:
        _await_reconnect(context, claim, error)
    else:
        _park(context, claim, error)


def _await_reconnect(context: Context, claim: Claim, error: PostrailError) -> None:
    """Keep a post that is at TikTok until somebody may ask about it again, in the end for a person to see.

    Connecting the account makes it due at once.
    """
    too_long = context.ledger.now() - claim.post.created_at > RECONNECT_WAIT_MS
    if not too_long or not may_become(claim.post.state, State.UNCONFIRMED):
        later(context, claim, RECONNECT_LOOK_MS)
        return
    change = Change(state=State.UNCONFIRMED, failure=failure_of(error))
    context.ledger.release(claim.lease, next_at=None, change=change)
    context.wake()


def work_on(context: Context, claim: Claim, in_hand: InHand) -> None:
    """Advance one claimed post; never raises: a lost lease ends silently, a defect is logged and parked."""
    try:
        try:
            advance(context, claim)
        except PostrailError as error:
            log.warning("post_refused", post_id=claim.post.id, code=error.code, message=error.message)
            _refuse(context, _as_it_stands(context, claim), error)
    except LeaseLost:
        log.info("lease_lost", post_id=claim.post.id)
    except Exception as error:
        log.exception("post_defect", post_id=claim.post.id)
        _try_to_park(context, claim, error)
    finally:
        in_hand.remove(claim.lease)


def _try_to_park(context: Context, claim: Claim, error: Exception) -> None:
    try:
        _park(context, _as_it_stands(context, claim), error)
    except LeaseLost:
        log.info("lease_lost", post_id=claim.post.id)
    except Exception:
        log.exception("post_not_parked", post_id=claim.post.id)
        with suppress(Exception):
            later(context, claim, backoff(MAX_DEFECTS))
