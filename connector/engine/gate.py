"""The gate: a file of a post is shown whole while its attempt is accepted, and at no other time.

A pull that arrives before TikTok's publish id is stored is held, refused, or given all but the file's tail,
by the mode; what belongs to a void attempt is gone for ever, so an orphan at TikTok can never be published.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from connector.domain.lifecycle import AttemptState
from connector.engine.blobs import Blob
from connector.engine.context import Context
from connector.engine.model import Gate, MediaItem

LOOK_EVERY_S = 0.05

TAIL_SHARE = 16
"""One in so many bytes of a file is its tail."""


class GateMode(StrEnum):
    """What a pull meets while its attempt is `sending`.

    `hold`: the request is held for a few seconds, then told to come again. `tail`: all but the tail is
    served, and only the tail is held. `refuse`: it is told to come again at once.
    """

    HOLD = "hold"
    TAIL = "tail"
    REFUSE = "refuse"


class Passage(StrEnum):
    """What a request at the gate gets; `part`: what comes before the tail."""

    OPEN = "open"
    PART = "part"
    NOT_YET = "not_yet"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The answer of the gate; `item` and `blob` only where at least a part may go."""

    passage: Passage
    item: MediaItem | None = None
    blob: Blob | None = None


def tail_start(size: int) -> int:
    """Return where the tail of a file begins: a sixteenth of its `size` bytes, and at least one byte. Pure.

    Raises ValueError for an empty file, which has no byte to keep back.
    """
    if size < 1:
        raise ValueError("an empty file has no tail")
    return size - max(1, size // TAIL_SHARE)


def passage(gate: Gate | None, mode: GateMode = GateMode.HOLD) -> Passage:
    """Decide by the attempt's state and the mode alone. Pure."""
    if gate is None:
        return Passage.GONE
    if gate.state is AttemptState.SENDING:
        return Passage.PART if mode is GateMode.TAIL else Passage.NOT_YET
    return Passage.OPEN if gate.state is AttemptState.ACCEPTED else Passage.GONE


def _wait_at(
    context: Context, token: str, mode: GateMode, *, hold_s: float, pause: Callable[[float], None]
) -> tuple[Passage, Gate | None]:
    """Look until the gate is something else than `not_yet`, for up to `hold_s` seconds."""
    deadline = context.clock.ticks() + hold_s
    gate = context.ledger.gate(token)
    while (
        passage(gate, mode) is Passage.NOT_YET and context.clock.ticks() < deadline and not context.stopping()
    ):
        pause(LOOK_EVERY_S)
        gate = context.ledger.gate(token)
    return passage(gate, mode), gate


def at_gate(
    context: Context,
    token: str,
    name: str,
    *,
    hold_s: float,
    pause: Callable[[float], None],
    mode: GateMode = GateMode.HOLD,
) -> Seen:
    """Look up a gated file, holding the request for up to `hold_s` seconds while nothing of it may go."""
    found, gate = _wait_at(context, token, mode, hold_s=hold_s, pause=pause)
    if found not in {Passage.OPEN, Passage.PART} or gate is None:
        return Seen(passage=found)
    for item in gate.media:
        if item.name == name:
            return Seen(passage=found, item=item, blob=context.media.blob(item.media_id))
    return Seen(passage=Passage.GONE)


def at_tail(context: Context, token: str, *, hold_s: float, pause: Callable[[float], None]) -> Passage:
    """Wait for up to `hold_s` seconds until the tail may go, and tell whether it may: `open` alone says so.

    A process that ends waits no more.
    """
    return _wait_at(context, token, GateMode.HOLD, hold_s=hold_s, pause=pause)[0]
