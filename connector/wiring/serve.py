"""`postrail serve`: the web server with its workers, and in sandbox mode the sandbox beside it."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from connector.contract import Limits
from connector.domain.net import origin_of
from connector.engine.context import Context
from connector.engine.gate import GateMode
from connector.engine.ports_nodes import Topic
from connector.engine.tokens import Renewals
from connector.engine.wait import WaitRoom
from connector.kernel.log import get_log
from connector.net import Egress
from connector.server.app import build_app
from connector.server.files import HANDOFF_SETTING, STREAMS_SETTING, Handoff
from connector.server.site import Site
from connector.settings import TIKTOK_API, Settings, SettingsError
from connector.store.database import sqlite_file
from connector.store.guard import single_server
from connector.web.incoming import LIMITS_SETTING
from connector.web.proxies import TrustedProxies
from connector.web.serve import WebServer
from connector.wiring.addresses import STATE_FILE
from connector.wiring.bootstrap import (
    ensure_app,
    ensure_first_key,
    ensure_sandbox_account,
    ensure_sandbox_app,
    ensure_workspace,
)
from connector.wiring.dispatching import check_engine, server_source
from connector.wiring.hooks import build_hook_desk, call_back_here
from connector.wiring.library import clear_incoming, open_stock, see_storage
from connector.wiring.nodes import present
from connector.wiring.opening import database_url
from connector.wiring.parts import (
    Parts,
    build_context,
    make_home,
    open_parts,
    write_private,
)
from connector.wiring.sandbox_child import ENSURE_EVERY_S, SandboxChild
from connector.worker.hooks import HookWorker
from connector.worker.loop import Worker
from connector.worker.media import MediaKeeper
from connector.worker.tokens import TokenKeeper
from connector.worker.upkeep import Upkeep

log = get_log("serve")

Adapt = Callable[[Context], Context]

DRAIN_S = 10.0
WAKE_EVERY_S = 1.0
HELD_SHARE = 4
"""One in so many web threads may hold a pull at the gate."""

STREAM_SHARE = 2
"""One in so many web threads may send a file out of a bucket."""


def as_built(context: Context) -> Context:
    """Leave the engine's surroundings as the product builds them: what only the drill does not do."""
    return context


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """Where TikTok is for this process."""

    api_url: str
    web_url: str
    child: SandboxChild | None = None


def _egress_to(parts: Parts) -> Callable[[str], Egress]:
    return lambda url: Egress(trusted=frozenset({origin_of(url)}), clock=parts.clock)


def find_upstream(parts: Parts, *, spawn: bool) -> Upstream:
    """Return TikTok's address or, in sandbox mode, the sandbox's, started here where `spawn` allows it.

    Raises SettingsError when a worker in sandbox mode is not told where the sandbox is.
    """
    settings = parts.settings
    if not settings.sandbox:
        return Upstream(api_url=settings.tiktok_base_url or TIKTOK_API, web_url=settings.tiktok_web_url)
    if settings.tiktok_base_url:
        return Upstream(api_url=settings.tiktok_base_url, web_url=settings.tiktok_base_url)
    if not spawn:
        raise SettingsError("POSTRAIL_TIKTOK_BASE_URL: a worker without a TikTok app needs the sandbox's URL")
    child = SandboxChild(settings.home / "sandbox", parts.clock, _egress_to(parts), pause=time.sleep)
    url = child.ensure()
    return Upstream(api_url=url, web_url=url, child=child)


def _prepare(parts: Parts, upstream: Upstream, *, on_terminal: bool) -> list[str]:
    """Create what a first start needs; return what there is to tell."""
    told = []
    workspace_id = ensure_workspace(parts)
    ensure_app(parts)
    if parts.settings.sandbox:
        egress = _egress_to(parts)(upstream.api_url)
        app = ensure_sandbox_app(parts, egress, upstream.api_url)
        ensure_sandbox_account(parts, egress, upstream.api_url, workspace_id, app)
        told.append(
            f"Sandbox mode: no TikTok app is configured, nothing real is published. See {upstream.web_url}"
        )
    return [*told, ensure_first_key(parts, workspace_id, on_terminal=on_terminal)]


class Server:
    """Everything that `serve` runs, from start to drain; `adapt` may change the engine's surroundings."""

    def __init__(
        self, parts: Parts, upstream: Upstream, *, tell: Callable[[str], None], adapt: Adapt = as_built
    ) -> None:
        settings = parts.settings
        self._parts, self._upstream, self._tell, self._adapt = parts, upstream, tell, adapt
        self._stopping = threading.Event()
        self._web = WebServer(
            settings.host,
            settings.port,
            threads=settings.threads,
            stall_s=settings.body_timeout_s,
            drain_s=DRAIN_S,
        )
        port = self._bind(settings)
        try:
            self._assemble(port)
        except BaseException:
            # Its threads wait for requests already, and would keep the process from ending.
            self._web.stop()
            raise

    def _assemble(self, port: int) -> None:
        """Build what answers at `port`."""
        parts, upstream, settings = self._parts, self._upstream, self._parts.settings
        self._hooks = build_hook_desk(parts, wake=self._heard)
        host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - told as loopback
        self._url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._room = WaitRoom(parts.ledger, parts.clock, capacity=settings.threads // 2)
        stock = open_stock(parts, settings.public_url or self._url, self._url)
        context = build_context(
            parts,
            stock=stock,
            tiktok_url=upstream.api_url,
            web_url=upstream.web_url,
            public_url=settings.public_url or self._url,
            stopping=self._stopping.is_set,
            wake=self._wake,
            hears=self._hooks.hears,
        )
        self._context: Context = self._adapt(context)
        self._hook_worker = HookWorker(self._context, self._hooks)
        self._media = MediaKeeper(stock.library, parts.clock)
        self._tokens = TokenKeeper(Renewals(self._context.desk, parts.ledger.now), parts.clock)
        self._upkeep = Upkeep(self._context, posts_life_ms=settings.posts_life_ms)
        self._worker = Worker(
            self._context,
            owner=parts.owner,
            threads=settings.workers,
            lease_s=settings.lease_s,
            source=server_source(parts),
        )

    def _bind(self, settings: Settings) -> int:
        try:
            return self._web.bind()
        except OSError as error:
            place = f"{settings.host}:{settings.port}"
            raise SettingsError(
                f"POSTRAIL_PORT: cannot listen on {place}: {error}; choose another with --port"
            ) from error

    def _wake(self) -> None:
        self._worker.wake()
        self._room.notify()

    def _heard(self) -> None:
        self._hook_worker.wake()

    @property
    def wakes(self) -> dict[Topic, Callable[[], None]]:
        """What is to be called on news from other processes."""
        return {"posts": self._wake, "webhooks": self._heard}

    def start(self) -> None:
        """Serve requests and work on posts from now on."""
        settings = self._parts.settings
        site = Site(
            context=self._context,
            room=self._room,
            hold_s=_hold(settings),
            pause=time.sleep,
            hooks=self._hooks,
            holds=max(1, settings.threads // HELD_SHARE),
            gate_mode=GateMode(settings.gate_mode),
        )
        app = build_app(site, max_body_bytes=settings.max_body_bytes)
        app.config[HANDOFF_SETTING] = Handoff(
            how=settings.media_handoff, prefix=settings.media_handoff_prefix
        )
        app.config[STREAMS_SETTING] = threading.BoundedSemaphore(max(1, settings.threads // STREAM_SHARE))
        app.config[LIMITS_SETTING] = Limits(max_fields=settings.max_fields, max_depth=settings.max_depth)
        self._worker.start()
        if settings.workers:
            self._hook_worker.start()
        self._tokens.start()
        self._media.start()
        self._upkeep.start()
        self._web.start(TrustedProxies(app, settings.trusted_proxies))
        state = json.dumps({"pid": os.getpid(), "url": self._url})
        if settings.sandbox:
            url = self._upstream.api_url
            call_back_here(self._parts, _egress_to(self._parts)(url), url, self._url)
        write_private(settings.home / STATE_FILE, state)
        if self._upstream.child is not None:
            threading.Thread(
                target=self._keep_sandbox, args=(self._upstream.child,), name="sandbox", daemon=True
            ).start()
        self._tell(f"Postrail serves {self._url}")

    def _keep_sandbox(self, child: SandboxChild) -> None:
        """Start the sandbox again when it has ended, for as long as this server runs."""
        while not self._stopping.wait(ENSURE_EVERY_S):
            try:
                child.ensure()
            except Exception:
                log.exception("sandbox_lost")

    def drain(self) -> None:
        """Answer those who wait, end the requests and the work in hand, leave the rest for the next start."""
        self._tell(f"Stopping: what is in hand has up to {DRAIN_S:.0f} s to come to a safe point")
        self._stopping.set()
        self._worker.ask_to_stop()
        self._room.close()
        self._web.stop()
        self._hook_worker.stop(timeout_s=DRAIN_S)
        self._tokens.stop(timeout_s=DRAIN_S)
        self._media.stop(timeout_s=DRAIN_S)
        self._upkeep.stop(timeout_s=DRAIN_S)
        if not self._worker.stop(timeout_s=DRAIN_S):
            self._tell("Some work was not finished; it goes on at the next start")


def _hold(settings: Settings) -> float:
    return 0.0 if settings.gate_mode == "refuse" else settings.gate_hold_s


def asked_to_end() -> threading.Event:
    """Return an event that is set when the process is asked to end (SIGTERM or SIGINT)."""
    asked = threading.Event()

    def ask(number: int, _frame: object) -> None:
        # The ledger makes a hard end safe, so whoever asks twice gets it.
        signal.signal(number, signal.SIG_DFL)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return asked


def wait_for(asked: threading.Event) -> None:
    """Wait until the process is asked to end.

    A signal may be taken by another thread, and its handler runs in this one as soon as it wakes.
    """
    while not asked.wait(WAKE_EVERY_S):
        pass


def _be_alone(stack: ExitStack, database: Path) -> None:
    """Be the one server of a SQLite file until the stack ends. Raises SettingsError for a bad folder."""
    try:
        stack.enter_context(single_server(database))
    except OSError as error:
        raise SettingsError(f"POSTRAIL_DATABASE_URL: cannot use {database}: {error.strerror}") from error


def serve(
    settings: Settings, *, tell: Callable[[str], None], on_terminal: bool, adapt: Adapt = as_built
) -> None:
    """Run the server until it is asked to end; the product passes no `adapt`.

    Raises SettingsError when it cannot start.
    """
    check_engine(settings)
    asked = asked_to_end()
    with ExitStack() as stack:
        if settings.is_sqlite:
            if settings.workers == 0:
                raise SettingsError("POSTRAIL_WORKERS: on SQLite nobody else can work; take at least 1")
            make_home(settings)
            _be_alone(stack, sqlite_file(database_url(settings)))
        parts = open_parts(settings)
        stack.callback(parts.database.close)
        see_storage(parts)
        clear_incoming(parts)
        if settings.is_sqlite:
            parts.ledger.release_all()
        upstream = find_upstream(parts, spawn=True)
        if upstream.child is not None:
            stack.callback(upstream.child.stop)
        for line in _prepare(parts, upstream, on_terminal=on_terminal):
            tell(line)
        server = Server(parts, upstream, tell=tell, adapt=adapt)
        stack.enter_context(present(parts, server.wakes))
        server.start()
        stack.callback(server.drain)
        wait_for(asked)
