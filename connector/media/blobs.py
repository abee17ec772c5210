"""Kept files as blobs: those of this machine's disk."""

from dataclasses import dataclass
from pathlib import Path

from connector.net import FileWindow


@dataclass(frozen=True)
class FileBlob:
    """Implements `connector.engine.blobs.Blob` for a file on this disk."""

    path: Path

    def open(self, first: int, size: int) -> FileWindow:
        """Begin to read a part. Raises OSError."""
        return FileWindow(self.path, first, size)
