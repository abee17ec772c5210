"""The field of a drill: the sandbox, a media host, and the processes of the product, all on this machine."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.demo.host import MediaHost
from connector.demo.processes import NotStarted, sandbox_program
from connector.drill.attacker import READY_S, Breakable, Stoppable
from connector.drill.brokers import BrokerKind, OwnBroker
from connector.drill.caller import Line
from connector.drill.database import EmbeddedPostgres
from connector.drill.faults import DIAL, behaviour, rules
from connector.drill.media import Media, make_media
from connector.drill.nodes import Node
from connector.drill.plan import LEASE_S, Plan
from connector.drill.witness import Witness
from connector.kernel.clock import Clock
from connector.kernel.errors import PostrailError
from connector.kernel.ids import Ids

HELPER_S = 60.0
LOOK_EVERY_S = 0.05
FIRST_PORT, PORTS = 20_000, 12_000
"""Ports from a part of the range that no outgoing connection is given."""


class DrillFailed(Exception):
    """The drill could not be held; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where a drill is held.

    `bare` is an environment without any POSTRAIL_* setting, `folder` an empty one. `helper` is the module
    whose processes make and read the ledger. `database_url`: an empty PostgreSQL; `postgresql`: one is
    started. Neither: SQLite. `broker`: Celery shares the work out through one that is started.
    """

    bare: Mapping[str, str]
    folder: Path
    helper: str
    database_url: str | None = None
    postgresql: bool = False
    broker: BrokerKind | None = None


@dataclass(frozen=True, kw_only=True)
class Field:
    """What stands on the field once it is laid."""

    witness: Witness
    nodes: Sequence[Node]
    database: Stoppable | None
    broker: Breakable | None
    key: str
    accounts: Sequence[str]
    media: Media
    read_ledger: "Helper"

    @property
    def urls(self) -> list[str]:
        """Return the addresses of the servers."""
        return [node.url for node in self.nodes if node.url is not None]


@dataclass(frozen=True, kw_only=True)
class Helper:
    """A short process that makes or reads the ledger and prints a JSON object."""

    module: str
    folder: Path
    environment: Mapping[str, str]

    def __call__(self, *words: str) -> dict[str, Any]:
        """Run it to its end. Raises DrillFailed."""
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", self.module, *words],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=HELPER_S,
            check=False,
        )
        if done.returncode != 0:
            raise DrillFailed(done.stderr.strip()[-1000:])
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def free_ports(count: int, clock: Clock) -> list[int]:
    """Return ports that are free now. Raises DrillFailed."""
    found: list[int] = []
    for step in range(PORTS):
        port = FIRST_PORT + (clock.now() + step) % PORTS
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise DrillFailed("no port is free on 127.0.0.1")


def lay(plan: Plan, ground: Ground, clock: Clock, ids: Ids, stack: ExitStack) -> Field:
    """Start everything but the product's own processes; `stack` ends it. Raises DrillFailed."""
    line = Line()
    home = ground.folder / "home"
    home.mkdir()
    hashes = make_media(ground.folder / "media")
    host = stack.enter_context(MediaHost(ground.folder / "media"))
    url = _start_sandbox(ground, clock, stack)
    database, database_url = _database(ground, stack)
    broker = _broker(ground, clock, stack)
    environment = {
        **ground.bare,
        **_settings(plan, home, url, host.url, ids.token(), database_url),
        **({} if broker is None else _celery(broker)),
    }
    helper = Helper(module=ground.helper, folder=ground.folder, environment=environment)
    staged = helper("stage", *(f"drill_{number}" for number in range(1, plan.accounts + 1)))
    witness = Witness(url, line)
    witness.prepare(DIAL, behaviour(plan), rules(plan))
    return Field(
        witness=witness,
        nodes=_nodes(plan, ground, environment, line, clock),
        database=database,
        broker=broker,
        key=str(staged["key"]),
        accounts=list(staged["accounts"]),
        media=Media(url=host.url, hashes=hashes),
        read_ledger=helper,
    )


