"""Costs at a real server over HTTP: its CPU and PostgreSQL's, less what both spend idle in the same time."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.capacity.cost import Cost
from benchmarks.costing.ground import CLOCK, Ground, control, server
from benchmarks.costing.meter import FLUSHED_S, Cluster, pss_kib
from benchmarks.machine import cpu_seconds
from benchmarks.webhooks import Sent, send

QUIET, ASKED, OTHERS, POSTS, LARGE, WHOLE, WAITERS = 2000, 600, 240, 150, 4, 60, 200
"""Quiet requests; requests about a post; posts before the ones that are measured, these, those of a large
video; posts that are followed to their end by a real server; callers that wait."""

IDLE_S, SETTLED_S = 10.0, 180.0
SUFFICES = {200, 201, 202}


@dataclass(frozen=True, kw_only=True)
class Door:
    """What was found: unit costs by name, the cost of an idle second, memory, connections.

    `size` and `wal` are the bytes of the ledger and of PostgreSQL's log before the posts that are followed.
    """

    units: dict[str, Cost]
    idle: Cost
    process_kib: float
    waiter_kib: float
    connections: int
    size: int
    wal: int


def order(place: Ground, what: str, number: int, source: str) -> Sent:
    """Return the request for a post as a tool sends it, rows of text and a key; each account has its turn."""
    rows = {
        "source_url": source,
        "title": f"{what} {number}: a sunrise in five seconds #demo",
        "privacy": "public",
        "disable_comment": "false",
        "disable_duet": "TRUE",
        "is_aigc": "0",
        "transfer": "upload",
        "account": place.accounts[number % len(place.accounts)],
    }
    headers = {
        "Authorization": f"Bearer {place.key}",
        "Content-Type": "application/json",
        "Idempotency-Key": f"n8n-workflow-execution-{what}-{number}",
    }
    return "POST", "/v1/operations/post_video", json.dumps(rows).encode(), headers


def _about(place: Ground, operation: str, **rows: str) -> Sent:
    """Return a request about a post."""
    headers = {"Authorization": f"Bearer {place.key}", "Content-Type": "application/json"}
    return "POST", f"/v1/operations/{operation}", json.dumps(rows).encode(), headers


def clips(place: Ground, what: str, count: int, name: str = "clip.mp4") -> list[Sent]:
    """Return requests for so many posts of a file of the media host."""
    return [order(place, what, number, f"{place.media_url}/{name}") for number in range(count)]


def sent(place: Ground, requests: Sequence[Sent]) -> None:
    """Send all over several connections; each must be answered well."""
    statuses = send(place.url, requests).statuses
    if set(statuses) - SUFFICES:
        raise SystemExit(f"refused: {statuses}")


@contextmanager
def running(place: Ground) -> Iterator[int]:
    """Run the server of a ground, kill it at the end; give the id of its process once it has come to rest."""
    program = server(place)
    program.start()
    try:
        time.sleep(3)
        yield program.process.pid if program.process else 0
    finally:
        program.kill()


def spent(pid: int, cluster: Cluster, act: Callable[[], None], times: int, idle: Cost) -> Cost:
    """Return what `act`, which does `times` of something at a server, costs each beyond an `idle` second."""
    app, db, done, began = cpu_seconds(pid), cluster.cpu_ms(), cluster.transactions(), CLOCK.ticks()
    act()
    app, db, worked = cpu_seconds(pid) - app, cluster.cpu_ms() - db, CLOCK.ticks() - began
    if done:
        time.sleep(FLUSHED_S)
    counted = CLOCK.ticks() - began
    whole = Cost(
        app_ms=app * 1000 - idle.app_ms * worked,
        db_ms=db - idle.db_ms * worked,
        transactions=cluster.transactions() - done - idle.transactions * counted,
    )
    return whole * (1 / times)


def idle_second(pid: int, cluster: Cluster) -> Cost:
    """Return what a server that has nothing to do costs each second."""
    found = spent(pid, cluster, lambda: time.sleep(IDLE_S), 1, Cost())
    counted = IDLE_S + (FLUSHED_S if found.transactions else 0)
    app_ms, db_ms = found.app_ms / IDLE_S, found.db_ms / IDLE_S
    return Cost(app_ms=app_ms, db_ms=db_ms, transactions=found.transactions / counted)


def accepting(place: Ground, cluster: Cluster) -> Cost:
    """Return the cost of one acceptance by a server that does nothing else, as `at_the_door` measures it."""
    with running(place) as pid:
        idle = idle_second(pid, cluster)
        sent(place, [order(place, "stuck", 0, place.silent_url)])
        sent(place, clips(place, "other", OTHERS))
        mine = clips(place, "main", POSTS)
        return spent(pid, cluster, lambda: sent(place, mine), POSTS, idle)


def at_the_door(place: Ground, cluster: Cluster) -> Door:
    """Measure a server whose one worker waits for a source that never answers, so that it only accepts."""
    with running(place) as pid:
        idle = idle_second(pid, cluster)
        quiet: list[Sent] = [("GET", "/healthz", b"", {})] * QUIET
        request = spent(pid, cluster, lambda: sent(place, quiet), QUIET, idle)
        sent(place, [order(place, "stuck", 0, place.silent_url)])
        sent(place, clips(place, "other", OTHERS))
        size, wal, mine = cluster.size(), cluster.wal(), clips(place, "main", POSTS)
        accept = spent(pid, cluster, lambda: sent(place, mine), POSTS, idle)
        sent(place, clips(place, "large", LARGE, "large.mp4"))
        asking = [_about(place, "check_status", post_id=_pending_post(place))] * ASKED
        status = spent(pid, cluster, lambda: sent(place, asking), ASKED, idle)
        return Door(
            units={"request": request, "status": status, "accept": accept},
            idle=idle,
            process_kib=pss_kib(pid),
            waiter_kib=_waiter_kib(place, pid),
            connections=cluster.connections(),
            size=size,
            wal=wal,
        )


def _pending_post(place: Ground) -> str:
    """Have one more post accepted that nobody works on, and return its id."""
    connection = http.client.HTTPConnection(urlsplit(place.url).netloc)
    connection.request(*order(place, "waited", 0, place.silent_url))
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return str(answer["post_id"])


def _waiter_kib(place: Ground, pid: int) -> float:
    """Return the KiB of one caller that waits for a post."""
    wait = {"post_id": _pending_post(place), "wait_seconds": "20"}
    method, path, body, headers = _about(place, "wait_until_published", **wait)
    told = {"Host": "x", **headers, "Content-Length": str(len(body))}
    lines = (f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()))
    request = ("\r\n".join(lines) + "\r\n\r\n").encode() + body
    before = pss_kib(pid)
    with ExitStack() as stack:
        for _ in range(WAITERS):
            caller = socket.create_connection(("127.0.0.1", place.settings.port))
            stack.enter_context(caller).sendall(request)
        time.sleep(6)
        return (pss_kib(pid) - before) / WAITERS


def whole_lives(place: Ground, cluster: Cluster) -> tuple[Cost, float]:
    """Return what a real server with its workers spends on a post until it is public, and polls for each."""
    with running(place) as pid:
        idle = idle_second(pid, cluster)
        mine = clips(place, "whole", WHOLE)

        def act() -> None:
            sent(place, mine)
            deadline = CLOCK.ticks() + SETTLED_S
            while _public(place) < WHOLE:
                if CLOCK.ticks() > deadline:
                    raise SystemExit(f"{_public(place)} of {WHOLE} posts are public")
                time.sleep(0.5)
            # The last webhooks and polls.
            time.sleep(5)

        cost = spent(pid, cluster, act, WHOLE, idle)
    calls = control(place.sandbox_url, "GET", "log")["log"]
    return cost, sum("status/fetch" in str(call.get("path", call)) for call in calls) / WHOLE


def _public(place: Ground) -> int:
    return sum(bool(post.get("public_at")) for post in control(place.sandbox_url, "GET", "posts")["posts"])
