"""How this product connects to PostgreSQL: what every session is set to, and three kinds of engine."""

from typing import Any

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.pool import NullPool

KEPT = 10
"""Connections of a pool that stay open; more are opened while more threads need one, and closed again."""

MOST = 30
"""Connections of a pool, all together, unless somebody says otherwise."""

FREE_WITHIN_S = 5
"""Seconds to wait for a connection of the pool."""

OFTEN = 5
"""Times that a connection asks something before it is prepared there."""

_PATIENCE: dict[str, object] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "postrail",
}
"""Seconds (the last time: milliseconds) until a server that does not answer counts as lost.

The URL may say otherwise, and all else that libpq knows: `sslmode`, `sslrootcert`, several hosts, ...
"""

_EVERY_SESSION = {
    "synchronous_commit": "on",
    "default_transaction_isolation": r"read\ committed",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
"""An acknowledged commit is on the disk; the server notices a client whose machine is gone within 25 s."""

_WORKING = {
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "15s",
    "statement_timeout": "60s",
}
"""What a process that froze in a transaction keeps from others, it keeps for seconds."""


def _options(own: str, settings: dict[str, str]) -> str:
    """Spell what a session is set to; what the URL says comes last, so that it wins."""
    return " ".join([*(f"-c {name}={value}" for name, value in settings.items()), own]).strip()


def _target(url: str, settings: dict[str, str]) -> tuple[URL, dict[str, object]]:
    """Return the address and the arguments of a connection, whatever spelling of the scheme `url` has."""
    target = make_url(url).set(drivername="postgresql+psycopg")
    own = target.query.get("options", "")
    options = _options(own if isinstance(own, str) else " ".join(own), settings)
    patience = {name: value for name, value in _PATIENCE.items() if name not in target.query}
    return target.difference_update_query(["options"]), {"options": options, **patience}


def _engine(
    url: str,
    settings: dict[str, str],
    *,
    prepares: bool = False,
    **more: Any,  # noqa: ANN401 - what create_engine takes
) -> Engine:
    target, arguments = _target(url, {**_EVERY_SESSION, **settings})
    arguments["prepare_threshold"] = OFTEN if prepares else None
    return create_engine(target, connect_args=arguments, hide_parameters=True, **more)


def postgres_engine(url: str, *, connections: int = MOST, prepares: bool = True) -> Engine:
    """Return an engine with a pool of up to `connections` for short transactions.

    `prepares`: what is asked often is prepared. A pooler may give the next transaction another session, which
    knows of no such statement.
    """
    kept = min(KEPT, connections)
    return _engine(
        url,
        _WORKING,
        prepares=prepares,
        pool_size=kept,
        max_overflow=connections - kept,
        pool_timeout=FREE_WITHIN_S,
    )


def session_engine(url: str) -> Engine:
    """Return an engine that opens a session for each connection and keeps none, in autocommit mode."""
    return _engine(url, _WORKING, poolclass=NullPool).execution_options(isolation_level="AUTOCOMMIT")


def migration_engine(url: str) -> Engine:
    """Return an engine for one transaction that may last, and may wait for another that migrates."""
    return _engine(url, {}, poolclass=NullPool)
