"""Links a process with the others on its PostgreSQL. On SQLite there is nobody to link with."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from connector.engine.ports_nodes import Topic
from connector.wiring.opening import database_url
from connector.wiring.parts import Parts
from connector.worker.presence import Presence

LEAVE_S = 5.0
"""Seconds for the last look to end."""


@contextmanager
def present(parts: Parts, wakes: Mapping[Topic, Callable[[], None]]) -> Iterator[None]:
    """Keep this process seen by the others inside the `with`, and let news of a topic call its wake.

    What the process still holds at the end is given back.
    """
    if parts.settings.is_sqlite:
        yield
        return
    # Loads the driver of PostgreSQL.
    from connector.store.connecting import session_engine  # noqa: PLC0415 - see above
    from connector.store.nodes import SqlNodes  # noqa: PLC0415 - the same

    sessions = session_engine(database_url(parts.settings))
    presence = Presence(SqlNodes(parts.database, sessions, parts.owner), parts.clock, wakes)
    presence.start()
    try:
        yield
    finally:
        presence.leave(timeout_s=LEAVE_S)
