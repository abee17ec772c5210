"""The least that anybody could do to work on rows and still lose none: claim one, commit what became of it.

Two statements on the product's own table, each a durable transaction of its own, by the database's plain
driver, prepared, without content, timeline, event, pause, account or fence on anything but the row itself.
"""

import json
import sqlite3
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg

from benchmarks.machine import own_cpu_seconds
from connector.kernel.clock import SystemClock

CLOCK = SystemClock()
LEASE_MS = 10_000
CLAIM = """UPDATE posts SET lease = {0}, owner = 'bare', next_at = {0} WHERE id = (SELECT id FROM posts
    WHERE next_at <= {0} ORDER BY next_at LIMIT 1{1}) RETURNING id"""
COMMIT = """UPDATE posts SET state = 'published_public', version = version + 1, lease = NULL, owner = NULL,
    next_at = NULL, updated_at = {0} WHERE id = {0} AND lease = {0}"""

Run = Callable[[str, tuple[object, ...]], tuple[object, ...] | None]
"""Run a statement durably; return the row it gives, if any."""


def on_sqlite(path: str) -> Run:
    """Return a connection that commits each statement by itself, durably."""
    conn = sqlite3.connect(path, isolation_level=None, timeout=60, check_same_thread=False)
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("PRAGMA synchronous=FULL")
    return lambda statement, given: conn.execute(statement, given).fetchone()


def on_postgresql(url: str) -> Run:
    """Return a connection that commits each statement by itself, durably."""
    conn = psycopg.connect(url, autocommit=True)

    def run(statement: str, given: tuple[object, ...]) -> tuple[object, ...] | None:
        done = conn.execute(statement.encode(), given, prepare=True)
        return done.fetchone() if done.description else None

    return run


def loop(run: Run, mark: str, skip: str) -> int:
    """Claim and commit until nothing is due; return how many rows that were."""
    claim, commit, done = CLAIM.format(mark, skip), COMMIT.format(mark), 0
    while True:
        now = CLOCK.now()
        row = run(claim, (f"bare-{now}", now + LEASE_MS, now))
        if row is None:
            return done
        run(commit, (now, row[0], f"bare-{now}"))
        done += 1


def bare_turns(_home: str, url: str, threads: str) -> None:
    """For each number that is read, work off so many rows; print the seconds and those of the processor."""
    sqlite = url.startswith("sqlite")
    mark, skip = ("?", "") if sqlite else ("%s", " FOR UPDATE SKIP LOCKED")
    runs = [
        on_sqlite(url.removeprefix("sqlite:///")) if sqlite else on_postgresql(url)
        for _ in range(int(threads))
    ]
    with ThreadPoolExecutor(len(runs)) as pool:
        for line in sys.stdin:
            began, spent = CLOCK.ticks(), own_cpu_seconds()
            done = sum(pool.map(lambda run: loop(run, mark, skip), runs))
            if done != int(line):
                raise SystemExit(f"{done} rows were due, not {line}")
            print(json.dumps([CLOCK.ticks() - began, own_cpu_seconds() - spent]), flush=True)
