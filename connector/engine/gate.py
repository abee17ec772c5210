"""The gate: a file of a post is shown while its attempt is accepted, and at no other time.

A pull that arrives before TikTok's publish id is stored is held for a while; what belongs to a void attempt
is gone for ever, so an orphan at TikTok can never be published.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from connector.domain.lifecycle import AttemptState
from connector.engine.blobs import Blob
from connector.engine.context import Context
from connector.engine.model import Gate, MediaItem

LOOK_EVERY_S = 0.05


class Passage(StrEnum):
    """What a request at the gate gets."""

    OPEN = "open"
    NOT_YET = "not_yet"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The answer of the gate; `item` and `blob` only where it is open."""

    passage: Passage
    item: MediaItem | None = None
    blob: Blob | None = None


def passage(gate: Gate | None) -> Passage:
    """Decide by the attempt's state alone. Pure."""
    if gate is None:
        return Passage.GONE
    if gate.state is AttemptState.SENDING:
        return Passage.NOT_YET
    return Passage.OPEN if gate.state is AttemptState.ACCEPTED else Passage.GONE


def at_gate(
    context: Context, token: str, name: str, *, hold_s: float, pause: Callable[[float], None]
) -> Seen:
    """Look up a gated file, holding the request for up to `hold_s` seconds while its attempt is `sending`."""
    deadline = context.clock.ticks() + hold_s
    gate = context.ledger.gate(token)
    while passage(gate) is Passage.NOT_YET and context.clock.ticks() < deadline and not context.stopping():
        pause(LOOK_EVERY_S)
        gate = context.ledger.gate(token)
    found = passage(gate)
    if found is not Passage.OPEN or gate is None:
        return Seen(passage=found)
    for item in gate.media:
        if item.name == name:
            return Seen(passage=found, item=item, blob=context.media.blob(item.media_id))
    return Seen(passage=Passage.GONE)
