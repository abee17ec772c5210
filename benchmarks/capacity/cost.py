"""What one of something costs, as `python -m benchmarks.costs` has measured it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one of something costs: CPU-milliseconds of the product and of PostgreSQL, transactions there.

    A transaction is a commit, or a statement outside of one. On SQLite all CPU time is the product's.
    """

    app_ms: float = 0.0
    db_ms: float = 0.0
    transactions: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            app_ms=self.app_ms + other.app_ms,
            db_ms=self.db_ms + other.db_ms,
            transactions=self.transactions + other.transactions,
        )

    def __sub__(self, other: "Cost") -> "Cost":
        return self + other * -1

    def __mul__(self, times: float) -> "Cost":
        return Cost(
            app_ms=self.app_ms * times, db_ms=self.db_ms * times, transactions=self.transactions * times
        )

    @property
    def cpu_ms(self) -> float:
        """CPU-milliseconds of both."""
        return self.app_ms + self.db_ms


UNITS: dict[str, str] = {
    "request": "an HTTP request that asks nothing of the ledger (`GET /healthz`)",
    "status": "a caller told how a post stands (Check Status, and each request that waits for a post)",
    "accept": "a post accepted: HTTP in, key, types, policy, durable rows, answer (accounts come on top)",
    "claim": "a due post leased",
    "transition": "a new state saved under the lease: row, line of the timeline, event",
    "release": "a post given back",
    "fetch": "a video of some 1 MB fetched, hashed, looked at, stored",
    "send": "what the account may post asked of TikTok, the publish task opened, its id stored",
    "upload": "a video of some 1 MB sent in one chunk, its last chunk announced first",
    "poll": "TikTok asked how a post stands; nothing new",
    "webhook": "one of TikTok's webhooks verified, stored, acted on (its request comes on top)",
    "refresh": "an account's tokens renewed",
    "gate": "a look at the gate before a file is served (its request comes on top)",
    "photo": "a photo fetched and looked at that needs no conversion",
}
"""What is counted, by name."""


@dataclass(frozen=True, kw_only=True)
class Costs:
    """The unit costs on one database.

    `units` are by the names of UNITS; `fetch`, `send` and `upload` are those of a video of `clip_mb`, beyond
    which a megabyte costs `ingest_ms_mb`, `verify_ms_mb` and `upload_ms_mb`. Each acceptance costs `account`
    for each account of its workspace on top. An idle process spends `idle` each second.

    A post leaves `post_bytes` (rows and indices) and `changes_post` state changes in the ledger after its
    whole life, and has written `wal_bytes` of PostgreSQL's log. The ledger takes so many state changes a
    second from eight threads of one process (`changes_s`), and so many writes without one (`writes_s`).

    `whole` is the cost of a post's whole life in a real server, `parts` the sum of its parts for as many
    `polls`.
    """

    units: Mapping[str, Cost]
    idle: Cost
    ingest_ms_mb: float
    verify_ms_mb: float
    upload_ms_mb: float
    clip_mb: float
    post_bytes: float
    wal_bytes: float
    changes_post: float
    account: Cost
    changes_s: float
    writes_s: float
    whole: Cost
    parts: Cost
    polls: float

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Costs":
        """Read what `costs.json` says of a database."""
        costs = {name: Cost(**told[name]) for name in ("idle", "account", "whole", "parts")}
        units = {name: Cost(**cost) for name, cost in told["units"].items()}
        return cls(**{**told, **costs, "units": units})


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Everything that was measured, on `machine` (with the versions) on the day `made`.

    `serve_ms_mb` is the CPU of sending a megabyte of a file by ourselves, `handoff_ms_mb` by nginx, None
    where there was none. `waiter_kib` is the memory of one caller that waits, `process_mib` that of a server,
    `connections` how many it had at PostgreSQL while it was busy.
    """

    made: str
    machine: str
    sqlite: Costs
    postgresql: Costs
    serve_ms_mb: float
    handoff_ms_mb: float | None
    waiter_kib: float
    process_mib: float
    connections: int

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Measured":
        """Read what was written to `costs.json`."""
        databases = {name: Costs.of(told[name]) for name in ("sqlite", "postgresql")}
        return cls(**{**told, **databases})
