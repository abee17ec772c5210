"""Effect: PUT the video's bytes, chunk by chunk, resumable by whoever holds the post.

The last chunk is announced in the ledger before it is sent: after that, a refused upload URL says nothing
about the outcome, and only TikTok's status does.
"""

from dataclasses import replace

from connector.domain.chunks import Chunk, plan_chunks
from connector.domain.lifecycle import AttemptState, State
from connector.domain.retry import MAX_UPLOAD_TRIES
from connector.engine.context import Context
from connector.engine.model import Attempt, Change, Claim, Entry, Failure
from connector.engine.ports import TikTokError, Uploaded
from connector.engine.steps import again, decided, fail, later, note


def _put(context: Context, claim: Claim, attempt: Attempt, chunk: Chunk) -> Uploaded:
    item = claim.post.media[0]
    path = context.media.path(item.media_id)
    if chunk.is_final:
        context.ledger.record_upload(
            claim.lease, attempt.id, uploaded=attempt.uploaded, final_chunk_started=True
        )
    return context.tiktok.upload_chunk(attempt.upload_url or "", path, chunk, mime=item.mime)


def _processing(context: Context, claim: Claim, entry: Entry) -> Claim:
    change = Change(state=State.PROCESSING, tries=0)
    return replace(claim, post=context.ledger.save(claim.lease, change, entry))


def _refused(context: Context, claim: Claim, attempt: Attempt, chunk: Chunk, error: TikTokError) -> Claim:
    """TikTok will take no more bytes at this URL: a new attempt, unless the video may be complete already."""
    if chunk.is_final or attempt.final_chunk_started:
        entry = note(error.call, "the last chunk may have arrived: TikTok's status decides")
        return _processing(context, claim, entry)
    entry = note(error.call, "the upload URL is refused: a new attempt follows")
    return context.ledger.resolve_attempt(claim.lease, attempt.id, AttemptState.REJECTED, Change(), entry)


def _again(context: Context, claim: Claim, chunk: Chunk, entry: Entry) -> None:
    """Send the same chunk later; gives up only where nothing can have been published."""
    context.ledger.save(claim.lease, Change(), entry)
    if claim.post.tries + 1 >= MAX_UPLOAD_TRIES and not chunk.is_final:
        message = f"TikTok did not take the bytes from {chunk.first} on, {MAX_UPLOAD_TRIES} times in a row."
        fail(context, claim, Failure(code="tiktok_upload_failed", message=message))
        return
    again(context, claim)


def upload(context: Context, claim: Claim) -> Claim | None:
    """Send the chunks that TikTok does not hold yet; stops between chunks when this process drains."""
    attempt = claim.attempt
    if attempt is None:
        raise AssertionError("an upload without an attempt")
    plan = plan_chunks(claim.post.media[0].size)
    while attempt.uploaded < plan.total:
        chunk = next(plan.chunks(attempt.uploaded))
        try:
            result = _put(context, claim, attempt, chunk)
        except TikTokError as error:
            if error.outcome == "refused":
                return _refused(context, claim, attempt, chunk, error)
            _again(context, claim, chunk, note(error.call, f"the chunk at {chunk.first} will be sent again"))
            return None
        if result.uploaded <= attempt.uploaded:
            _again(context, claim, chunk, note(result.call, f"TikTok holds {result.uploaded} bytes only"))
            return None
        context.ledger.journal(claim.post.id, note(result.call, f"{result.uploaded} of {plan.total} bytes"))
        attempt = context.ledger.record_upload(
            claim.lease, attempt.id, uploaded=result.uploaded, final_chunk_started=chunk.is_final
        )
        if context.stopping() and attempt.uploaded < plan.total:
            later(context, claim, 0)
            return None
    return _processing(context, replace(claim, attempt=attempt), decided("every byte is with TikTok"))
