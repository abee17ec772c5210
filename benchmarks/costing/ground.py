"""The ground on which unit costs are measured: a sandbox, a media host, a ledger with many accounts.

Every account has a grant that can be renewed and keeps to TikTok's rates, as a real one does (`paced`), so
that what pacing costs is measured too. The sandbox and the media host are processes of their own: what they
spend is TikTok's and the customer's.
"""

import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks.big_video import MB, pad
from benchmarks.serving import started
from benchmarks.web_server import free_port
from connector.demo.media import make_photo, make_video
from connector.demo.processes import Program, sandbox_program, server_program
from connector.domain.net import origin_of
from connector.drill.database import EmbeddedPostgres
from connector.engine.access import issue_first_key
from connector.engine.context import Context
from connector.engine.model_accounts import NewGrant, NewPair, Pair
from connector.engine.webhooks import HookDesk
from connector.kernel.clock import SystemClock
from connector.net import Egress
from connector.settings import Settings, bare_environment
from connector.wiring.bootstrap import ensure_sandbox_app, ensure_workspace
from connector.wiring.hooks import build_hook_desk
from connector.wiring.library import open_stock
from connector.wiring.parts import Parts, build_context, open_parts

CLOCK = SystemClock()
LARGE_MB = 60
"""The large video: six of the chunks that TikTok takes."""

TOKEN_LIFE_S = 86_400
A_YEAR_S = 31_536_000
THREADS = 512
NO_END_S = 600
"""How long the server waits for a source that never answers: its one worker is out of the way meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where everything is. `silent_url` leads to a host that takes connections and never answers."""

    settings: Settings
    environment: dict[str, str]
    sandbox_url: str
    media_url: str
    silent_url: str
    url: str
    key: str
    accounts: tuple[str, ...]

    @property
    def is_sqlite(self) -> bool:
        """Whether the ledger is a SQLite file."""
        return self.settings.is_sqlite


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The product's engine inside this process, as a worker has it."""

    parts: Parts
    hooks: HookDesk
    context: Context


def make_media(folder: Path) -> None:
    """Write what is posted: a clip of some one megabyte, the same made large, a photo."""
    folder.mkdir()
    clip = make_video(folder / "clip.mp4")
    pad(clip, folder / "large.mp4", LARGE_MB * MB)
    make_photo(folder / "photo.jpg")


@contextmanager
def ground(kind: str, *, accounts: int, **more: str) -> Iterator[Ground]:
    """Lay the ground on `kind`, which is sqlite or postgresql; `more` are settings of the server."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="postrail-costs-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        make_media(folder / "media")
        media_port, port = free_port(), free_port()
        host = [sys.executable, "-m", "http.server", str(media_port), "--bind", "127.0.0.1"]
        stack.enter_context(started([*host, "--directory", str(folder / "media")], media_port))
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        sandbox = sandbox_program(folder / "sandbox", bare_environment(), CLOCK, time.sleep)
        stack.callback(sandbox.stop)
        media_url, silent_url = (
            f"http://127.0.0.1:{found}" for found in (media_port, silent.getsockname()[1])
        )
        given = {
            "home": str(folder / "home"),
            "port": str(port),
            "public_url": f"http://127.0.0.1:{port}",
            "tiktok_base_url": sandbox.start(),
            "trusted_origins": f"{media_url},{silent_url}",
            "secret_key": "0123456789abcdef" * 4,
            **more,
        }
        if kind == "postgresql":
            database = EmbeddedPostgres(folder / "postgresql")
            stack.callback(database.close)
            given["database_url"] = database.url
        yield _staged(given, media_url, silent_url, accounts)


def _staged(given: dict[str, str], media_url: str, silent_url: str, accounts: int) -> Ground:
    """Make the ledger and connect the accounts."""
    settings = Settings.model_validate(given)
    names = tuple(f"creator_{number}" for number in range(accounts))
    parts = open_parts(settings)
    try:
        key = _connect(parts, given["tiktok_base_url"], names)
    finally:
        parts.database.close()
    return Ground(
        settings=settings,
        environment={f"POSTRAIL_{name.upper()}": value for name, value in given.items()},
        sandbox_url=given["tiktok_base_url"],
        media_url=media_url,
        silent_url=silent_url,
        url=given["public_url"],
        key=key,
        accounts=names,
    )


def _connect(parts: Parts, sandbox_url: str, names: tuple[str, ...]) -> str:
    """Connect the accounts to the first workspace; return its key."""
    workspace_id = ensure_workspace(parts)
    egress = Egress(trusted=frozenset({origin_of(sandbox_url)}), clock=CLOCK)
    app = ensure_sandbox_app(parts, egress, sandbox_url)
    for name in names:
        made = control(sandbox_url, "POST", "accounts", {"username": name, "rate_limits": False})
        pair = control(sandbox_url, "POST", "grants", {"username": name, "client_key": app.client_key})
        tokens = NewPair(
            pair=Pair(access=pair["access_token"], refresh=pair["refresh_token"]),
            expires_in_s=TOKEN_LIFE_S,
            refresh_expires_in_s=A_YEAR_S,
            scopes=frozenset(str(pair["scope"]).split(",")),
            renew_in_ms=TOKEN_LIFE_S * 1000,
        )
        parts.grants.connect(
            NewGrant(
                id=parts.ids.new("grant"),
                account_id=parts.ids.new("acct"),
                workspace_id=workspace_id,
                app_id=app.id,
                open_id=str(pair.get("open_id") or made["open_id"]),
                username=name,
                tokens=tokens,
                sandbox=True,
            )
        )
    key = issue_first_key(parts.access, parts.ids, CLOCK, workspace_id=workspace_id)
    if key is None:
        raise AssertionError("a new ledger has a key already")
    return key


def control(sandbox_url: str, method: str, name: str, body: object = None) -> dict[str, Any]:
    """Use the sandbox's control API."""
    with requests.Session() as http:
        http.trust_env = False
        reply = http.request(method, f"{sandbox_url}/_sandbox/{name}", json=body, timeout=60)
        reply.raise_for_status()
        found: dict[str, Any] = reply.json()
        return found


def server(place: Ground) -> Program:
    """Return the server of a ground, not started."""
    environment = {**bare_environment(), **place.environment}
    home, port = place.settings.home, place.settings.port
    return server_program(home, environment, CLOCK, time.sleep, port=port)


@contextmanager
def engine(place: Ground) -> Iterator[Engine]:
    """Open the engine in this process, where no server runs."""
    parts = open_parts(place.settings)
    try:
        hooks = build_hook_desk(parts, wake=_nothing)
        context = build_context(
            parts,
            stock=open_stock(parts, place.url),
            tiktok_url=place.sandbox_url,
            web_url=place.sandbox_url,
            public_url=place.url,
            stopping=lambda: False,
            wake=_nothing,
            hears=lambda: False,
        )
        yield Engine(parts=parts, hooks=hooks, context=context)
    finally:
        parts.database.close()


def _nothing() -> None:
    """Do nothing: nobody waits."""
