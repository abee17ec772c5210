"""What processes on one ledger need of each other: to be seen alive, and to hear of news."""

from typing import Literal, Protocol

Topic = Literal["posts", "webhooks"]
"""What there is news of: a post has changed or become due; a webhook has been recorded."""

TOPICS: tuple[Topic, ...] = ("posts", "webhooks")


class LinkLost(Exception):
    """This process is not linked to the ledger at the moment: nobody sees it alive, it hears of nothing."""


class Nodes(Protocol):
    """The processes that share a ledger, as one of them sees them.

    Nothing depends on it for being right: leases end by their own time, and everybody looks now and then.
    """

    def join(self) -> bool:
        """Be seen alive from now on, until this process ends in whatever way; a second call begins anew.

        False where that can never work: then leases and looking are all there is. Raises LinkLost.
        """

    def hear(self, timeout_s: float) -> frozenset[Topic]:
        """Wait up to `timeout_s` seconds for news; return what there is news of. Raises LinkLost."""

    def bury(self) -> int:
        """End the leases of processes that have died; return how many rows are due by that.

        A process counts as dead when two calls in a row have found it so. Raises LinkLost.
        """

    def leave(self) -> None:
        """Give back whatever this process still holds, and be gone; never raises."""
