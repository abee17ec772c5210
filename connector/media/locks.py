"""Locks on kept files among the processes of one machine: those of a folder, by the kernel."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from connector.media.spool import locked


class FolderLocks:
    """Implements `connector.engine.ports_storage.MediaLocks` by the folders <root>/<aa>, made when needed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def shared(self, media_ids: Iterable[str]) -> Iterator[None]:
        """Keep files from being locked alone inside the `with`."""
        with ExitStack() as stack:
            for folder in sorted({self._folder(media_id) for media_id in media_ids}):
                stack.enter_context(locked(folder, exclusive=False))
            yield

    @contextmanager
    def alone(self, media_id: str) -> Iterator[None]:
        """Be the only one who has a lock on a file inside the `with`."""
        with locked(self._folder(media_id), exclusive=True):
            yield

    def _folder(self, media_id: str) -> Path:
        folder = self._root / media_id[:2]
        folder.mkdir(parents=True, exist_ok=True)
        return folder