def _start_sandbox(ground: Ground, clock: Clock, stack: ExitStack) -> str:
    sandbox = sandbox_program(ground.folder / "sandbox", ground.bare, clock, time.sleep)
    stack.callback(sandbox.stop)
    try:
        return sandbox.start()
    except NotStarted as error:
        raise DrillFailed(str(error)) from error


def _database(ground: Ground, stack: ExitStack) -> tuple[Stoppable | None, str | None]:
    if not ground.postgresql:
        return None, ground.database_url
    try:
        embedded = EmbeddedPostgres(ground.folder / "postgresql")
    except PostrailError as error:
        raise DrillFailed(error.message) from error
    stack.callback(embedded.close)
    return embedded, embedded.url


def _broker(ground: Ground, clock: Clock, stack: ExitStack) -> OwnBroker | None:
    if ground.broker is None:
        return None
    try:
        broker = OwnBroker(ground.broker, ground.folder / ground.broker, free_ports(3, clock), clock)
        stack.callback(broker.close)
        broker.start()
    except PostrailError as error:
        raise DrillFailed(error.message) from error
    return broker


def _celery(broker: OwnBroker) -> dict[str, str]:
    """Return the settings by which Celery shares the work out."""
    return {"POSTRAIL_ENGINE": "celery", "POSTRAIL_BROKER_URL": broker.url}


def _settings(
    plan: Plan, home: Path, sandbox_url: str, media_url: str, secret: str, database_url: str | None
) -> dict[str, str]:
    """Return the settings that all processes of the product share."""
    given = {
        "HOME": str(home),
        "TIKTOK_BASE_URL": sandbox_url,
        "TRUSTED_ORIGINS": media_url,
        "SECRET_KEY": secret,
        "LEASE_S": str(LEASE_S),
        "GATE_MODE": plan.gate_mode,
        "LOG_FORMAT": "json",
    }
    if database_url is not None:
        given["DATABASE_URL"] = database_url
    if plan.clock_steps:
        given["CLOCK_URL"] = sandbox_url
    return {f"POSTRAIL_{name}": value for name, value in given.items()}


def _nodes(
    plan: Plan, ground: Ground, environment: Mapping[str, str], line: Line, clock: Clock
) -> list[Node]:
    """Return the product's processes, none of them started; a naive one comes from the helper's module."""
    ports = free_ports(plan.servers, clock)
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    module = ("-m", ground.helper) if plan.naive else ("-m", "connector")
    words = (plan.naive,) if plan.naive else ()
    servers = [
        Node(
            name=f"serve-{number}",
            words=(*module, "serve", *words),
            folder=ground.folder,
            environment={**environment, "POSTRAIL_PORT": str(port)},
            line=line,
            url=url,
        )
        for number, (port, url) in enumerate(zip(ports, urls, strict=True), 1)
    ]
    workers = [
        Node(
            name=f"work-{number}",
            words=(*module, "work", *words),
            folder=ground.folder,
            environment={**environment, "POSTRAIL_PUBLIC_URL": urls[number % len(urls)]},
            line=line,
        )
        for number in range(1, plan.workers + 1)
    ]
    return [*servers, *workers]


def start_all(nodes: Sequence[Node], clock: Clock) -> None:
    """Start the processes and wait until all serve. Raises DrillFailed, with the last words of one that ends.

    The first is waited for before the others: it makes what they find.
    """
    for some in (nodes[:1], nodes[1:]):
        for node in some:
            node.start()
        for node in some:
            _await(node, clock)


def _await(node: Node, clock: Clock) -> None:
    deadline = clock.ticks() + READY_S
    while not node.is_ready():
        ended = node.process is None or node.process.poll() is not None
        if ended or clock.ticks() > deadline:
            raise DrillFailed(f"{node.name} did not start:\n{node.last_words()}")
        time.sleep(LOOK_EVERY_S)


def stop_all(nodes: Sequence[Node]) -> None:
    """Ask all processes to end, and wait until they have."""
    for node in nodes:
        node.ask_to_stop()
    for node in nodes:
        node.stop()
