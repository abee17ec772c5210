"""What it takes to sweep the ledger: in small transactions, by one process at a time."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Mark:
    """How far a sweep has come: the time (UTC milliseconds) and the id of the row that it looked at last."""

    at: int = 0
    id: str = ""


START = Mark()
"""Before the oldest row."""


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What one step of a sweep did: how many went, and from where to go on (None: that was all)."""

    gone: int
    mark: Mark | None


class SweepingLedger(Protocol):
    """The part of the ledger that forgets. Each method is one transaction, of some hundred rows at most.

    Any number may sweep at once, and any may die at any moment: what goes, goes whole. The turn keeps them
    from doing the same work.
    """

    def take_turn(self, name: str, *, ttl_ms: int) -> int | None:
        """Take the turn `name` for `ttl_ms`; None while somebody has it, or it is not due yet.

        What is returned names the turn for `keep_turn`.
        """

    def keep_turn(self, name: str, turn: int, *, ttl_ms: int) -> int | None:
        """Let a turn last, or the next one not begin, for `ttl_ms` from now; return its new name.

        None where another process has taken it meanwhile.
        """

    def sweep_keys(self, after: Mark) -> Swept:
        """Delete idempotency keys that bind no more."""

    def sweep_webhooks(self, after: Mark) -> Swept:
        """Delete webhooks that were handled long ago.

        What TikTok has told of a post stays for as long as it may bear on what becomes of that post.
        """

    def sweep_posts(self, after: Mark, *, life_ms: int) -> Swept:
        """Delete posts that settled and were last touched `life_ms` ago, with all that is known of them.

        Posts in doubt, parked ones, those that are due and those that have not settled stay. So does what is
        needed to judge another one: what was sent for the same TikTok account around the time of a post that
        waits for a person, and the twin of a post that may be tried anew.
        """

    def was_swept(self, publish_id: str) -> bool:
        """Tell whether a publish id was that of a post which has been swept."""
