"""Unit costs of this code on this machine, on both databases: `python -m benchmarks.costs`.

Writes `costs.json`, from which `python -m benchmarks.capacity` reckons. Costs are processor time, which a
busy machine distorts far less than time by the clock; what is measured by the clock is said to be.

request, status, accept
                 a real server over HTTP, eight connections; CPU of its process and of PostgreSQL's. Its one
                 worker is kept busy by a source that never answers, so that nothing but accepting is done
claim ... poll   the product's own effects, one after the other, in one process on the same ledger, against
                 the sandbox in another; each account keeps to its rates, as real ones do
webhook          `receive` and `attend` in that process; half of them say that a post is complete, half that
                 it is public. Its HTTP request is counted as a `request`
refresh, gate    in that process, as `photo`
per megabyte     the difference between a large video and a small one, in `fetch`, `send` (which reads the
                 file again, to see that it is whole) and `upload`
idle             a real server with nothing to do, for ten seconds
waiter           memory (PSS) of a real server before and while 200 callers wait
account          `accept` in a workspace of 150 accounts and in one of 10: what each account more adds to it
ledger           size of all tables with their indices before and after the posts' lives; on SQLite the file's
changes, writes  by the clock: eight threads save what they hold, with a new state (and its event) and without
whole            a real server with its workers takes posts to their end, webhooks and all: what it spends on
                 one, beside the sum of the parts above for as many polls and two webhooks
serve, handoff   `benchmarks.serving`: ourselves and nginx send a range of a file of 200 MB
"""

import json
import os
import shutil
import statistics
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from benchmarks import serving
from benchmarks.capacity.cost import Cost, Costs, Measured
from benchmarks.costing.door import POSTS, Door, accepting, at_the_door, whole_lives
from benchmarks.costing.ground import LARGE_MB, NO_END_S, THREADS, control, engine, ground
from benchmarks.costing.inside import (
    changes_each,
    follow,
    per_second,
    renew,
    take_all,
    take_photos,
)
from benchmarks.costing.meter import Cluster, Watch
from benchmarks.machine import describe
from benchmarks.web_server import free_port
from connector.kernel.clock import SystemClock, to_iso

RESULT = Path(__file__).with_name("costs.json")
MB, SENT_MB, ROUNDS = 1_000_000, 200, 15
FEW = 10
"""Accounts of the small workspace, beside which the one of the posts that are followed is a large one."""

STEPS = ("claim", "transition", "fetch", "send", "upload")
"""What every post of a video takes once, beside what is taken more often."""


def of_database(kind: str) -> tuple[Costs, Door]:
    """Measure everything on one database."""
    stuck = {"workers": "1", "threads": str(THREADS), "source_idle_s": str(NO_END_S)}
    with ground(kind, accounts=POSTS, **stuck) as place:
        control(place.sandbox_url, "PUT", "dial", {"mode": "hand"})
        cluster = Cluster(place)
        door = at_the_door(place, cluster)
        watch = Watch(cluster)
        with engine(place) as work:
            posts = take_all(work)
            follow(work, watch, posts)
            changes = changes_each(work, posts["main"])
            grown, logged = cluster.size() - door.size, cluster.wal() - door.wal
            renew(work, watch, len(place.accounts))
            take_photos(place, work, watch)
            rates = per_second(work, posts["other"])
            clip_mb = (place.settings.home.parent / "media" / "clip.mp4").stat().st_size / MB
        watch.end()
    each = dict(watch.each())
    large = {name: each.pop(f"{name}_large") for name in ("fetch", "send", "upload", "poll")}
    per_mb = {name: (large[name] - each[name]).cpu_ms / (LARGE_MB - clip_mb) for name in large}
    with ground(kind, accounts=FEW, **stuck) as place:
        few = accepting(place, Cluster(place))
    account = (door.units["accept"] - few) * (1 / (POSTS - FEW))
    units = {**door.units, "accept": few - account * FEW, **each}
    with ground(kind, accounts=POSTS) as place:
        whole, polls = whole_lives(place, Cluster(place))
    costs = Costs(
        units=units,
        idle=door.idle,
        ingest_ms_mb=per_mb["fetch"],
        verify_ms_mb=per_mb["send"],
        upload_ms_mb=per_mb["upload"],
        clip_mb=clip_mb,
        post_bytes=grown / POSTS,
        wal_bytes=logged / POSTS,
        changes_post=changes,
        account=account,
        changes_s=rates[0],
        writes_s=rates[1],
        whole=whole,
        parts=sum_of_parts({**units, "accept": door.units["accept"]}, polls),
        polls=polls,
    )
    return costs, door


