"""What it costs to accept a post, against a bare Flask route with one plain durable insert.

Ours is the product's server: API key, idempotency key, rows of text turned into types, the policy, the
account and its app, then the post with its content, key, timeline and event in one durable transaction, and
the answer. Its workers are left out on both databases, as `POSTRAIL_WORKERS=0` leaves them out on PostgreSQL:
their work on what was accepted is measured elsewhere.

The plain route is the least that anybody could do and still not lose a post: Flask reads the same JSON and
inserts it by one statement, committed durably, through the plain driver (a connection per thread on SQLite,
WAL and `synchronous=FULL`; psycopg's own pool with a prepared statement on PostgreSQL). It checks nothing.
Both stand on the same web server class with as many threads, and get the same requests, headers and all.
"""

import json
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.http_load import CLOCK, load, spell
from benchmarks.ledgers import NAMES, Databases, Ledger, databases
from benchmarks.machine import load_before, tree_cpu_seconds
from connector.kernel.ids import SystemIds

ROUNDS = 5
CONNECTIONS = {1: 800, 16: 2_000}
"""How many requests are sent over so many connections in a turn."""

THREADS = 64
"""Threads of the server by default."""

STALL_S, DRAIN_S = 10, 1
Insert = Callable[[str, str, int], None]
"""Store a post durably: its id, its body, the time."""

TEXT = """## Accepting a post

HTTP in, API key, idempotency key, types, policy, durable rows, answer; against a bare Flask route that
inserts the same body by one plain durable statement, on the same web server with {threads} threads.
{rounds} interleaved rounds, medians; the ratios are ours / plain within a round. {load}
Budgets: 0.6 of the plain rate at 1 connection and 1.0 at 16 on SQLite, the longest wait at 16 at most a
tenth of the plain one; 0.5 of the plain rate on PostgreSQL.

| database | connections | ours, 1/s | plain, 1/s | ratio | longest, ms | plain, ms | ratio | CPU, ratio |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
{lines}
"""


def serve_ours(home: str, url: str) -> None:
    """Be the product's server without workers until the input ends; print the address."""
    from connector.kernel.log import configure_logs  # noqa: PLC0415 - only the measured process loads it
    from connector.wiring.parts import open_parts  # noqa: PLC0415 - the same
    from connector.wiring.serve import Server, find_upstream  # noqa: PLC0415 - the same

    ledger = Ledger(name="", home=Path(home), url=url, server_pid=None, key="")
    configure_logs("json")
    parts = open_parts(ledger.settings(workers=0, threads=THREADS))
    server = Server(parts, find_upstream(parts, spawn=False), tell=lambda _: None)
    server.start()
    print(json.loads((parts.settings.home / "serve.json").read_text())["url"], flush=True)
    sys.stdin.read()


def plain_insert(url: str) -> Insert:
    """Return a plain durable insert by the database's own driver."""
    create = "CREATE TABLE IF NOT EXISTS plain (id TEXT PRIMARY KEY, body TEXT, at BIGINT)"
    if url.startswith("sqlite"):
        return _plain_sqlite(url.removeprefix("sqlite:///"), create)
    return _plain_postgresql(url, create)


def _plain_sqlite(path: str, create: str) -> Insert:
    import sqlite3  # noqa: PLC0415 - only the measured process needs it

    mine = threading.local()

    def connected() -> sqlite3.Connection:
        if not hasattr(mine, "connection"):
            mine.connection = sqlite3.connect(path, isolation_level=None, timeout=60)
            mine.connection.execute("PRAGMA journal_mode=WAL")
            mine.connection.execute("PRAGMA synchronous=FULL")
        found: sqlite3.Connection = mine.connection
        return found

    connected().execute(create)

    def insert(*row: object) -> None:
        connected().execute("INSERT INTO plain VALUES (?, ?, ?)", row)

    return insert


def _plain_postgresql(url: str, create: str) -> Insert:
    from psycopg_pool import ConnectionPool  # noqa: PLC0415 - only the measured process needs it

    pool = ConnectionPool(url, min_size=4, max_size=30, kwargs={"autocommit": True}, open=True)
    with pool.connection() as conn:
        conn.execute(create)

    def insert(*row: object) -> None:
        with pool.connection() as conn:
            conn.execute("INSERT INTO plain VALUES (%s, %s, %s)", row, prepare=True)

    return insert


