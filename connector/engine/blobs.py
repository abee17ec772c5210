"""The bytes of a kept file, wherever they lie: read by ranges, and never whole in memory."""

from pathlib import Path
from typing import Protocol


class Reading(Protocol):
    """A part of a file that is being read."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes (all that are left when negative); nothing at the end. Raises OSError."""

    def close(self) -> None:
        """Let go of it."""


class Blob(Protocol):
    """A kept file."""

    @property
    def path(self) -> Path | None:
        """Where it lies on this machine's disk; None where it lies elsewhere."""

    def open(self, first: int, size: int) -> Reading:
        """Begin to read `size` bytes from the byte at `first` on.

        Raises OSError, and PostrailError `media_gone` or `media_storage_failed` where it lies elsewhere.
        """
