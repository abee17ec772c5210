"""What 100,000 posts that are not due yet cost a worker, and how late those are that fall due in one second.

First two processes of the product idle side by side, one on an empty ledger and one on a full one: on SQLite
the server with its workers, on PostgreSQL `postrail work`. Then, in the full ledger, 1,000 posts fall due
within one second, one each millisecond, while the same process accepts new ones: how late a post is counts
from when it is due until TikTok (stubbed at its port) is asked about it.
"""

import json
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from sqlalchemy import Connection, bindparam, update

from benchmarks.ledgers import LATER, NAMES, Databases, Ledger, databases, fill
from benchmarks.machine import cpu_seconds, load_before, resident_mib
from benchmarks.stubbed import LEASE_S, THREADS, StubbedTikTok, context_of, settings_at, with_stub
from benchmarks.turns import Player
from connector.engine.context import Context
from connector.engine.model import NewPost
from connector.kernel.clock import SystemClock
from connector.kernel.log import configure_logs
from connector.store import accepting
from connector.store.database import Database, open_database
from connector.store.tables import posts
from connector.wiring.parts import open_parts
from connector.wiring.serve import Server, find_upstream
from connector.wiring.work import work
from connector.worker.loop import Worker

PENDING, DUE = 100_000, 1_000
SETTLE_S, IDLE_S, AHEAD_MS = 4, 10, 3_000
INSERT_EVERY_S = 0.01
ROUNDS = 3
CLOCK = SystemClock()

TEXT = """## Posts that are not due, and many that are

{pending:,} posts of a far future against none, two processes side by side for {idle} s; then {due:,} posts
that fall due within one second while others are accepted, {rounds} rounds, medians. {load}
Budgets: 16 MiB and 1 % of a processor more; 100 ms late at p99; 10 ms to insert at p99.

| database | memory, + MiB | CPU, + % | CPU idle, % | late p50, ms | p99, ms | insert p50, ms | p99, ms |
| --- | --- | --- | --- | --- | --- | --- | --- |
{lines}
"""


def idle(home: str, url: str) -> None:
    """Be a process that works: the server on SQLite, `postrail work` on PostgreSQL. Says when it does."""
    settings = settings_at(home, url)
    configure_logs(settings.log_format)
    adapt = with_stub(StubbedTikTok())
    if not settings.is_sqlite:
        work(settings, tell=lambda line: print(line, flush=True), adapt=adapt)
        sys.exit(0)
    parts = open_parts(settings)
    server = Server(parts, find_upstream(parts, spawn=False), tell=lambda _: None, adapt=adapt)
    server.start()
    print("serves", flush=True)
    sys.stdin.read()


@dataclass(frozen=True)
class Idle:
    """What an idle process has and uses: resident MiB, percent of a processor."""

    mib: float
    percent: float


def idle_figures(players: tuple[Player, ...]) -> list[Idle]:
    """Let processes settle, then watch them idle."""
    for player in players:
        player.hear()
    time.sleep(SETTLE_S)
    before = [cpu_seconds(player.pid) for player in players]
    time.sleep(IDLE_S)
    return [
        Idle(resident_mib(player.pid), (cpu_seconds(player.pid) - spent) / IDLE_S * 100)
        for player, spent in zip(players, before, strict=True)
    ]


def new_post(context: Context, number: int) -> NewPost:
    """Return a post to be accepted."""
    (account,) = context.access.accounts(context.access.first_workspace() or "")
    return NewPost(
        id=context.ids.new("post"),
        workspace_id=account.workspace_id,
        account_id=account.id,
        operation="post_video",
        kind="video",
        mode="direct",
        transfer="upload",
        input={"source_url": "https://media.example/v.mp4", "title": f"Number {number}"},
        receipt={"coerced": [], "ignored": [], "warnings": []},
        input_hash=f"{number:064x}",
        idempotency_key=context.ids.new("due"),
        app_id=account.app_id,
    )


def insert_beside(context: Context, database: Database, until: threading.Event, spent: list[float]) -> None:
    """Accept posts until told to end; append the milliseconds that each took.

    Each is put off in the same transaction, so that fetching its media is not what is measured.
    """
    off = update(posts).where(posts.c.id == bindparam("its")).values(next_at=LATER)
    for number in count():
        new = new_post(context, number)

        def accept(conn: Connection, new: NewPost = new) -> None:
            accepting.accept(conn, database.now(conn), new)
            conn.execute(off, {"its": new.id})

        if until.wait(INSERT_EVERY_S):
            return
        began = CLOCK.ticks()
        database.write(accept)
        spent.append((CLOCK.ticks() - began) * 1000)


def quantiles(spent: list[float]) -> tuple[float, float]:
    """Return p50 and p99."""
    cuts = statistics.quantiles(spent, n=100)
    return cuts[49], cuts[98]


def due_rounds(home: str, url: str) -> None:
    """For each line that is read, work on the posts due; print how late, and how long inserts took.

    A line tells the time and the number of the first post, and how many there are, one each millisecond.
    """
    configure_logs("json")
    parts = open_parts(settings_at(home, url))
    context = context_of(parts)
    for line in sys.stdin:
        first_due, first, due = json.loads(line)
        tiktok, until, spent = StubbedTikTok(expected=due), threading.Event(), list[float]()
        adapted = with_stub(tiktok)(context)
        worker = Worker(adapted, owner=parts.owner, threads=THREADS, lease_s=LEASE_S)
        inserter = threading.Thread(target=insert_beside, args=(context, parts.database, until, spent))
        worker.start()
        inserter.start()
        tiktok.all_asked.wait()
        until.set()
        inserter.join()
        worker.stop(timeout_s=LEASE_S)
        late = [
            float(at - first_due - (int(publish_id.rpartition(".")[2]) - first))
            for publish_id, at in tiktok.asked_at.items()
        ]
        print(json.dumps([*quantiles(late), *quantiles(spent)]), flush=True)


def due_figures(ledger: Ledger) -> list[float]:
    """Let posts fall due; return the medians of the quantiles: late, insert."""
    database, found = open_database(ledger.url), []
    with Player(ledger, "benchmarks.pending", "due_rounds") as player:
        for number in range(ROUNDS + 1):
            first = PENDING + number * DUE + 1
            first_due = CLOCK.now() + AHEAD_MS
            fill(database, first, first + DUE - 1, next_at=first_due - first, apart=1)
            found.append(json.loads(player.ask(json.dumps([first_due, first, DUE]))))
    database.close()
    return [statistics.median(column) for column in zip(*found[1:], strict=True)]


def measured(made: Databases) -> Iterator[str]:
    """Measure each database; yield the lines."""
    for name in NAMES:
        empty, full = made.fresh(name), made.fresh(name)
        database = open_database(full.url)
        fill(database, 1, PENDING, next_at=LATER)
        database.close()
        with (
            Player(empty, "benchmarks.pending", "idle") as one,
            Player(full, "benchmarks.pending", "idle") as other,
        ):
            none, many = idle_figures((one, other))
        late = " | ".join(f"{figure:.1f}" for figure in due_figures(full))
        yield (
            f"| {name} | **{many.mib - none.mib:.1f}** | **{many.percent - none.percent:.1f}** "
            f"| {many.percent:.1f} | {late} |"
        )


def report() -> str:
    """Return the section of the report."""
    before = load_before()
    with databases() as made:
        lines = "\n".join(measured(made))
    return TEXT.format(pending=PENDING, idle=IDLE_S, due=DUE, rounds=ROUNDS, load=before, lines=lines)
