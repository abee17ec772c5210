"""Which queue a post goes to: work that moves files, apart from work that is over in a moment. Pure."""

from collections.abc import Collection

from connector.domain.lifecycle import Effect, next_effect
from connector.engine.advance import view_of
from connector.engine.model import Claim

MEDIA = "postrail.media"
"""Fetching, converting, uploading: minutes each, the machine's line and processor."""

LIGHT = "postrail.light"
"""Asking TikTok how a post stands, and telling it to pull one: one or two calls."""

QUEUES = {"media": MEDIA, "light": LIGHT}
"""The queues by the names that the command line has for them."""


def moving_of(queues: Collection[str]) -> bool | None:
    """Return what `Ledger.claim` is to look for, as `moving`, so that it goes to these queues."""
    return None if len(queues) == len(QUEUES) else MEDIA in queues


def queue_of(claim: Claim) -> str:
    """Return the queue for what is to be done next with a post.

    A send goes with the media where the upload follows it at once, under the same lease.
    """
    effect = next_effect(view_of(claim))
    uploads = effect is Effect.SEND and claim.post.transfer == "upload"
    return MEDIA if uploads or effect in {Effect.FETCH, Effect.UPLOAD} else LIGHT
