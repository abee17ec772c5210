"""What a client is told when the database itself fails: a catalogued error, never SQL."""

from connector.kernel.errors import PostrailError


class CommitUnknownError(PostrailError):
    """The connection broke while a commit was on its way: it may have happened or not.

    Its code is `not_ready`, as for every loss of the database. Asking again under the same key tells.
    """

    def __init__(self) -> None:
        super().__init__(
            "not_ready", "The database went away during a commit; ask again to learn what was stored."
        )


def disk_full() -> PostrailError:
    """Say that nothing was written for want of space."""
    return PostrailError("disk_full", "The disk that holds the ledger is full; nothing was stored.")


def unreachable() -> PostrailError:
    """Say that the database could not be used, and that nothing was written."""
    return PostrailError("not_ready", "The database cannot be used right now; nothing was stored.")