def serve_plain(url: str) -> None:
    """Be the bare route until the input ends; print the address."""
    from flask import Flask, Response, jsonify, request  # noqa: PLC0415 - only the measured process loads it

    from connector.web.serve import WebServer  # noqa: PLC0415 - the same

    app, insert, ids = Flask("plain", static_folder=None), plain_insert(url), SystemIds(CLOCK)

    @app.post("/v1/operations/post_video")
    def accept() -> tuple[Response, int]:
        post_id = ids.new("post")
        insert(post_id, json.dumps(request.get_json()), CLOCK.now())
        return jsonify({"ok": True, "post_id": post_id}), 202

    server = WebServer("127.0.0.1", 0, threads=THREADS, stall_s=STALL_S, drain_s=DRAIN_S)
    port = server.bind()
    server.start(app)
    print(f"http://127.0.0.1:{port}", flush=True)
    sys.stdin.read()


@dataclass(frozen=True)
class Contestant:
    """A server under way: its address, and the processes that its answers cost."""

    url: str
    pids: tuple[int, ...]


@contextmanager
def contestant(ledger: Ledger, function: str, *words: str) -> Iterator[Contestant]:
    """Run `function` of this module in a process of its own until the `with` ends."""
    code = f"import sys; from benchmarks.accepting import {function}; {function}(*sys.argv[1:])"
    with (ledger.home / f"{function}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        url = process.stdout.readline().strip() if process.stdout else ""
        if not url:
            raise SystemExit((ledger.home / f"{function}.log").read_text())
        yield Contestant(url, (process.pid, *([ledger.server_pid] if ledger.server_pid else [])))
    finally:
        process.kill()
        process.communicate()


def bodies(key: str, first: int, count: int) -> list[bytes]:
    """Return requests as tools send them, every value a text, each with an idempotency key of its own."""
    headers = {"Authorization": f"Bearer {key}"}
    found = []
    for number in range(first, first + count):
        rows = {
            "source_url": f"https://media.example/clip-{number}.mp4",
            "title": f"Sunday roast number {number} #coffee",
            "privacy": "public",
            "disable_comment": "false",
            "disable_duet": "0",
            "disable_stitch": "true",
            "is_ad": "false",
            "video_cover_timestamp_ms": "1000",
        }
        told = {**headers, "Idempotency-Key": f"run-{number}"}
        found.append(spell("/v1/operations/post_video", told, json.dumps(rows).encode()))
    return found


@dataclass(frozen=True)
class Turn:
    """One contestant's turn: answers in a second, the longest wait in ms, processor in ms for each answer."""

    rate: float
    longest_ms: float
    cpu_ms: float


def turn(one: Contestant, requests: list[bytes], connections: int) -> Turn:
    """Send the requests to a contestant."""
    before = sum(map(tree_cpu_seconds, one.pids))
    done = load(one.url, requests, connections, 202)
    cpu = sum(map(tree_cpu_seconds, one.pids)) - before
    return Turn(done.rate, max(done.seconds) * 1000, cpu / len(requests) * 1000)


def rounds_of(
    ledger: Ledger, plain: Ledger, connections: int, rounds: int = ROUNDS
) -> list[tuple[Turn, Turn]]:
    """Return our turn and the plain one of each round."""
    count, first, found = CONNECTIONS[connections], connections * 1_000_000, []
    with (
        contestant(ledger, "serve_ours", str(ledger.home), ledger.url) as ours,
        contestant(plain, "serve_plain", plain.url.replace("postrail.db", "plain.db")) as theirs,
    ):
        for number in range(rounds + 1):
            requests = bodies(ledger.key, first + number * count, count)
            if number % 2:
                other = turn(theirs, requests, connections)
            mine = turn(ours, requests, connections)
            if not number % 2:
                other = turn(theirs, requests, connections)
            found.append((mine, other))
    return found[1:]


def line(name: str, connections: int, found: list[tuple[Turn, Turn]]) -> str:
    """Return a line of the table."""
    mine, other = zip(*found, strict=True)

    def middle(turns: tuple[Turn, ...], what: str) -> float:
        return float(statistics.median(getattr(one, what) for one in turns))

    def ratio(what: str) -> float:
        return float(statistics.median(getattr(ours, what) / getattr(theirs, what) for ours, theirs in found))

    return (
        f"| {name} | {connections} | {middle(mine, 'rate'):.0f} | {middle(other, 'rate'):.0f} "
        f"| **{ratio('rate'):.2f}** | {middle(mine, 'longest_ms'):.1f} | {middle(other, 'longest_ms'):.1f} "
        f"| **{ratio('longest_ms'):.2f}** | {ratio('cpu_ms'):.2f} |"
    )


def measured(made: Databases) -> Iterator[str]:
    """Measure each database at each number of connections; yield the lines."""
    for name in NAMES:
        for connections in CONNECTIONS:
            ledger = made.fresh(name)
            yield line(name, connections, rounds_of(ledger, made.fresh(name), connections))


def report() -> str:
    """Return the section of the report."""
    before = load_before()
    with databases() as made:
        lines = "\n".join(measured(made))
    return TEXT.format(threads=THREADS, rounds=ROUNDS, load=before, lines=lines)
