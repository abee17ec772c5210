"""A part of a file as a request body."""

from pathlib import Path
from types import TracebackType
from typing import Self


class FileWindow:
    """Reads `size` bytes of the file at `path`, from byte `first` on.

    Opens the file at once (raises OSError). `Egress` closes it after the request; otherwise its maker does.
    """

    def __init__(self, path: Path, first: int, size: int) -> None:
        self._file = path.open("rb", buffering=0)
        self._file.seek(first)
        self._left = size

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes (all that are left when negative); nothing at the end."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted) or b""
        self._left -= len(data)
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
