"""Ports of a storage that several machines share: locks among them, and files that are put there directly."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from connector.engine.model_media import Partial, Reach


class MediaLocks(Protocol):
    """Locks among all who take files in and collect them: on files by their ids, on what workspaces begin."""

    def shared(self, media_ids: Iterable[str]) -> AbstractContextManager[None]:
        """Keep files from being locked alone inside the `with`.

        Raises PostrailError `not_ready`, at the end of the `with` too, where the locks were lost meanwhile.
        """

    def alone(self, media_id: str) -> AbstractContextManager[None]:
        """Be the only one who has a lock on a file inside the `with`. Raises PostrailError `not_ready`."""

    def beginning(self, workspace_id: str) -> AbstractContextManager[None]:
        """Be the only one who begins an upload of a workspace inside the `with`. Raises `not_ready`."""


@dataclass(frozen=True, kw_only=True)
class SignedPart:
    """Where a part of a file is put: `size` bytes of it, from the byte at `first`; numbers begin at 1."""

    number: int
    first: int
    size: int
    url: str


class PresignedUploads(Protocol):
    """Files that their senders put into the storage themselves, by signed addresses, until they are whole.

    What there is to know of one lies in the storage too, so any machine may go on with it. Every method
    raises PostrailError `media_storage_failed`.
    """

    def beginning(self, workspace_id: str) -> AbstractContextManager[None]:
        """Be the only one, on whatever machine, who begins one of a workspace inside the `with`.

        Raises PostrailError `not_ready`.
        """

    def create(
        self, partial_id: str, reach: Reach, length: int, metadata: Mapping[str, str]
    ) -> tuple[Partial, Sequence[SignedPart]]:
        """Begin one of `length` bytes, and sign the addresses of its parts."""

    def begun(self, workspace_id: str) -> Mapping[str, int]:
        """Return the lengths of those that a workspace has begun and that are not done, by their ids."""

    def look(self, reach: Reach, partial_id: str) -> Partial:
        """Tell how one stands; `offset` is how many bytes have come. Raises `upload_not_found`."""

    def take(self, reach: Reach, partial_id: str) -> AbstractContextManager[Partial]:
        """Take one in hand, alone on this machine, and tell how it stands.

        Raises PostrailError `upload_not_found`, `upload_locked` while another request has it in hand, and
        `too_many_downloads` while as many are as may be.
        """

    def pieces(self, state: Partial) -> Iterator[bytes]:
        """Yield all bytes of one, as they lay there when the first was asked for.

        Raises PostrailError `upload_mismatch` before the first where they are not as many as announced, and
        later where they were put again; `upload_locked` where it has been done and `upload_not_found` where
        it has been dropped meanwhile, by another machine.
        """

    def done(self, state: Partial, upload_id: str) -> None:
        """Say what upload one has become, and drop its bytes."""

    def drop(self, state: Partial) -> None:
        """Forget one that is not done."""

    def sweep(self) -> int:
        """Drop those whose life is over; return how many."""
