"""Effect: open a publish task at TikTok, so that its bytes can leave through the gate and no other way."""

from collections.abc import Sequence
from dataclasses import replace

from connector.domain.audit import UNAUDITED
from connector.domain.chunks import plan_chunks
from connector.domain.lifecycle import AttemptState, State
from connector.domain.retry import BUSY_MS, backoff, max_attempts
from connector.engine.budget import MINUTE_MS, init_kind, reserve, take
from connector.engine.context import Context
from connector.engine.model import Account, Attempt, Change, Claim, Failure, Post
from connector.engine.modes import NO_AUDIT, check_audit, learn, to_inbox
from connector.engine.ports import AccountBusy, Initiated, TikTokError
from connector.engine.ports_incident import Paused
from connector.engine.steps import (
    account_of,
    again_as_attempt,
    decided,
    fail,
    failure_of,
    later,
    note,
)
from connector.engine.terms import judge
from connector.engine.transfer import learn_of_pull, transfer_of
from connector.kernel.errors import PostrailError

UPLOAD_URL_LIFE_MS = 3_600_000
"""TikTok's upload URL is valid for one hour."""

READS = frozenset({"creator_info/query"})
"""Calls without an effect: an attempt that fails at one of them has not been at TikTok."""


def gated_url(context: Context, attempt: Attempt, name: str) -> str:
    """Return the URL that TikTok pulls a file from: it works while `attempt` is accepted, and never after."""
    return f"{context.public_url}/media/{attempt.id}/{name}"


def _init(context: Context, account: Account, post: Post, attempt: Attempt) -> Initiated:
    urls = [gated_url(context, attempt, item.name) for item in post.media]
    if post.kind == "photo":
        return context.tiktok.init_photo(account, post, photo_urls=urls)
    if attempt.transfer == "pull":
        return context.tiktok.init_video(account, post, plan=None, video_url=urls[0])
    found = context.tiktok.init_video(account, post, plan=plan_chunks(post.media[0].size), video_url=None)
    if found.upload_url is None:
        raise TikTokError("unknown", found.call, "tiktok_error", "TikTok gave no upload URL")
    return found


def attempts_spent(attempts: Sequence[Attempt], *, before: int = 0) -> int:
    """Count the attempts that TikTok may have seen: those with a publish id, and those whose answer was lost.

    A refusal, or a call that never arrived, costs nothing at TikTok and does not count; nor do those up to
    number `before`, after which a person had the post tried anew.
    """
    return sum(
        attempt.publish_id is not None or attempt.state is AttemptState.VOID
        for attempt in attempts
        if attempt.number > before
    )


def _may_post(context: Context, claim: Claim, account: Account) -> bool:
    """Ask what the account may post now; fails the post and returns False when this is not among it.

    A draft asks nobody: its creator chooses what matters later, and the app may lack the permission to ask.
    Raises TikTokError when TikTok refuses the account or does not answer.
    """
    if claim.post.mode == "inbox":
        return True
    creator = context.tiktok.creator_info(account)
    found = judge(context, claim.post, claim.post.media, creator)
    if not found.problems:
        said = "; ".join((f"@{creator.username} may post", *found.warnings))
        context.ledger.journal(claim.post.id, note(creator.call, said))
        return True
    code, message = found.problems[0].code, "The account does not allow this post now."
    error = PostrailError(code, message, details=found.problems)
    fail(context, claim, failure_of(error), note(creator.call, "the account does not allow this post"))
    return False


def _said(error: TikTokError) -> Failure:
    """Return what TikTok refused with, as it said it."""
    message = error.message or f"TikTok answered {error.code}."
    return Failure(code=error.code, message=message, tiktok_log_id=error.call.log_id)


def _as_known(context: Context, claim: Claim, account: Account) -> Claim:
    """Return the post as it may go by what is known of the app's audit now: perhaps as a draft.

    Raises PostrailError where TikTok would refuse it.
    """
    app = context.desk.apps.find(account.app_id) if account.app_id else None
    if app is None or app.audit != "unaudited" or claim.post.mode == "inbox":
        return claim
    if draft := to_inbox(claim.post, account):
        return replace(claim, post=context.ledger.save(claim.lease, draft, decided(NO_AUDIT)))
    check_audit(app, claim.post.input)
    return claim


