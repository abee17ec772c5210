"""Whether a PostgreSQL server can hold the ledger: asked once, before anything else is done with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import psycopg
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DBAPIError

OLDEST = 13
"""The oldest major version of PostgreSQL that is taken."""

_ASK = text(
    """
    SELECT current_setting('server_version_num')::int / 10000 AS version,
        current_setting('synchronous_commit') AS synchronous_commit,
        current_setting('fsync') = 'on' AS fsync,
        current_setting('server_encoding') AS encoding,
        pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS read_only
    """
)

_CURES = (
    (
        "password authentication failed",
        "check user and password (signs like @ : / are %-encoded in a URL)",
    ),
    ("no password supplied", "put the password into the URL: postgresql://user:password@host/name"),
    ("pg_hba.conf", "let this machine in, in the server's pg_hba.conf, or check sslmode in the URL"),
    ('role "', "create the user: createuser NAME"),
    ('database "', "create it: createdb NAME"),
    ("Connection refused", "is PostgreSQL running there, and does it listen on that address?"),
    ("No such file", "is PostgreSQL running there, and is its socket in that folder?"),
    ("resolve", "check the host in the URL"),
    ("too many", "raise max_connections of the server, or lower POSTRAIL_DATABASE_CONNECTIONS"),
    ("starting up", "start again in a moment"),
    ("SSL", "check sslmode and sslrootcert in the URL"),
    ("certificate", "check sslmode and sslrootcert in the URL"),
    ("timeout", "check host and port, and the firewalls on the way"),
    ("startup parameter", "let the pooler pass `options`, or go past it (docs/scaling.md)"),
)
"""What is in a message of libpq or of the server, and what helps then; the first that fits."""


class UnfitDatabase(Exception):
    """The server cannot be reached, or cannot hold the ledger; the message says why and what helps."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a server tells of itself; `version` is the major one.

    `pooled`: a pooler stands before it, which may lend a session to others between transactions. Its number
    is then not the one that was told when the connection was made.
    """

    version: int
    synchronous_commit: str
    fsync: bool
    encoding: str
    read_only: bool
    pooled: bool = False


def is_pooled(conn: Connection) -> bool:
    """Tell whether a pooler stands between this process and PostgreSQL."""
    raw = cast("psycopg.Connection[tuple[object, ...]]", conn.connection.driver_connection)
    own: int = conn.execute(select(func.pg_backend_pid())).scalar_one()
    return own != raw.info.backend_pid


def examine(engine: Engine) -> Facts:
    """Return what the server of `engine` tells of itself. Raises UnfitDatabase."""
    try:
        with engine.connect() as conn:
            facts = Facts(**conn.execute(_ASK).mappings().one(), pooled=is_pooled(conn))
    except DBAPIError as error:
        raise UnfitDatabase(explain(str(error.orig))) from error
    for reason in objections(facts):
        raise UnfitDatabase(reason)
    return facts


def worries(facts: Facts) -> Iterator[str]:
    """Yield what is worth a warning."""
    if not facts.fsync:
        yield "fsync is off: a power cut may lose what was acknowledged"
    if facts.pooled:
        yield "a connection pooler is in front: a process that died is noticed by its leases alone"


def explain(message: str) -> str:
    """Return the line of a failed connection that says why, with what helps."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    said = (lines or ["the server does not answer"])[0].removeprefix("connection failed: ")
    cure = next((cure for sign, cure in _CURES if sign in message), None)
    return said if cure is None else f"{said}; {cure}"


def objections(facts: Facts) -> Iterator[str]:
    """Yield why a server cannot hold the ledger, each with what helps."""
    if facts.version < OLDEST:
        yield f"PostgreSQL {facts.version} is too old; {OLDEST} or newer is needed"
    if facts.read_only:
        yield (
            "the server takes no writes (a standby?); give the primary, or several hosts with "
            "target_session_attrs=read-write"
        )
    if facts.encoding != "UTF8":
        yield f"the database is encoded in {facts.encoding}; create it with --encoding=UTF8"
    if facts.synchronous_commit == "off":
        yield (
            "synchronous_commit is off, so what was acknowledged may be lost; take it out of the URL, or let "
            "the pooler pass our options"
        )
