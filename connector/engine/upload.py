"""Effect: PUT the video's bytes, chunk by chunk, resumable by whoever holds the post.

The last chunk is announced in the ledger before it is sent: after that, a refused upload URL says nothing
about the outcome, and only TikTok's status does.
"""

from dataclasses import replace

from connector.domain.chunks import Chunk, plan_chunks
from connector.domain.lifecycle import AttemptState, State
from connector.domain.retry import MAX_UPLOAD_TRIES, backoff
from connector.domain.transfer import is_past_its_hour, may_be_complete
from connector.engine.context import Context
from connector.engine.model import Attempt, Change, Claim, Entry, Failure
from connector.engine.ports import LeaseLost, TikTokError, Uploaded
from connector.engine.steps import again, again_as_attempt, decided, fail, later, note


def _put(context: Context, claim: Claim, attempt: Attempt, chunk: Chunk) -> Uploaded:
    item = claim.post.media[0]
    blob = context.media.blob(item.media_id)
    if chunk.is_final:
        context.ledger.record_upload(
            claim.lease, attempt.id, uploaded=attempt.uploaded, final_chunk_started=True
        )
    return context.tiktok.upload_chunk(attempt.upload_url or "", blob, chunk, mime=item.mime)


def _processing(context: Context, claim: Claim, entry: Entry) -> Claim:
    change = Change(state=State.PROCESSING, tries=0)
    return replace(claim, post=context.ledger.save(claim.lease, change, entry))


def _new_attempt(context: Context, claim: Claim, attempt: Attempt, entry: Entry) -> None:
    """End an attempt that TikTok can never complete; the next one follows in its own time."""
    claim = context.ledger.resolve_attempt(
        claim.lease, attempt.id, AttemptState.REJECTED, Change(tries=0), entry
    )
    again_as_attempt(context, claim, attempt.number - claim.post.attempts_before)


def _refused(
    context: Context, claim: Claim, attempt: Attempt, chunk: Chunk, error: TikTokError
) -> Claim | None:
    """TikTok will take no more bytes at this URL: a new attempt, unless the video may be complete already."""
    if may_be_complete(final_chunk_started=attempt.final_chunk_started, is_final=chunk.is_final):
        entry = note(error.call, "the last chunk may have arrived: TikTok's status decides")
        return _processing(context, claim, entry)
    _new_attempt(
        context, claim, attempt, note(error.call, "the upload URL is refused: a new attempt follows")
    )
    return None


def _again(context: Context, claim: Claim, attempt: Attempt, chunk: Chunk, entry: Entry) -> Claim | None:
    """Send the same chunk later; in the end fail, or ask TikTok where the last chunk may have arrived."""
    if claim.post.tries + 1 < MAX_UPLOAD_TRIES:
        context.ledger.save(claim.lease, Change(), entry)
        again(context, claim)
        return None
    if may_be_complete(final_chunk_started=attempt.final_chunk_started, is_final=chunk.is_final):
        return _processing(context, claim, entry)
    message = f"TikTok did not take the bytes from {chunk.first} on, {MAX_UPLOAD_TRIES} times in a row."
    fail(context, claim, Failure(code="tiktok_upload_failed", message=message), entry)
    return None


def _is_expired(context: Context, attempt: Attempt) -> bool:
    started = attempt.final_chunk_started
    return is_past_its_hour(attempt.upload_expires_at, context.ledger.now(), final_chunk_started=started)


def _confirmed(context: Context, claim: Claim, attempt: Attempt, chunk: Chunk, result: Uploaded) -> Attempt:
    """Store what TikTok holds, with its answer; the answer also where the post is another's by now."""
    entry = note(result.call, f"{result.uploaded} of {chunk.total} bytes")
    try:
        return context.ledger.record_upload(
            claim.lease,
            attempt.id,
            uploaded=result.uploaded,
            final_chunk_started=chunk.is_final,
            entries=[entry],
        )
    except LeaseLost:
        context.ledger.journal(claim.post.id, entry)
        raise


def _record(context: Context, claim: Claim, attempt: Attempt, chunk: Chunk, result: Uploaded) -> Claim:
    """Store what TikTok confirmed; what failed before no longer counts."""
    if result.uploaded == chunk.last + 1:
        context.uplink.note(chunk.size, result.call.took_ms / 1000, at=context.clock.ticks())
    attempt = _confirmed(context, claim, attempt, chunk, result)
    post = context.ledger.save(claim.lease, Change(tries=0)) if claim.post.tries else claim.post
    return replace(claim, attempt=attempt, post=post)


def upload(context: Context, claim: Claim) -> Claim | None:
    """Send the chunks that TikTok does not hold yet; stops between chunks when this process drains."""
    attempt = claim.attempt
    if attempt is None:
        raise AssertionError("an upload without an attempt")
    if _is_expired(context, attempt):
        _new_attempt(context, claim, attempt, decided("the upload URL has expired: a new attempt follows"))
        return None
    plan = plan_chunks(claim.post.media[0].size)
    while attempt.uploaded < plan.total:
        chunk = next(plan.chunks(attempt.uploaded))
        try:
            result = _put(context, claim, attempt, chunk)
        except TikTokError as error:
            if error.outcome == "refused":
                return _refused(context, claim, attempt, chunk, error)
            entry = note(error.call, f"the chunk at {chunk.first} will be sent again")
            return _again(context, claim, attempt, chunk, entry)
        if result.uploaded == attempt.uploaded:
            entry = note(result.call, f"TikTok holds {result.uploaded} bytes only")
            return _again(context, claim, attempt, chunk, entry)
        behind = result.uploaded < attempt.uploaded
        claim = _record(context, claim, attempt, chunk, result)
        attempt = claim.attempt or attempt
        if behind or (context.stopping() and attempt.uploaded < plan.total):
            later(context, claim, backoff(attempt.number) if behind else 0)
            return None
    return _processing(context, claim, decided("every byte is with TikTok"))
