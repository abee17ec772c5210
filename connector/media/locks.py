"""Locks among the processes of one machine, on kept files and on beginning: of folders, by the kernel."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from connector.media.spool import locked


class FolderLocks:
    """Implements `connector.engine.ports_storage.MediaLocks` by folders in <root>, made when needed.

    <aa>     for the files whose ids begin so
    begun    for who begins an upload, of whatever workspace
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def shared(self, media_ids: Iterable[str]) -> Iterator[None]:
        """Keep files from being locked alone inside the `with`."""
        with ExitStack() as stack:
            for folder in sorted({self._folder(media_id[:2]) for media_id in media_ids}):
                stack.enter_context(locked(folder, exclusive=False))
            yield

    @contextmanager
    def alone(self, media_id: str) -> Iterator[None]:
        """Be the only one who has a lock on a file inside the `with`."""
        with locked(self._folder(media_id[:2]), exclusive=True):
            yield

    @contextmanager
    def beginning(self, workspace_id: str) -> Iterator[None]:
        """Be the only one who begins an upload inside the `with`."""
        del workspace_id
        with locked(self._folder("begun"), exclusive=True):
            yield

    def _folder(self, name: str) -> Path:
        folder = self._root / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder
