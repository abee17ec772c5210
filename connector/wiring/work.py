"""`postrail work`: workers alone, beside one or more servers on PostgreSQL."""

import threading
from collections.abc import Callable, Collection

from connector.engine.context import Context
from connector.engine.tokens import Renewals
from connector.settings import Settings, SettingsError
from connector.wiring.dispatching import check_engine, open_celery
from connector.wiring.hooks import build_hook_desk
from connector.wiring.library import clear_incoming, open_stock, see_storage
from connector.wiring.nodes import present
from connector.wiring.parts import Parts, build_context, open_parts
from connector.wiring.serve import DRAIN_S, Adapt, as_built, asked_to_end, find_upstream, wait_for
from connector.worker.hooks import HookWorker
from connector.worker.loop import Worker
from connector.worker.media import MediaKeeper
from connector.worker.tokens import TokenKeeper
from connector.worker.upkeep import Upkeep


def work(
    settings: Settings,
    *,
    tell: Callable[[str], None],
    adapt: Adapt = as_built,
    queues: Collection[str] = (),
) -> None:
    """Work on due posts until asked to end; the product passes no `adapt`.

    With Celery on `queues` (`media`, `light`; none: on both). Raises SettingsError where a worker alone
    cannot run, and PostrailError `not_ready` where Celery's messages are not heard and a new start helps.
    """
    public_url = _checked(settings, queues)
    asked = asked_to_end()
    parts = open_parts(settings)
    see_storage(parts)
    clear_incoming(parts)
    upstream = find_upstream(parts, spawn=False)
    stopping = threading.Event()
    hooks = build_hook_desk(parts, wake=lambda: None)
    stock = open_stock(parts, public_url)
    context = adapt(
        build_context(
            parts,
            stock=stock,
            tiktok_url=upstream.api_url,
            web_url=upstream.web_url,
            public_url=public_url,
            stopping=stopping.is_set,
            wake=lambda: None,
            hears=hooks.hears,
        )
    )
    hook_worker = HookWorker(context, hooks)
    celery = None
    if settings.engine == "celery":
        celery = open_celery(parts, context, queues, give_up=asked.set)
    worker = celery or _worker(parts, context)
    tokens = TokenKeeper(Renewals(context.desk, parts.ledger.now), parts.clock)
    media = MediaKeeper(stock.library, parts.clock)
    upkeep = Upkeep(context, posts_life_ms=settings.posts_life_ms)
    with present(parts, {"posts": worker.wake, "webhooks": hook_worker.wake}):
        for part in (worker, hook_worker, tokens, media, upkeep):
            part.start()
        how = " and Celery" if celery else ""
        tell(f"Postrail works with {max(1, settings.workers)} threads{how}")
        wait_for(asked)
        stopping.set()
        worker.ask_to_stop()
        for part in (hook_worker, tokens, media, upkeep, worker):
            part.stop(timeout_s=DRAIN_S)
    parts.database.close()
    if celery is not None:
        celery.demand_well()


def _checked(settings: Settings, queues: Collection[str]) -> str:
    """Return the address of the servers. Raises SettingsError where a worker alone cannot run."""
    if settings.is_sqlite:
        raise SettingsError(
            "POSTRAIL_DATABASE_URL: `work` needs PostgreSQL; on SQLite `postrail serve` does the work itself"
        )
    if settings.public_url is None:
        raise SettingsError(
            "POSTRAIL_PUBLIC_URL: a worker must be told where the server is that TikTok pulls from"
        )
    if queues and settings.engine != "celery":
        raise SettingsError("--queue: there are queues with --engine celery alone")
    check_engine(settings)
    return settings.public_url


def _worker(parts: Parts, context: Context) -> Worker:
    settings = parts.settings
    return Worker(context, owner=parts.owner, threads=max(1, settings.workers), lease_s=settings.lease_s)
