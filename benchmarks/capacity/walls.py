"""Where each limit stands, in accounts: one more, and it is reached. Pure.

Everything grows with the accounts, so a limit is found from one day's use by the rule of three.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.capacity.assumptions import Assumptions
from benchmarks.capacity.cost import Measured
from benchmarks.capacity.day import Day
from benchmarks.capacity.needs import BESIDE, WAIT_SHARE, busy_threads, needs, often, serving, working

UNAUDITED_USERS = 5
MOST_THREADS, MOST_WORKERS = 1_024, 64
"""The highest values of POSTRAIL_THREADS and POSTRAIL_WORKERS."""

EVERYWHERE, SQLITE, POSTGRESQL = "both", "SQLite", "PostgreSQL"


@dataclass(frozen=True, kw_only=True)
class Wall:
    """A limit, on which database it is met, at how many accounts, and what moves it."""

    where: str
    limit: str
    accounts: int
    moved_by: str
    partitioning: str


def reached(day: Day, limit: float, use: float) -> int:
    """Return at how many accounts a limit is reached of which a day uses so much."""
    return math.floor(day.accounts * limit / use)


def walls(day: Day, measured: Measured, given: Assumptions) -> list[Wall]:
    """Return every limit, the nearest first."""
    found = [
        *_of_sqlite(day, measured, given),
        *_of_postgresql(day, measured, given),
        *_of_both(day, measured, given),
    ]
    return sorted(found, key=lambda wall: (wall.accounts, wall.where, wall.limit))


def next_after(accounts: int, found: Iterable[Wall], where: str) -> Wall | None:
    """Return the nearest limit that so many accounts on one database have not reached; None beyond all."""
    ahead = (wall for wall in found if wall.accounts >= accounts and wall.where in {where, EVERYWHERE})
    return next(ahead, None)


def _of_sqlite(day: Day, measured: Measured, given: Assumptions) -> list[Wall]:
    costs, window = measured.sqlite, given.work_window_min
    busy = serving(measured, costs, often(day, 1), given) + working(costs, often(day, window))
    room = given.utilisation * 1000 - costs.idle.app_ms
    changes = day.peak("posts", window) * costs.changes_post
    threads = busy_threads(often(day, window), given)
    return [
        _wall(
            SQLITE,
            "one process of Python, so one core, does everything",
            reached(day, room, busy.app_ms),
            "PostgreSQL, and more processes",
            "moves it: a server for each part",
        ),
        _wall(
            SQLITE,
            f"one writer: {costs.changes_s:,.0f} state changes a second",
            reached(day, costs.changes_s * given.utilisation, changes),
            "a faster disk; PostgreSQL does not",
            "moves it",
        ),
        _wall(
            SQLITE,
            f"{MOST_WORKERS} worker threads",
            reached(day, MOST_WORKERS * given.utilisation, threads),
            "PostgreSQL, and more workers; pulls instead of uploads",
            "moves it",
        ),
        _wall(
            SQLITE,
            f"{MOST_THREADS // WAIT_SHARE} callers that wait",
            reached(day, MOST_THREADS // WAIT_SHARE, day.peak("waiter_s")),
            "callbacks and triggers instead of waiting; whoever is one too many is answered at once",
            "moves it",
        ),
    ]


def _of_postgresql(day: Day, measured: Measured, given: Assumptions) -> list[Wall]:
    costs, window = measured.postgresql, given.work_window_min
    changes = day.peak("posts", window) * costs.changes_post
    most = given.max_connections // (given.process_connections + BESIDE)
    return [
        _wall(
            POSTGRESQL,
            f"events are numbered one after the other: {costs.changes_s:,.0f} state changes a second",
            reached(day, costs.changes_s * given.utilisation, changes),
            "a database nearby, a faster disk; bursts that may take longer",
            "moves it: each part numbers its own",
        ),
        _wall(
            POSTGRESQL,
            f"`max_connections` of {given.max_connections}: {most} processes",
            _most_accounts(day, measured, given, most),
            "a higher `max_connections`, a lower POSTRAIL_DATABASE_CONNECTIONS",
            "moves it",
        ),
    ]


def _most_accounts(day: Day, measured: Measured, given: Assumptions, processes: int) -> int:
    """Return how many accounts so many processes serve."""
    found = needs(day, measured, measured.postgresql, given)
    per_account = max(found.serve_cores, found.waiters / (given.serve_threads // WAIT_SHARE)) + max(
        found.work_cores, found.busy_threads / given.utilisation / given.worker_threads
    )
    return reached(day, processes, per_account)


def _of_both(day: Day, measured: Measured, given: Assumptions) -> list[Wall]:
    found = needs(day, measured, measured.postgresql, given)
    line = given.line_mbit * given.utilisation
    return [
        _wall(
            EVERYWHERE,
            "TikTok: an app without its audit posts for 5 accounts a day",
            reached(day, UNAUDITED_USERS, day.active),
            "TikTok's audit",
            "does not: the limit is the app's",
        ),
        _wall(
            EVERYWHERE,
            f"TikTok: an audited app posts for {given.app_users_day:,} accounts a day",
            reached(day, given.app_users_day, day.active),
            "more apps, each with its own audit; a higher number from TikTok",
            "does not: the limit is the app's",
        ),
        _wall(
            EVERYWHERE,
            f"one line of {given.line_mbit:,.0f} Mbit/s, in or out",
            reached(day, line, max(found.egress_mbit, found.ingress_mbit)),
            "more machines, each with its line; bursts that may take longer",
            "does not: as many bytes",
        ),
    ]


def _wall(where: str, limit: str, accounts: int, moved_by: str, partitioning: str) -> Wall:
    return Wall(where=where, limit=limit, accounts=accounts, moved_by=moved_by, partitioning=partitioning)
