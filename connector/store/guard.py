"""One serving process per SQLite ledger: a lock that the kernel gives back when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.kernel.errors import PostrailError

LOCK_NAME = "serve.lock"


@contextmanager
def single_server(home: Path) -> Iterator[None]:
    """Be the one server of the data folder `home`, which must exist.

    Raises PostrailError `not_ready` when another process is. Admin commands do not take it: they write in
    short transactions beside the server.
    """
    with (home / LOCK_NAME).open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise PostrailError("not_ready", _who_holds(home, file.fileno())) from held
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _who_holds(home: Path, descriptor: int) -> str:
    pid = os.pread(descriptor, 20, 0).decode("ascii", "replace") or "unknown"
    return (
        f"Another server (process {pid}) already serves {home}. SQLite takes one at a time: stop it, "
        "choose another --home, or use PostgreSQL."
    )
