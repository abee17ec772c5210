"""Two nodes of Postrail on machines of their own, and a third machine with all that they need."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from connector.demo.processes import Program
from connector.settings import bare_environment
from tests.buckets import make_bucket, s3_server
from tests.cutting import CuttingProxy
from tests.machines.namespaces import Namespace, Network, namespace
from tests.machines.standing import postgresql, tiktok
from tests.running import CLOCK, QUICK_DIAL, SECRET_KEY, Answer, Witness, call, pause

NETWORKS = {"ledger": "198.18.1", "files": "198.18.2", "outside": "198.18.3"}
"""The networks of every node: to PostgreSQL, to the S3 server, and to TikTok (RFC 2544's addresses)."""

FLOATING = "198.18.3.100"
"""The address that the proxy in front hands requests to: one node has it at a time, as with keepalived.

The pretend TikTok pulls over plain http from its own machine alone, so the proxy stands there.
"""

PORT = 8000
OF_A_POST = {"posts": "id", "attempts": "post_id", "post_content": "post_id", "events": "post_id"}
"""Where the ledger says how a post stands, and by which column; the timeline is a record of calls alone."""


@dataclass
class Node:
    """A machine with a `postrail serve` of its own; `networks` are those that it has a cable to."""

    name: str
    machine: Namespace
    networks: Mapping[str, Network]
    program: Program
    url: str

    def start(self) -> None:
        """Start the server."""
        with self.machine.entered():
            self.program.start()

    def cut_off(self, *names: str) -> None:
        """Pull the cables to these networks, to all where none is named; the server runs on."""
        for name in names or self.networks:
            self.networks[name].pull(self._port(name))

    def come_back(self) -> None:
        """Plug every cable in again."""
        for name, network in self.networks.items():
            network.plug(self._port(name))

    def slow_down(self) -> None:
        """Make its line to TikTok so slow that a long video takes a quarter of a minute."""
        slow = ("rate", "40mbit", "burst", "64kb", "latency", "400ms")
        self.machine.tc("qdisc", "add", "dev", "outside", "root", "tbf", *slow)

    def _port(self, network: str) -> str:
        return f"{network}-{self.name}"

    @property
    def pid(self) -> int:
        """The number of the server's process."""
        assert self.program.process is not None
        return self.program.process.pid

    def said(self, event: str, **more: object) -> list[dict[str, Any]]:
        """Return the lines of its log about an event."""
        lines = (json.loads(line) for line in self.program.log.read_text().splitlines() if line[:1] == "{")
        return [line for line in lines if {**line, "event": event, **more} == line]


@dataclass(frozen=True, kw_only=True)
class Room:
    """Everything; a test's thread stands in the third machine, and reaches both nodes over the outside."""

    services: Namespace
    nodes: tuple[Node, Node]
    witness: Witness
    database_url: str

    @property
    def key(self) -> str:
        """The first API key, which the first server has made."""
        return (self.nodes[0].program.folder / "first-key").read_text().strip()

    def call(self, node: Node, method: str, path: str, **request: Any) -> Answer:  # noqa: ANN401 - what requests takes
        """Call a node."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return call(method, f"{node.url}{path}", headers=headers, **request)

    def run(self, node: Node, operation: str, rows: Mapping[str, object]) -> dict[str, Any]:
        """Run an operation at a node; return what it answered."""
        return self.call(node, "POST", f"/v1/operations/{operation}", json=dict(rows)).body

    def post(self, node: Node, video: Path, title: str, **rows: object) -> str:
        """Give a node a video and a post of it; return the post's id."""
        with video.open("rb") as file:
            media = self.call(node, "POST", "/v1/media", files={"file": (video.name, file)}).body
        rows = {"source_url": media["media_id"], "title": title, "privacy": "public", **rows}
        return str(self.run(node, "post_video", rows)["post_id"])

    def rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """Ask the ledger itself."""
        with psycopg.connect(self.database_url) as conn:
            return conn.execute(query.encode(), values).fetchall()

    def holder(self, post_id: str) -> Node | None:
        """Return the node that has a post in hand."""
        ((owner,),) = self.rows("SELECT owner FROM posts WHERE id = %(id)s", id=post_id)
        process = (owner or "::").split(":")[1]
        return next((node for node in self.nodes if str(node.pid) == process), None)

    def other_than(self, node: Node) -> Node:
        """Return the other node."""
        return self.nodes[0] if node is self.nodes[1] else self.nodes[1]

    def written(self, post_id: str) -> list[tuple[Any, ...]]:
        """Return all that the ledger holds about how a post stands."""
        return [
            row
            for table, column in OF_A_POST.items()
            for row in self.rows(f"SELECT t::text FROM {table} t WHERE {column} = %(id)s", id=post_id)  # noqa: S608 - constants of this module
        ]

    def float_to(self, node: Node) -> None:
        """Give a node the address that requests from outside go to, and take it from whoever has it."""
        for each in self.nodes:
            each.machine.ip("address", "flush", "to", FLOATING, "dev", "outside")
        node.machine.ip("address", "add", f"{FLOATING}/24", "dev", "outside")
        self.services.ip("neighbour", "flush", "to", FLOATING)


def _node(
    folder: Path,
    name: str,
    number: int,
    machine: Namespace,
    *,
    networks: Mapping[str, Network],
    settings: Mapping[str, str],
) -> Node:
    addresses = {key: network.join(machine, f"{key}-{name}", number) for key, network in networks.items()}
    home = folder / name
    program = Program(
        command=("serve", "--home", str(home), "--host", "0.0.0.0", "--port", str(PORT)),  # noqa: S104 - of its own machine
        folder=home,
        state_file=home / "serve.json",
        environment={**bare_environment(), **{f"POSTRAIL_{key}": value for key, value in settings.items()}},
        clock=CLOCK,
        pause=pause,
    )
    return Node(name, machine, networks, program, f"http://{addresses['outside']}:{PORT}")


@contextmanager
def machine_room(folder: Path) -> Iterator[Room]:
    """Build the machines, start all that stands there, and the two nodes at last."""
    with ExitStack() as stack:
        services, one, two = (stack.enter_context(namespace(role)) for role in ("services", "a", "b"))
        networks = {name: Network(at=services, name=name, prefix=at) for name, at in NETWORKS.items()}
        for network in networks.values():
            network.build()
        stack.enter_context(services.entered())
        database_url = stack.enter_context(postgresql(networks["ledger"].address))
        endpoint = stack.enter_context(s3_server(networks["files"].address))
        sandbox = tiktok(folder / "sandbox", networks["outside"].address)
        witness = Witness(sandbox.start(), sandbox.folder)
        stack.callback(sandbox.stop)
        witness.set_dial(**QUICK_DIAL)
        proxy = stack.enter_context(CuttingProxy(f"http://{FLOATING}:{PORT}"))
        settings = {
            "DATABASE_URL": database_url,
            "MEDIA_URL": f"s3://{make_bucket(endpoint)}?endpoint={endpoint}",
            "MEDIA_ACCESS_KEY_ID": "test",
            "MEDIA_SECRET_ACCESS_KEY": "a secret of the bucket's",
            "PUBLIC_URL": proxy.url,
            "TIKTOK_BASE_URL": witness.url,
            "SECRET_KEY": SECRET_KEY,
            "LOG_FORMAT": "json",
        }
        a = _node(folder, "a", 11, one, networks=networks, settings=settings)
        b = _node(folder, "b", 12, two, networks=networks, settings=settings)
        room = Room(services=services, nodes=(a, b), witness=witness, database_url=database_url)
        room.float_to(a)
        for node in (a, b):
            stack.callback(node.program.kill)
            node.start()
        yield room
