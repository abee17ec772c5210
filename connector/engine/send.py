"""Effect: open a publish task at TikTok, so that its bytes can leave through the gate and no other way."""

from dataclasses import replace

from connector.domain.chunks import plan_chunks
from connector.domain.creator import check_against_creator
from connector.domain.lifecycle import AttemptState, State
from connector.domain.retry import BUSY_MS, MAX_ATTEMPTS, backoff
from connector.engine.context import Context
from connector.engine.model import Account, Attempt, Change, Claim, Failure, Post
from connector.engine.ports import AccountBusy, CreatorInfo, Initiated, TikTokError
from connector.engine.steps import account_of, again, decided, fail, failure_of, later, note, slot
from connector.kernel.errors import PostrailError

UPLOAD_URL_LIFE_MS = 3_600_000
"""TikTok's upload URL is valid for one hour."""


def gated_url(context: Context, attempt: Attempt, name: str) -> str:
    """Return the URL that TikTok pulls a file from: it works while `attempt` is accepted, and never after."""
    return f"{context.public_url}/media/{attempt.id}/{name}"


def _init(context: Context, account: Account, post: Post, attempt: Attempt) -> Initiated:
    urls = [gated_url(context, attempt, item.name) for item in post.media]
    if post.kind == "photo":
        return context.tiktok.init_photo(account, post, photo_urls=urls)
    if attempt.transfer == "pull":
        return context.tiktok.init_video(account, post, plan=None, video_url=urls[0])
    return context.tiktok.init_video(account, post, plan=plan_chunks(post.media[0].size), video_url=None)


def _ask_creator(context: Context, claim: Claim, account: Account) -> CreatorInfo | None:
    """Ask what the account may post; gives the post back or fails it, and returns None, when it may not."""
    try:
        return context.tiktok.creator_info(account)
    except TikTokError as error:
        if error.outcome == "refused":
            fail(context, claim, _said(error), note(error.call, "TikTok refuses this account"))
        else:
            context.ledger.save(claim.lease, Change(), note(error.call, f"not answered: {error.code}"))
            again(context, claim)
        return None


def _said(error: TikTokError) -> Failure:
    """Return what TikTok refused with, as it said it."""
    message = error.message or f"TikTok answered {error.code}."
    return Failure(code=error.code, message=message, tiktok_log_id=error.call.log_id)


def _not_initiated(context: Context, claim: Claim, attempt: Attempt, error: TikTokError) -> None:
    """Close the attempt of an init that failed. Its bytes will never leave, whatever TikTok made of it."""
    refused = error.outcome == "refused"
    change = Change(tries=claim.post.tries + 1)
    ended = AttemptState.REJECTED if refused else AttemptState.VOID
    decision = (
        "TikTok refused"
        if refused
        else f"{error.outcome}: no byte leaves for this attempt, a new one follows"
    )
    claim = context.ledger.resolve_attempt(claim.lease, attempt.id, ended, change, note(error.call, decision))
    if refused:
        fail(context, claim, _said(error))
        return
    wait = max(backoff(claim.post.tries), slot(context, account_of(context, claim), "init"))
    later(context, claim, wait)


def send(context: Context, claim: Claim) -> Claim | None:
    """Open an attempt in the ledger, then at TikTok; store what TikTok gave before any byte leaves."""
    account, post = account_of(context, claim), claim.post
    if len(context.ledger.attempts(post.id)) >= MAX_ATTEMPTS:
        message = f"TikTok was tried {MAX_ATTEMPTS} times and gave no usable answer."
        fail(context, claim, Failure(code="attempts_exhausted", message=message), decided("no attempt left"))
        return None
    creator = _ask_creator(context, claim, account)
    if creator is None:
        return None
    problems = check_against_creator(post.input, post.media, creator)
    if problems:
        error = PostrailError(problems[0].code, "The account does not allow this post now.", details=problems)
        fail(context, claim, failure_of(error), note(creator.call, "the account does not allow this post"))
        return None
    try:
        entry = note(creator.call, f"@{creator.username} may post")
        attempt = context.ledger.begin_attempt(claim.lease, context.ids.token(), post.transfer, entry)
    except AccountBusy:
        later(context, claim, BUSY_MS)
        return None
    claim = replace(claim, attempt=attempt)
    try:
        initiated = _init(context, account, post, attempt)
    except TikTokError as error:
        _not_initiated(context, claim, attempt, error)
        return None
    uploads = initiated.upload_url is not None
    return context.ledger.accept_attempt(
        claim.lease,
        attempt.id,
        publish_id=initiated.publish_id,
        upload_url=initiated.upload_url,
        upload_expires_at=context.ledger.now() + UPLOAD_URL_LIFE_MS if uploads else None,
        state=State.SENDING if uploads else State.PROCESSING,
        entry=note(initiated.call, "publish id stored; the gate is open"),
    )
