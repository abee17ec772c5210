"""The product's worker with TikTok stubbed at its port: what is left is the engine and the ledger.

A turn is a number of posts that TikTok is processing and that are due; each is claimed, asked about, changed
to published with its timeline and its event, and given back: one transition.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from benchmarks.ledgers import LATER, Ledger
from benchmarks.machine import own_cpu_seconds
from connector.engine.context import Context
from connector.engine.model import Account
from connector.engine.ports import Call, PublishStatus
from connector.engine.ports_tiktok import FullTikTok
from connector.kernel.clock import SystemClock
from connector.kernel.log import configure_logs
from connector.settings import Settings
from connector.wiring.library import open_stock
from connector.wiring.parts import Parts, build_context, open_parts
from connector.worker.loop import Worker

CLOCK = SystemClock()
LEASE_S = 10.0
LOOK_EVERY_S = 0.002
THREADS = 4
"""Worker threads of a process by default."""


@dataclass
class StubbedTikTok:
    """Answers `status` alone, after `latency_s` seconds: published. Notes when it was asked about what."""

    expected: int = 0
    latency_s: float = 0.0
    asked_at: dict[str, int] = field(default_factory=dict)
    all_asked: threading.Event = field(default_factory=threading.Event)

    def status(self, account: Account, publish_id: str) -> PublishStatus:
        """Say that the post is public."""
        del account
        self.asked_at[publish_id] = CLOCK.now()
        if self.latency_s:
            time.sleep(self.latency_s)
        if len(self.asked_at) == self.expected:
            self.all_asked.set()
        public_id = f"75{publish_id.rpartition('.')[2]:0>17}"
        raw: dict[str, object] = {"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": [public_id]}
        call = Call(name="status/fetch", status=200, code="ok", log_id="20261120", took_ms=1)
        return PublishStatus(
            status="PUBLISH_COMPLETE", fail_reason=None, public_ids=(public_id,), raw=raw, call=call
        )


def with_stub(tiktok: StubbedTikTok) -> Callable[[Context], Context]:
    """Return what puts the stub into the engine's surroundings."""
    return lambda context: replace(context, tiktok=cast(FullTikTok, tiktok))


def settings_at(home: str, url: str, **more: object) -> Settings:
    """Return the settings of a measured process."""
    return Ledger(name="", home=Path(home), url=url, server_pid=None, key="").settings(**more)


def context_of(parts: Parts) -> Context:
    """Build the engine's surroundings as the product does, for a process that works and serves nobody."""
    address = "https://posts.example"
    return build_context(
        parts,
        tiktok_url="http://127.0.0.1:9",
        web_url=address,
        public_url=address,
        stopping=lambda: False,
        wake=lambda: None,
        hears=lambda: False,
        stock=open_stock(parts, address),
    )


def work_off(parts: Parts, context: Context, count: int, threads: int = THREADS) -> tuple[float, float]:
    """Work on `count` posts that are due; return the seconds, and those of this process's processor."""
    tiktok = StubbedTikTok(expected=count)
    worker = Worker(with_stub(tiktok)(context), owner=parts.owner, threads=threads, lease_s=LEASE_S)
    began, spent = CLOCK.ticks(), own_cpu_seconds()
    worker.start()
    tiktok.all_asked.wait()
    while (parts.ledger.next_due() or LATER) < LATER:
        time.sleep(LOOK_EVERY_S)
    took, cpu = CLOCK.ticks() - began, own_cpu_seconds() - spent
    worker.stop(timeout_s=LEASE_S)
    return took, cpu


def engine_turns(home: str, url: str) -> None:
    """For each number that is read, work off so many posts; print the seconds and those of the processor."""
    configure_logs("json")
    parts = open_parts(settings_at(home, url))
    context = context_of(parts)
    for line in sys.stdin:
        print(json.dumps(work_off(parts, context, int(line))), flush=True)
