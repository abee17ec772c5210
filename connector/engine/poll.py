"""Effect: ask TikTok how a post stands, and conclude from its answer."""

from dataclasses import dataclass

from connector.domain.drafts import MODERATION_MS, look_at_draft
from connector.domain.lifecycle import TABLE, TIKTOK_PUBLISHED, AttemptState, State, may_become
from connector.domain.retry import (
    GIVE_UP_MS,
    MAX_STATUS_TRIES,
    RETRYABLE_FAIL_REASONS,
    SOUGHT_FOR_MS,
    STALL_MS,
    UNKNOWN_ID_MS,
    look_again,
    max_attempts,
)
from connector.engine.budget import take
from connector.engine.context import Context
from connector.engine.deciding import may_hold_all
from connector.engine.model import Account, Attempt, Change, Claim, Failure, Post
from connector.engine.ports import PublishStatus, TikTokError
from connector.engine.reconcile import leave_in_doubt
from connector.engine.send import attempts_spent
from connector.engine.steps import account_of, again_as_attempt, fail, later, note
from connector.kernel.log import get_log

log = get_log("engine")

UNKNOWN_ID_CODES = frozenset({"invalid_publish_id", "invalid_params"})
PUBLIC = "PUBLIC_TO_EVERYONE"
DOUBT = "The last chunk of the upload may or may not have arrived, and TikTok does not say how it ended."
PULL_DOUBT = "TikTok may have pulled every byte, and does not say how it ended."
UNSEEN = "TikTok says that it is published, and does not say where: it may be public, or seen by nobody."


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a status means for the post: its next state, and when to look again.

    `look_again` says whether to; `wait_ms`, where it is given, when.
    """

    state: State
    look_again: bool
    wait_ms: int | None = None


def conclude(post: Post, status: PublishStatus, *, age_ms: int) -> Verdict:
    """Read TikTok's status (other than FAILED) for a post sent `age_ms` ago. Pure.

    Only a public post is ever given an id; what goes to friends, followers or nobody is published without.
    """
    if status.status == "SEND_TO_USER_INBOX":
        wait = look_at_draft(age_ms)
        return Verdict(state=State.INBOX_DELIVERED, look_again=wait is not None, wait_ms=wait)
    if status.status != TIKTOK_PUBLISHED:
        state = State.STALLED if age_ms > STALL_MS else State.PROCESSING
        return Verdict(state=state, look_again=True)
    if status.public_ids and (post.mode == "inbox" or post.input.get("privacy") == PUBLIC):
        return Verdict(state=State.PUBLISHED_PUBLIC, look_again=False)
    if post.mode == "inbox":
        # Only the creator knows who may see it: no id for a day says that not everybody may.
        seen = age_ms < MODERATION_MS or post.state is not State.IN_MODERATION
        return Verdict(state=State.IN_MODERATION if seen else State.PUBLISHED_PRIVATE, look_again=seen)
    if post.input.get("privacy") != PUBLIC:
        return Verdict(state=State.PUBLISHED_PRIVATE, look_again=False)
    state = State.UNCONFIRMED if age_ms > SOUGHT_FOR_MS else State.IN_MODERATION
    return Verdict(state=state, look_again=True)


def _in_doubt(attempt: Attempt | None, verdict: Verdict, age_ms: int) -> bool:
    """Whether TikTok will hardly ever say how a pull ended, or a last chunk that may not have arrived."""
    may = attempt is not None and may_hold_all(attempt)
    return may and verdict.state is State.STALLED and age_ms > GIVE_UP_MS


def _doubt(attempt: Attempt | None, status: PublishStatus, *, lost: bool) -> str:
    """Say in a sentence what is not known of a post that is unconfirmed."""
    if lost:
        return PULL_DOUBT if attempt is not None and attempt.transfer == "pull" else DOUBT
    if status.status == TIKTOK_PUBLISHED:
        return UNSEEN
    return f"TikTok says {status.status}, and does not say how it ended."


def _failed(context: Context, claim: Claim, status: PublishStatus) -> Claim | None:
    """TikTok has ended the publish task: try anew where TikTok says that this helps, else fail.

    While a new attempt is to come nobody is told FAILED: who reads it might post again.
    """
    reason, most = status.fail_reason or "tiktok_error", max_attempts(claim.post.mode)
    tried = attempts_spent(context.ledger.attempts(claim.post.id), before=claim.post.attempts_before)
    helps = reason in RETRYABLE_FAIL_REASONS and tried < most
    if helps and claim.attempt is not None and may_become(claim.post.state, State.SENDING):
        entry = note(status.call, f"FAILED, {reason}: attempt {tried} of {most} is over")
        change = Change(state=State.SENDING, tries=0)
        claim = context.ledger.resolve_attempt(
            claim.lease, claim.attempt.id, AttemptState.REJECTED, change, entry
        )
        again_as_attempt(context, claim, tried)
        return None
    context.ledger.save(claim.lease, Change(tiktok_status=status.status, raw_status=status.raw))
    failure = Failure(
        code=reason,
        message=f"TikTok refused the post: {reason}.",
        fail_reason=reason,
        tiktok_log_id=status.call.log_id,
    )
    fail(context, claim, failure, note(status.call, f"FAILED, {reason}"))
    return None


def _not_told(context: Context, account: Account, claim: Claim, error: TikTokError, age_ms: int) -> None:
    """TikTok did not say how the post stands: ask again, and leave it in doubt when it keeps refusing."""
    entry = note(error.call, f"no answer about the post: {error.code}")
    young = error.code in UNKNOWN_ID_CODES and age_ms < UNKNOWN_ID_MS
    refused = error.outcome == "refused" and not young
    if not refused or claim.post.tries < MAX_STATUS_TRIES:
        context.ledger.save(claim.lease, Change(), entry)
        later(context, claim, look_again(age_ms), Change(tries=claim.post.tries + refused))
        return
    doubt = f"TikTok no longer tells how the post stands: {error.code}."
    leave_in_doubt(context, account, claim, Change(), doubt, entry)


def poll(context: Context, claim: Claim) -> Claim | None:
    """Ask for the status, store what changed, and say when to look again."""
    post, account = claim.post, account_of(context, claim)
    since = claim.attempt.created_at if claim.attempt else post.created_at
    age = context.ledger.lately() - since
    if wait := take(context, account, "status"):
        later(context, claim, wait)
        return None
    try:
        status = context.tiktok.status(account, post.publish_id or "")
    except TikTokError as error:
        _not_told(context, account, claim, error, age)
        return None
    if status.status == "FAILED":
        return _failed(context, claim, status)
    _concluded(context, account, claim, status, age)
    return None


def _concluded(context: Context, account: Account, claim: Claim, status: PublishStatus, age_ms: int) -> None:
    """Store what TikTok's status means for the post, and give it back."""
    post, verdict = claim.post, conclude(claim.post, status, age_ms=age_ms)
    lost = _in_doubt(claim.attempt, verdict, age_ms)
    state = State.UNCONFIRMED if lost else verdict.state
    if not may_become(post.state, state):
        state = post.state
    # That it was published is never unsaid by a status that is behind.
    is_behind = post.is_said_published and status.status != TIKTOK_PUBLISHED
    shown = post.tiktok_status if is_behind else status.status
    news = (shown, state) != (post.tiktok_status, post.state)
    entries = [note(status.call, f"{status.status}: {state}")] if news else []
    change = Change(
        state=state,
        tiktok_status=shown,
        raw_status=None if is_behind else status.raw,
        public_ids=status.public_ids or None,
        tries=0,
    )
    if state is State.UNCONFIRMED:
        doubt = _doubt(claim.attempt, status, lost=lost)
        leave_in_doubt(context, account, claim, change, doubt, *entries)
        return
    wait = verdict.wait_ms or look_again(age_ms, told=context.hears())
    next_at = context.ledger.lately() + wait if verdict.look_again else None
    context.ledger.release(claim.lease, next_at=next_at, change=change, entries=entries)
    if state is not post.state and TABLE[state].settled:
        log.info("post_settled", post_id=post.id, state=state.value)
    context.wake()
