"""What a second machine brings: two `postrail work` processes on one PostgreSQL against one.

TikTok is stubbed at its port and takes 200 ms to answer, as it does over the internet, so that a node with a
fixed number of slots can do so much and no more: what is measured is whether two get into each other's way.
Each process is the product's own, with all its threads, its presence among the others and its session that
listens. Both nodes and the database share this machine's processors.
"""

import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from sqlalchemy import Connection, text

from benchmarks.ledgers import LATER, Databases, Ledger, databases, fill
from benchmarks.machine import load_before, tree_cpu_seconds
from benchmarks.stubbed import StubbedTikTok, settings_at, with_stub
from benchmarks.turns import Player
from connector.kernel.clock import SystemClock
from connector.kernel.log import configure_logs
from connector.store.claims import next_due
from connector.store.database import Database, open_database
from connector.store.dialect import tell
from connector.wiring.work import work

ROUNDS = 3
SLOTS = 16
LATENCY_S = 0.2
COUNT = 480
CLOCK = SystemClock()
LOOK_EVERY_S = 0.01

TEXT = """## Two nodes

Two `postrail work` processes on one PostgreSQL against one: {slots} slots each, {latency:.0f} ms of pretended
TikTok, {count} posts that are due at once; {rounds} interleaved rounds, medians. {load}
Budgets: 1.7 times the rate, 1.2 times the processor for each transition.

| nodes | transitions, 1/s | CPU each (nodes and database), ms |
| --- | --- | --- |
| 1 | {one_rate:.0f} | {one_cpu:.2f} |
| 2 | {two_rate:.0f} | {two_cpu:.2f} |

Two / one, medians of the ratios in a round: rate **{rate:.2f}**, processor each **{cpu:.2f}**.
"""


@dataclass(frozen=True)
class Run:
    """What so many nodes did: transitions in a second, processor milliseconds for each."""

    rate: float
    cpu_ms: float


def node(home: str, url: str) -> None:
    """Be a worker process of the product, with TikTok stubbed; says when it works."""
    settings = settings_at(home, url, workers=SLOTS)
    configure_logs(settings.log_format)
    adapt = with_stub(StubbedTikTok(latency_s=LATENCY_S))
    work(settings, tell=lambda line: print(line, flush=True), adapt=adapt)
    sys.exit(0)


def work_off(database: Database, ledger: Ledger, nodes: Sequence[Player]) -> Run:
    """Let all posts be due at once, wait until none is, and say what that took."""

    def make_due(conn: Connection) -> None:
        conn.execute(text("UPDATE posts SET next_at = 1 WHERE next_at IS NOT NULL"))
        tell(conn, "posts")

    pids = [*(one.pid for one in nodes), *([ledger.server_pid] if ledger.server_pid else [])]
    before, began = sum(map(tree_cpu_seconds, pids)), CLOCK.ticks()
    database.write(make_due)
    while (database.read(next_due) or LATER) < LATER:
        time.sleep(LOOK_EVERY_S)
    took = CLOCK.ticks() - began
    return Run(COUNT / took, (sum(map(tree_cpu_seconds, pids)) - before) / COUNT * 1000)


def runs_of(made: Databases, rounds: int = ROUNDS) -> list[tuple[Run, Run]]:
    """Return for each round what two nodes did and what one did."""
    ledger = made.fresh("PostgreSQL")
    database = open_database(ledger.url)
    found, first = [], 1
    for number in range(rounds):
        done: dict[int, Run] = {}
        for many in (1, 2) if number % 2 else (2, 1):
            fill(database, first, first + COUNT - 1, next_at=LATER)
            first += COUNT
            with ExitStack() as stack:
                nodes = [
                    stack.enter_context(Player(ledger, "benchmarks.two_nodes", "node")) for _ in range(many)
                ]
                for one in nodes:
                    one.hear()
                time.sleep(1)
                done[many] = work_off(database, ledger, nodes)
        found.append((done[2], done[1]))
    database.close()
    return found


def report() -> str:
    """Return the section of the report."""
    before = load_before()
    with databases() as made:
        found = runs_of(made)
    two, one = zip(*found, strict=True)
    return TEXT.format(
        slots=SLOTS,
        latency=LATENCY_S * 1000,
        count=COUNT,
        rounds=ROUNDS,
        load=before,
        one_rate=statistics.median(run.rate for run in one),
        two_rate=statistics.median(run.rate for run in two),
        one_cpu=statistics.median(run.cpu_ms for run in one),
        two_cpu=statistics.median(run.cpu_ms for run in two),
        rate=statistics.median(both.rate / single.rate for both, single in found),
        cpu=statistics.median(both.cpu_ms / single.cpu_ms for both, single in found),
    )
