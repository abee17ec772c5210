"""Who shares out the work on posts: the processes themselves, or Celery."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from connector.engine.context import Context
from connector.engine.due import DuePosts, Source
from connector.settings import Settings, SettingsError
from connector.wiring.parts import Parts

if TYPE_CHECKING:
    from connector.wiring.celery_work import CeleryWork

LATE_LEASES = 2
"""Times a lease after which local threads work on a post that nobody has dispatched or taken."""


def check_engine(settings: Settings) -> None:
    """Raise SettingsError where the engine that is asked for cannot run."""
    if settings.engine != "celery":
        return
    if settings.is_sqlite:
        raise SettingsError(
            "POSTRAIL_ENGINE: celery needs PostgreSQL (POSTRAIL_DATABASE_URL); on SQLite one process does "
            "all the work"
        )
    if settings.broker_url is None:
        raise SettingsError(
            "POSTRAIL_BROKER_URL: needed with POSTRAIL_ENGINE=celery; write "
            "amqp://user:password@host:5672/vhost, or redis://host:6379/0"
        )


def late_after_s(settings: Settings) -> float:
    """Return after how many seconds a due post counts as late where Celery shares out the work."""
    return LATE_LEASES * settings.lease_s


def server_source(parts: Parts) -> Source | None:
    """Return where the threads of a server get their posts: with Celery what nobody else has worked on."""
    settings = parts.settings
    if settings.engine != "celery":
        return None
    late_ms = round(late_after_s(settings) * 1000)
    return DuePosts(parts.ledger, parts.owner, lease_s=settings.lease_s, late_ms=lambda: late_ms)


def open_celery(
    parts: Parts, context: Context, names: Collection[str], *, give_up: Callable[[], None]
) -> "CeleryWork":
    """Build the Celery engine on the queues of these names (none: on all); nothing is started.

    `give_up` is called when no message is heard any more, or Celery's worker is shut down from elsewhere.
    Raises SettingsError where Celery is not installed.
    """
    try:
        # Loads Celery, which none but this command needs.
        from connector.wiring.celery_work import build_celery  # noqa: PLC0415 - see above
    except ModuleNotFoundError as missing:
        raise SettingsError(
            f'POSTRAIL_ENGINE: celery needs {missing.name}: pip install "postrail[celery]"'
        ) from missing
    return build_celery(parts, context, names, give_up=give_up, late_s=late_after_s(parts.settings))
