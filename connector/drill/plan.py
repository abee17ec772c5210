"""What a drill does, all drawn from its seed: the posts that are sent, and the attacks. Pure."""

from dataclasses import dataclass
from typing import Literal

from connector.sandbox.lots import lot

Naive = Literal["no-gate-retry", "no-gate-park"]
Kind = Literal["video", "photo"]
Blow = Literal[
    "kill",
    "restart",
    "freeze",
    "stop_database",
    "full_disk",
    "clock",
    "wipe_broker",
    "purge_queues",
    "delete_queues",
]

LEASE_S = 3.0
"""The lease of the processes under attack: short, so that a freeze outlasts it soon."""

PULLED_VIDEOS = 3
"""One video in so many is pulled by TikTok instead of uploaded."""

TWINS, IMPATIENT = 0.2, 0.15
"""Shares of the requests that are made once more although answered, and given up on at once at first."""

AT_ONCE = 0.2
"""The share of attacks that strike a process even while it starts."""

SENT_WITHIN = 0.9
"""The share of the time in which posts are sent."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The measure of a drill.

    `seconds` is for how long posts are sent and processes attacked; `settle_s` how long, at most, everything
    may take to come to its end afterwards. `stops` are those of the database; `broker_faults` are each in its
    turn a broker that ends and comes back empty, queues that are purged, and queues that are deleted.
    """

    seed: int
    posts: int = 200
    kills: int = 20
    restarts: int = 2
    freezes: int = 4
    stops: int = 0
    broker_faults: int = 0
    full_disks: int = 2
    clock_steps: int = 0
    seconds: float = 60.0
    settle_s: float = 420.0
    servers: int = 1
    workers: int = 0
    accounts: int = 4
    clients: int = 6
    gate_mode: str = "hold"
    naive: Naive | None = None


@dataclass(frozen=True, kw_only=True)
class Order:
    """One post to be sent, `at_s` seconds after the beginning, under `key`, with a title of its own.

    `twin`: the request is made again after its answer. `impatient`: its first answer is not waited for.
    """

    number: int
    key: str
    title: str
    kind: Kind
    at_s: float
    account: int
    pulled: bool
    twin: bool
    impatient: bool


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One blow, `at_s` seconds after the beginning.

    `victim`, at least 0 and less than 1, chooses among the processes; `lasts_s` is how long a freeze, a
    stopped database or a full disk lasts, or by how many seconds the clock is moved. `at_once`: it is not
    waited for that its victim serves again after the last blow.
    """

    at_s: float
    blow: Blow
    victim: float
    lasts_s: float = 0.0
    at_once: bool = False


LASTS: dict[Blow, tuple[float, float]] = {
    "kill": (0.0, 0.0),
    "restart": (0.0, 0.0),
    "freeze": (LEASE_S + 0.5, LEASE_S + 2.5),
    "stop_database": (0.3, 2.0),
    "full_disk": (0.5, 2.5),
    "clock": (-5.0, 20.0),
    "wipe_broker": (0.3, 4.0),
    "purge_queues": (0.0, 0.0),
    "delete_queues": (0.0, 0.0),
}
"""The shortest and the longest of each blow, in seconds; a clock may be moved back too."""

BROKER_BLOWS: tuple[Blow, ...] = ("wipe_broker", "delete_queues", "purge_queues")


def orders(plan: Plan) -> tuple[Order, ...]:
    """Return the posts of a drill, by their time: half videos, half photos."""
    return tuple(_order(plan, number) for number in range(1, plan.posts + 1))


def _order(plan: Plan, number: int) -> Order:
    kind: Kind = "video" if number % 2 else "photo"
    share = (number - 1 + lot(plan.seed, "sent", number)) / plan.posts
    return Order(
        number=number,
        key=f"drill-{plan.seed}-{number}",
        title=f"drill {plan.seed} {kind} {number:05d}",
        kind=kind,
        at_s=share * plan.seconds * SENT_WITHIN,
        account=int(lot(plan.seed, "account", number) * plan.accounts),
        pulled=kind == "photo" or number // 2 % PULLED_VIDEOS == 0,
        twin=lot(plan.seed, "twin", number) < TWINS,
        impatient=lot(plan.seed, "impatient", number) < IMPATIENT,
    )


def schedule(plan: Plan) -> tuple[Attack, ...]:
    """Return the attacks of a drill, by their time: evenly spread, in an order that the seed decides."""
    counts: dict[Blow, int] = {
        "kill": plan.kills,
        "restart": plan.restarts,
        "freeze": plan.freezes,
        "stop_database": plan.stops,
        "full_disk": plan.full_disks,
        "clock": plan.clock_steps,
    }
    blows = [(blow, number) for blow, count in counts.items() for number in range(count)]
    blows += [(BROKER_BLOWS[number % len(BROKER_BLOWS)], number) for number in range(plan.broker_faults)]
    blows.sort(key=lambda one: lot(plan.seed, "order", *one))
    gap = plan.seconds / (len(blows) + 1)
    return tuple(_attack(plan.seed, blow, place, gap) for place, (blow, _) in enumerate(blows))


def _attack(seed: int, blow: Blow, place: int, gap: float) -> Attack:
    shortest, longest = LASTS[blow]
    return Attack(
        at_s=gap * (place + 0.5 + lot(seed, "at", place)),
        blow=blow,
        victim=lot(seed, "victim", place),
        lasts_s=shortest + (longest - shortest) * lot(seed, "lasts", place),
        at_once=lot(seed, "at once", place) < AT_ONCE,
    )
