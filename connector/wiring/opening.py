"""Opens the ledger: a server that can hold it, at a schema that this code can work on."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from connector.kernel.clock import Clock
from connector.kernel.log import get_log
from connector.kernel.redact import redact
from connector.settings import Settings, SettingsError
from connector.store.database import Database, open_database, sqlite_file
from connector.store.migrate import Standing, differences, look, migrate

log = get_log("serve")

NAME = "POSTRAIL_DATABASE_URL"
OTHERS = 5
"""Threads besides web and work that use the ledger: webhooks, tokens, media, upkeep, leases."""

WEB_SHARE = 4
"""One in so many web threads is at the ledger at one time: most wait for a client, or for a post."""


def database_url(settings: Settings) -> str:
    """Return the URL of the ledger: the one configured, or the SQLite file under HOME.

    Raises SettingsError for one that cannot be read.
    """
    if settings.database_url is None:
        return f"sqlite:///{settings.home / 'postrail.db'}"
    try:
        make_url(settings.database_url)
    except (ArgumentError, ValueError):
        # What it says of the URL may be a part of the password.
        raise SettingsError(
            f"{NAME}: not the address of a database; write postgresql://user:password@host:5432/name, the "
            "port as a number, and %40, %3A and %2F for @, : and / in a password"
        ) from None
    return settings.database_url


@contextmanager
def _told() -> Iterator[None]:
    """Tell what fails at the database as a matter of its setting. Raises SettingsError."""
    try:
        yield
    except ModuleNotFoundError as missing:
        raise SettingsError(
            f'{NAME}: PostgreSQL needs its driver: pip install "postrail[postgresql]"'
        ) from missing
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise SettingsError(f"{NAME}: cannot open the ledger: {redact(reason)}") from error


def open_ledger(settings: Settings, clock: Clock) -> Database:
    """Open the ledger, brought to the present schema where that is wanted.

    Raises SettingsError, which says what helps.
    """
    url = database_url(settings)
    with _told():
        pooled = examine(settings)
        _demand(migrate(url) if settings.migrate_at_start else look(url))
        return open_database(
            url,
            clock=clock,
            shared_clock=settings.clock_url is not None,
            connections=settings.database_connections or connections_for(settings),
            pooled=pooled,
        )


def connections_for(settings: Settings) -> int:
    """Return how many connections to PostgreSQL the threads of a process need at one time."""
    # With Celery there are as many again: those that take messages, and the net under them.
    workers = settings.workers * (2 if settings.engine == "celery" else 1)
    return settings.threads // WEB_SHARE + workers + OTHERS


def examine(settings: Settings) -> bool:
    """See that PostgreSQL can hold the ledger, and log what is worth a warning; say whether it is pooled.

    Raises SettingsError.
    """
    if settings.is_sqlite:
        return False
    # They load PostgreSQL's driver.
    from connector.store import fitness  # noqa: PLC0415 - see above
    from connector.store.connecting import session_engine  # noqa: PLC0415 - the same

    engine = session_engine(database_url(settings))
    try:
        facts = fitness.examine(engine)
    except fitness.UnfitDatabase as unfit:
        raise SettingsError(f"{NAME}: {redact(str(unfit))}") from unfit
    finally:
        engine.dispose()
    for worry in fitness.worries(facts):
        log.warning("database", why=worry)
    return facts.pooled


def is_begun(settings: Settings) -> bool:
    """Tell whether an installation has its ledger under HOME already; one on PostgreSQL counts as begun."""
    return not settings.is_sqlite or sqlite_file(database_url(settings)).exists()


def demand_installation(settings: Settings) -> None:
    """Raise SettingsError where there is no installation, rather than make one by a mistyped folder."""
    if not is_begun(settings):
        raise SettingsError(f"there is no installation in {settings.home}; name its folder with --home")


def foreign(standing: Standing) -> str:
    """Tell of a schema that no release of this product has made."""
    return f"another product's database (its schema is at {standing.at})"


def _demand(standing: Standing) -> None:
    """See that this code can work on the schema. Raises SettingsError."""
    if standing.is_foreign:
        raise SettingsError(f"{NAME}: {foreign(standing)}")
    if standing.is_newer:
        log.warning("schema_newer", at=standing.at, known=standing.head)
    if standing.behind > 0:
        raise SettingsError(
            f"{NAME}: the schema is at {standing.at or 'nothing'}, this code needs {standing.head}; run "
            "`postrail db upgrade`, or leave POSTRAIL_MIGRATE_AT_START at true"
        )


def standing_of(settings: Settings) -> Standing:
    """Return how the schema of an installation stands to this code. Raises SettingsError."""
    demand_installation(settings)
    with _told():
        examine(settings)
        return look(database_url(settings))


def upgrade(settings: Settings) -> Standing:
    """Bring the schema of an installation to this code; return how it stands. Raises SettingsError."""
    standing_of(settings)
    with _told():
        standing = migrate(database_url(settings))
    _demand(standing)
    return standing


def differences_of(settings: Settings) -> list[str]:
    """Return in what the tables differ from those that this code knows. Raises SettingsError."""
    with _told():
        return differences(database_url(settings))