def _not_initiated(
    context: Context, claim: Claim, attempt: Attempt, account: Account, error: TikTokError
) -> None:
    """Close the attempt of a call that failed. Its bytes will never leave, whatever TikTok made of it."""
    maybe = error.outcome == "unknown" and error.call.name not in READS
    ended = AttemptState.VOID if maybe else AttemptState.REJECTED
    decision = "refused" if error.outcome == "refused" else "a new attempt follows"
    if maybe:
        decision = "no byte leaves for this attempt, whatever TikTok made of it: a new one follows"
    tries = claim.post.tries + 1
    learn(context, account, error)
    draft = to_inbox(claim.post, account) if error.code == UNAUDITED else None
    uploads = learn_of_pull(context, claim.post, attempt, error.code)
    if draft or uploads:
        decision = "the app is not audited: the post goes to the inbox" if draft else "an upload follows"
    change = draft or Change(tries=tries)
    claim = context.ledger.resolve_attempt(claim.lease, attempt.id, ended, change, note(error.call, decision))
    if error.outcome == "refused" and draft is None and not uploads:
        fail(context, claim, _said(error))
    elif error.call.name in READS:
        # No init was sent: the post still has the slot that it waited for.
        later(context, claim, backoff(tries))
    else:
        again_as_attempt(context, claim, tries)


def _accept(context: Context, claim: Claim, attempt: Attempt, initiated: Initiated) -> Claim:
    """Store what TikTok gave. Raises Paused where a pause was faster: then no byte ever leaves for it."""
    uploads = initiated.upload_url is not None
    try:
        return context.ledger.accept_attempt(
            claim.lease,
            attempt.id,
            publish_id=initiated.publish_id,
            upload_url=initiated.upload_url,
            upload_expires_at=context.ledger.now() + UPLOAD_URL_LIFE_MS if uploads else None,
            state=State.SENDING if uploads else State.PROCESSING,
            entry=note(initiated.call, "publish id stored; the gate is open"),
        )
    except Paused:
        overtaken = note(initiated.call, "a pause has come meanwhile: no byte leaves for this attempt")
        context.ledger.journal(claim.post.id, overtaken)
        raise


def _slot_is_gone(post: Post) -> bool:
    """Tell whether the slot that a post waited for lies over a minute back: others have been given theirs."""
    return sum(backoff(tries) for tries in range(1, post.tries + 1)) > MINUTE_MS


def _has_slot(context: Context, claim: Claim, attempt: Attempt, account: Account) -> bool:
    """Give a post that was kept too long by asking about its creator another slot: False if it is later."""
    if not _slot_is_gone(claim.post):
        return True
    wait = reserve(context, account, init_kind(claim.post))
    if not wait:
        return True
    anew = decided("its slot has passed while TikTok did not tell of the creator: it has another one")
    claim = context.ledger.resolve_attempt(
        claim.lease, attempt.id, AttemptState.REJECTED, Change(tries=0), anew
    )
    later(context, claim, wait)
    return False


def send(context: Context, claim: Claim) -> Claim | None:
    """Open an attempt in the ledger, then at TikTok; store what TikTok gave before any byte leaves.

    Raises Paused where a pause covers the post.
    """
    account = account_of(context, claim)
    claim = _as_known(context, claim, account)
    post = claim.post
    spent = attempts_spent(context.ledger.attempts(post.id), before=post.attempts_before)
    most = max_attempts(post.mode)
    if spent >= most:
        message = f"TikTok was tried {most} times and gave no usable answer."
        fail(context, claim, Failure(code="attempts_exhausted", message=message), decided("no attempt left"))
        return None
    if post.mode == "direct" and (wait := take(context, account, "creator_info")):
        later(context, claim, wait)
        return None
    for item in post.media:
        context.media.verify(item.media_id)
    try:
        way = transfer_of(context, account, post.kind, post.input, post.media)
        entry = decided("; ".join(filter(None, (f"attempt {spent + 1} of {most}", way.reason))))
        attempt = context.ledger.begin_attempt(claim.lease, context.ids.token(), way.transfer, entry)
    except AccountBusy:
        later(context, claim, BUSY_MS)
        return None
    claim = replace(claim, attempt=attempt)
    try:
        if not _may_post(context, claim, account) or not _has_slot(context, claim, attempt, account):
            return None
        initiated = _init(context, account, post, attempt)
    except TikTokError as error:
        _not_initiated(context, claim, attempt, account, error)
        return None
    return _accept(context, claim, attempt, initiated)