def sum_of_parts(units: dict[str, Cost], polls: float) -> Cost:
    """Return what the life of a post should cost: its steps, so many polls, two webhooks."""
    once = sum((units[name] for name in STEPS), units["accept"])
    return once + (units["claim"] + units["poll"]) * polls + (units["request"] + units["webhook"]) * 2


def served() -> tuple[float, float | None]:
    """Return CPU-milliseconds for a megabyte sent by ourselves, and by nginx to which we hand it over."""
    with tempfile.TemporaryDirectory(prefix="postrail-costs-") as name, ExitStack() as stack:
        folder = Path(name)
        media = folder / "media"
        (media / "aa").mkdir(parents=True)
        (media / "aa" / "file").write_bytes(os.urandom(SENT_MB * MB))
        own, behind, front = free_port(), free_port(), free_port()
        by_us = stack.enter_context(serving.started(serving.ours(media, "none", own), own))
        ours = mean_ms(f"http://127.0.0.1:{own}/file", [by_us])
        if shutil.which("nginx") is None:
            return ours, None
        asked = stack.enter_context(serving.started(serving.ours(media, "x-accel", behind), behind))
        conf = folder / "nginx.conf"
        conf.write_text(
            serving.NGINX.format(folder=folder, user=folder.owner(), media=media, port=front, behind=behind)
        )
        nginx = ["nginx", "-e", f"{folder}/error.log", "-p", str(folder), "-c", str(conf)]
        its = serving.workers_of(stack.enter_context(serving.started(nginx, front)))
        return ours, mean_ms(f"http://127.0.0.1:{front}/file", [*its, asked])


def mean_ms(url: str, pids: list[int]) -> float:
    """Return the CPU-milliseconds of a megabyte, on average: the kernel counts in hundredths of a second."""
    serving.fetch(url, pids)
    # Seconds for a gigabyte are milliseconds for a megabyte.
    return statistics.fmean(serving.fetch(url, pids)[1] for _ in range(ROUNDS))


def main() -> None:
    """Measure and write `costs.json`."""
    found: dict[str, tuple[Costs, Door]] = {}
    for kind in ("sqlite", "postgresql"):
        print(f"measuring on {kind} ...", flush=True)
        found[kind] = of_database(kind)
    serve_ms_mb, handoff_ms_mb = served()
    doors = [door for _, door in found.values()]
    measured = Measured(
        made=to_iso(SystemClock().now())[:10],
        machine=f"{describe()} Load average of its last five minutes: {os.getloadavg()[1]:.0f}.",
        sqlite=found["sqlite"][0],
        postgresql=found["postgresql"][0],
        serve_ms_mb=serve_ms_mb,
        handoff_ms_mb=handoff_ms_mb,
        waiter_kib=max(door.waiter_kib for door in doors),
        process_mib=max(door.process_kib for door in doors) / 1024,
        connections=max(door.connections for door in doors),
    )
    RESULT.write_text(json.dumps(_rounded(asdict(measured)), indent=1) + "\n")
    print(RESULT.read_text())


def _rounded(told: object) -> object:
    """Round every number to four digits that count: more were never measured."""
    if isinstance(told, dict):
        return {name: _rounded(value) for name, value in told.items()}
    return float(f"{told:.4g}") if isinstance(told, float) else told


if __name__ == "__main__":
    main()
