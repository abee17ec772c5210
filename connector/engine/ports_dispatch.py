"""What it takes to let others do the work: posts are leased here, handed over there."""

from collections.abc import Iterable
from typing import Protocol

from connector.engine.model import Claim, Lease


class HandingLedger(Protocol):
    """The part of the ledger by which a lease changes hands. Each method is one transaction."""

    def hand_over(self, lease: Lease, owner: str, *, ttl_ms: int) -> Claim | None:
        """Take a post over from whoever holds `lease`, by its token; its own owner need not be right.

        The old token writes nothing from then on. None where it is stale: whoever took the post under another
        token has it, so a message that comes twice, or late, takes nothing.
        """

    def still_held(self, leases: Iterable[Lease]) -> frozenset[str]:
        """Return the ids of the posts that are under these very leases still, over their time or not."""
