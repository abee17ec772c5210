"""One serving process per SQLite ledger: a lock that the kernel gives back when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.kernel.errors import PostrailError


@contextmanager
def single_server(database: Path) -> Iterator[None]:
    """Be the one server of a SQLite file, by a lock beside it; its folder must exist.

    Raises PostrailError `not_ready` when another process is. Admin commands do not take it: they write in
    short transactions beside the server.
    """
    with database.with_name(f"{database.name}.lock").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise PostrailError("not_ready", _who_holds(database, file.fileno())) from held
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _who_holds(database: Path, descriptor: int) -> str:
    pid = os.pread(descriptor, 20, 0).decode("ascii", "replace") or "unknown"
    return (
        f"Another server (process {pid}) already serves {database}. SQLite takes one at a time: stop it, "
        "choose another --home, or use PostgreSQL."
    )
