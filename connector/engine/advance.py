"""Takes a claimed post as far as it goes now: state to next effect, effect to next state."""

from collections.abc import Callable

from connector.domain.lifecycle import Effect, View, next_effect
from connector.engine.context import Context
from connector.engine.fetch import fetch
from connector.engine.model import Claim
from connector.engine.poll import poll
from connector.engine.ports_incident import Paused
from connector.engine.send import send
from connector.engine.upload import upload

EFFECTS: dict[Effect, Callable[[Context, Claim], Claim | None]] = {
    Effect.FETCH: fetch,
    Effect.SEND: send,
    Effect.UPLOAD: upload,
    Effect.POLL: poll,
}
"""Each effect either returns the post still in hand, or has given it back and returns None."""


def view_of(claim: Claim) -> View:
    """Reduce a claim to what the choice of the next effect depends on."""
    attempt = claim.attempt
    total = sum(item.size for item in claim.post.media)
    return View(
        state=claim.post.state,
        has_media=bool(claim.post.media),
        attempt=attempt.state if attempt else None,
        uploads=bool(attempt and attempt.upload_url),
        bytes_sent=bool(attempt and attempt.uploaded >= total),
    )


def advance(context: Context, claim: Claim) -> None:
    """Run effects until the post is given back. Raises LeaseLost when another owner has taken it."""
    try:
        _advance(context, claim)
    except Paused:
        context.ledger.park(claim.lease)


def _advance(context: Context, claim: Claim) -> None:
    current: Claim | None = claim
    while current is not None:
        effect = next_effect(view_of(current))
        if effect is Effect.REST:
            context.ledger.release(current.lease, next_at=None)
            return
        if context.stopping():
            context.ledger.release(current.lease, next_at=context.ledger.now())
            return
        current = EFFECTS[effect](context, current)
