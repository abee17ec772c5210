"""Ports of a storage that several machines share: locks among them."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Protocol


class MediaLocks(Protocol):
    """Locks on files by their ids, among all who take files in and collect them."""

    def shared(self, media_ids: Iterable[str]) -> AbstractContextManager[None]:
        """Keep files from being locked alone inside the `with`.

        Raises PostrailError `not_ready`, at the end of the `with` too, where the locks were lost meanwhile.
        """

    def alone(self, media_id: str) -> AbstractContextManager[None]:
        """Be the only one who has a lock on a file inside the `with`. Raises PostrailError `not_ready`."""
