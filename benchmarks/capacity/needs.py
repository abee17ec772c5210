"""What a day of posts needs: processors, PostgreSQL, memory, storage, lines, apps at TikTok. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.capacity.assumptions import Assumptions
from benchmarks.capacity.cost import Cost, Costs, Measured
from benchmarks.capacity.day import DAY_S, Day, busiest
from connector.settings import Settings

WAIT_SHARE = 2
"""One in so many web threads may wait for a post (`connector/wiring/serve.py`)."""

BESIDE = 11
"""Connections of a process beside its pool: its own link, and ten while files of a bucket are held."""

SEND_CALLS = 2
"""Calls to TikTok before an attempt is open: what the account may post, and the init."""

MEDIA_LIFE_S: int = Settings.model_fields["media_life_s"].default
MBIT = 8.0
"""Megabits of a megabyte."""

Often = Mapping[str, float]
"""How many there are in a second, by the kinds of `day.KINDS`."""

DOOR: Mapping[str, tuple[str, ...]] = {
    "accept": ("posts",),
    "status": ("requests",),
    "request": ("webhooks", "pulls"),
    "gate": ("pulls",),
}
"""What serving takes, by unit: how often."""

WORK: Mapping[str, tuple[str, ...]] = {
    "claim": ("looks",),
    "transition": ("posts",),
    "fetch": ("posts",),
    "photo": ("photos",),
    "send": ("sends",),
    "upload": ("uploads",),
    "poll": ("polls",),
    "webhook": ("webhooks",),
    "refresh": ("refreshes",),
}
"""The same of working."""


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a day needs on one database.

    Peaks are those of its busiest minute for serving, for working those of as many minutes as a burst may
    take (`work_window_min`). `serve` and `work` are processes, each on one core at most and used as far as
    `utilisation`; so are the `db_cores`, and the lines of the machines (`nodes`). `busy_threads` are those of
    workers that are in the middle of something. Bytes are those of a day, where nothing else is said.
    """

    accounts: int
    cpu_ms_post: float
    serve_cores: float
    work_cores: float
    db_cores: float
    busy_threads: float
    serve: int
    work: int
    nodes: int
    transactions_mean: float
    transactions_peak: float
    changes_peak: float
    connections: int
    waiters: float
    memory_gib: float
    ledger_gb_year: float
    log_gb: float
    media_gb: float
    egress_gb: float
    egress_mbit: float
    ingress_mbit: float
    apps: int


def often(day: Day, minutes: int | None = None) -> Often:
    """Return how many of each kind there are in a second of the busiest `minutes`; None: on average."""
    if minutes is None:
        return {kind: day.mean(kind) for kind in day.load}
    return {kind: day.peak(kind, minutes) for kind in day.load}


def spent(costs: Costs, units: Mapping[str, tuple[str, ...]], rates: Often) -> Cost:
    """Return the cost of one second in which everything is done so often."""
    each = (costs.units[unit] * sum(rates[kind] for kind in kinds) for unit, kinds in units.items())
    return sum(each, Cost())


def serving(measured: Measured, costs: Costs, rates: Often, given: Assumptions) -> Cost:
    """Return the cost of a second of serving: posts, callers that wait, webhooks, files for TikTok."""
    accounts = costs.account * (rates["posts"] * given.workspace_accounts)
    return spent(costs, DOOR, rates) + accounts + Cost(app_ms=measured.serve_ms_mb * rates["pull_mb"])


def working(costs: Costs, rates: Often) -> Cost:
    """Return the cost of a second of working: as for small files, and what larger ones take beyond that."""
    fetched = max(0.0, rates["ingest_mb"] - rates["posts"] * costs.clip_mb)
    sent = max(0.0, rates["upload_mb"] - rates["uploads"] * costs.clip_mb)
    seen = max(0.0, rates["upload_mb"] + rates["pull_mb"] - rates["sends"] * costs.clip_mb)
    more = fetched * costs.ingest_ms_mb + seen * costs.verify_ms_mb + sent * costs.upload_ms_mb
    return spent(costs, WORK, rates) + Cost(app_ms=more)


def busy_threads(rates: Often, given: Assumptions) -> float:
    """Return how many worker threads are in the middle of a call or a transfer, on average (Little's law)."""
    calls = rates["sends"] * SEND_CALLS + rates["polls"] + rates["refreshes"]
    transfers = (rates["ingest_mb"] + rates["upload_mb"]) * MBIT / given.transfer_mbit
    return calls * given.call_s + transfers


def processes(busy_ms: float, idle_ms: float, given: Assumptions) -> int:
    """Return how many processes of one core do work of `busy_ms` a second beside what each spends idle."""
    room = given.utilisation * 1000 - idle_ms
    if room <= 0:
        raise ValueError("a process that does nothing is busy already")
    return max(1, math.ceil(busy_ms / room))


def needs(day: Day, measured: Measured, costs: Costs, given: Assumptions) -> Needs:
    """Reckon what a day needs on the database whose `costs` are given."""
    window = given.work_window_min
    door = serving(measured, costs, often(day, 1), given)
    work = working(costs, often(day, window))
    mean = serving(measured, costs, often(day), given) + working(costs, often(day))
    threads, waiters = busy_threads(often(day, window), given), day.peak("waiter_s")
    servers = max(
        processes(door.app_ms, costs.idle.app_ms, given),
        math.ceil(waiters / (given.serve_threads // WAIT_SHARE)),
    )
    workers = max(
        processes(work.app_ms, costs.idle.app_ms, given),
        math.ceil(threads / given.utilisation / given.worker_threads),
    )
    idle = costs.idle * (servers + workers)
    everything = door + work + idle
    out = [up + pull for up, pull in zip(day.load["upload_mb"], day.load["pull_mb"], strict=True)]
    outward, inward = busiest(out, window) / 60 * MBIT, day.peak("ingest_mb", window) * MBIT
    memory_kib = (servers + workers) * measured.process_mib * 1024 + waiters * measured.waiter_kib
    return Needs(
        accounts=day.accounts,
        cpu_ms_post=mean.cpu_ms * DAY_S / max(1.0, day.total("posts")),
        serve_cores=door.app_ms / 1000 / given.utilisation,
        work_cores=work.app_ms / 1000 / given.utilisation,
        db_cores=everything.db_ms / 1000 / given.utilisation,
        busy_threads=threads,
        serve=servers,
        work=workers,
        nodes=max(
            math.ceil(everything.cpu_ms / 1000 / given.utilisation / given.node_cores),
            math.ceil(max(outward, inward) / given.utilisation / given.line_mbit),
        ),
        transactions_mean=(mean + idle).transactions,
        transactions_peak=everything.transactions,
        changes_peak=day.peak("posts", window) * costs.changes_post,
        connections=(servers + workers) * (given.process_connections + BESIDE),
        waiters=waiters,
        memory_gib=memory_kib / 2**20,
        ledger_gb_year=day.total("posts") * 365 * costs.post_bytes / 1e9,
        log_gb=day.total("posts") * costs.wal_bytes / 1e9,
        media_gb=day.mean("ingest_mb") * MEDIA_LIFE_S / 1e3,
        egress_gb=sum(out) / 1e3,
        egress_mbit=outward,
        ingress_mbit=inward,
        apps=math.ceil(day.active / given.app_users_day),
    )
