"""One day of posts, drawn from a seed and counted by the minute. Pure.

The day is one of many alike: what reaches beyond its midnight is counted in its own first hours.
"""

import math
import random  # noqa: TID251 - draws of a simulation, from a seed that is an argument
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.capacity.assumptions import Assumptions
from connector.domain.renewal import RENEW_AFTER
from connector.domain.retry import look_again
from connector.engine.budget import INIT, MINUTE_MS, Budget

MINUTES, DAY_S = 1_440, 86_400
TOKEN_LIFE_S = 86_400
"""An access token lives 24 hours (TikTok's page on managing user access tokens)."""

MOST_MB = 4_000.0
KINDS = (
    "posts",
    "videos",
    "photos",
    "sends",
    "polls",
    "looks",
    "requests",
    "webhooks",
    "refreshes",
    "waiter_s",
    "ingest_mb",
    "upload_mb",
    "pull_mb",
    "uploads",
    "pulls",
)
"""What is counted. `videos` and `photos` are files fetched, `sends` attempts, `looks` claims, `requests`
those of callers that wait, `uploads` videos sent, `pulls` requests of TikTok's for a file."""


@dataclass(frozen=True, kw_only=True)
class Day:
    """What a day of `accounts` brought: `load` is by kind, a figure for each minute.

    `active` accounts posted. Of all posts `published` were, and `refused` were those beyond what TikTok takes
    of one creator a day. `slot_waits` posts waited for a slot among their account's inits, the longest
    `longest_wait_s`. `busiest_inits` and `busiest_polls` are the most calls of one account in one minute.
    """

    accounts: int
    load: dict[str, tuple[float, ...]]
    active: int
    published: int
    refused: int
    slot_waits: int
    longest_wait_s: float
    busiest_inits: int
    busiest_polls: int

    def total(self, kind: str) -> float:
        """Return how many there were of a kind on the whole day."""
        return sum(self.load[kind])

    def mean(self, kind: str) -> float:
        """Return how many of a kind there are in a second, on average."""
        return self.total(kind) / DAY_S

    def peak(self, kind: str, minutes: int = 1) -> float:
        """Return how many of a kind there are in a second of its busiest `minutes`."""
        return busiest(self.load[kind], minutes) / 60


def busiest(series: Sequence[float], minutes: int) -> float:
    """Return the highest average of so many minutes in a row, the day being a circle."""
    window = sum(series[:minutes])
    most = window
    for at in range(len(series)):
        window += series[(at + minutes) % len(series)] - series[at]
        most = max(most, window)
    return most / minutes


@dataclass(frozen=True, kw_only=True)
class Task:
    """What becomes of a post at TikTok: seconds after it was sent, and whether each webhook arrives."""

    complete_s: float
    public_s: float
    hears_complete: bool
    hears_public: bool


def polls_of(task: Task) -> tuple[list[float], float]:
    """Return when TikTok is asked about a post, seconds after it was sent, and when its end is known.

    Asked at once, then as the product's own table has it while webhooks arrive; a webhook that the post is
    complete is followed by a call, one that it is public ends all.
    """
    asked, now = [0.0], 0.0
    told = task.complete_s if task.hears_complete else math.inf
    end = task.public_s if task.hears_public else math.inf
    while now < task.public_s:
        then = now + look_again(round(now * 1000), told=True) / 1000
        if now < told < then:
            then = told
        if end <= then:
            return asked, end
        asked.append(then)
        now = then
    return asked, now


def paced(arrivals: Sequence[float], budget: Budget) -> list[float]:
    """Return when each call may be made that is wanted at `arrivals` (seconds, in order), under a budget.

    The generic cell rate algorithm, as the ledger has it: `burst` at once, then one each gap.
    """
    gap, tat, given = budget.gap_ms / 1000, -math.inf, list[float]()
    for at in arrivals:
        tat = max(tat, at) + gap
        given.append(max(at, tat - budget.burst * gap))
    return given


class _Count:
    """The load as it is counted."""

    def __init__(self) -> None:
        self.load = {kind: [0.0] * MINUTES for kind in KINDS}

    def add(self, kind: str, at_s: float, amount: float = 1.0) -> None:
        self.load[kind][int(at_s // 60) % MINUTES] += amount

    def spread(self, kind: str, first_s: float, last_s: float) -> None:
        """Add the seconds from one time to another to the minutes in which they lie."""
        marks = [first_s, *(60.0 * n for n in range(int(first_s // 60) + 1, int(last_s // 60) + 1)), last_s]
        for begin, end in pairwise(marks):
            self.add(kind, begin, end - begin)


def simulate(accounts: int, given: Assumptions, seed: int) -> Day:
    """Let so many accounts post for a day, drawn from `seed`."""
    draw, count = random.Random(seed), _Count()  # noqa: S311 - no secret is drawn
    hours = _cumulated(given.hours)
    active = refused = published = slot_waits = 0
    longest, inits, polls = 0.0, 0, 0
    for number in range(accounts):
        for at in _refreshes(draw):
            count.add("refreshes", at)
        wanted = sorted(_arrival(draw, hours, given) for _ in range(_posts_of(number, draw, given)))
        taken = wanted[: given.creator_posts_day]
        active += bool(wanted)
        published += len(taken)
        refused += len(wanted) - len(taken)
        for at in wanted:
            count.add("posts", at)
        starts = paced(taken, INIT)
        waits = [start - at for start, at in zip(starts, taken, strict=True)]
        slot_waits += sum(wait > 0 for wait in waits)
        longest = max([longest, *waits])
        asked: list[float] = []
        for at, start in zip(taken, starts, strict=True):
            asked += _live(draw, count, given, at, start)
        inits, polls = max(inits, _most_in_a_minute(starts)), max(polls, _most_in_a_minute(sorted(asked)))
    return Day(
        accounts=accounts,
        load={kind: tuple(series) for kind, series in count.load.items()},
        active=active,
        published=published,
        refused=refused,
        slot_waits=slot_waits,
        longest_wait_s=longest,
        busiest_inits=inits,
        busiest_polls=polls,
    )


def _live(
    draw: random.Random, count: _Count, given: Assumptions, accepted: float, sent: float
) -> Iterable[float]:
    """Count one post's life; return when TikTok was asked about it."""
    attempts = 2 if draw.random() < given.retry_share else 1
    count.add("looks", sent)
    count.add("sends", sent, attempts)
    _move_files(draw, count, given, accepted, sent, attempts)
    asked, end = polls_of(_task(draw, given))
    for at in asked:
        count.add("polls", sent + at)
    # The first poll is made by whoever has sent the post; each later one begins with a claim.
    for at in asked[1:]:
        count.add("looks", sent + at)
    for _ in range(2):
        if draw.random() >= given.webhook_loss:
            count.add("webhooks", sent + end, 2 if draw.random() < given.webhook_repeats else 1)
    if draw.random() < given.wait_share:
        _wait(count, given, accepted, sent + end)
    return [sent + at for at in asked]


def _move_files(
    draw: random.Random, count: _Count, given: Assumptions, accepted: float, sent: float, attempts: int
) -> None:
    """Count a post's files: fetched once, then sent or pulled for each attempt."""
    if draw.random() < given.photo_share:
        size = given.photos_each * given.photo_mb
        count.add("photos", accepted, given.photos_each)
        count.add("pulls", sent, given.photos_each * attempts)
        count.add("pull_mb", sent, size * attempts)
    else:
        size = min(MOST_MB, given.video_mb_median * draw.lognormvariate(0.0, given.video_mb_spread))
        pulled = draw.random() < given.pull_share
        count.add("videos", accepted)
        count.add("pull_mb" if pulled else "upload_mb", sent, size * attempts)
        count.add("pulls" if pulled else "uploads", sent, attempts)
    count.add("ingest_mb", accepted, size)


def _task(draw: random.Random, given: Assumptions) -> Task:
    complete = given.processing_median_s * draw.lognormvariate(0.0, given.time_spread)
    usual = given.moderation_median_s * draw.lognormvariate(0.0, given.time_spread)
    return Task(
        complete_s=complete,
        public_s=complete + (given.slow_s if draw.random() < given.slow_share else usual),
        hears_complete=draw.random() >= given.webhook_loss,
        hears_public=draw.random() >= given.webhook_loss,
    )


def _wait(count: _Count, given: Assumptions, accepted: float, end: float) -> None:
    """Count a caller that waits for a post's end, one request after the other."""
    last = min(end, accepted + given.wait_patience_s)
    count.spread("waiter_s", accepted, last)
    at = accepted
    while at < last:
        count.add("requests", at)
        at += given.wait_request_s


def _posts_of(number: int, draw: random.Random, given: Assumptions) -> int:
    """Return how many posts an account makes today; every so many accounts one is a heavy one."""
    heavy = int((number + 1) * given.heavy_share) > int(number * given.heavy_share)
    return _poisson(draw, given.heavy_posts_day if heavy else given.light_posts_day)


def _poisson(draw: random.Random, mean: float) -> int:
    """Draw from a Poisson distribution (Knuth's way: its mean is small)."""
    bound, product, count = math.exp(-mean), draw.random(), 0
    while product > bound:
        product *= draw.random()
        count += 1
    return count


def _cumulated(weights: Sequence[float]) -> tuple[float, ...]:
    total, sums, so_far = sum(weights), list[float](), 0.0
    for weight in weights:
        so_far += weight
        sums.append(so_far / total)
    return tuple(sums)


def _arrival(draw: random.Random, hours: Sequence[float], given: Assumptions) -> float:
    """Return the second of the day at which a post comes."""
    point = draw.random()
    hour = next((at for at, share in enumerate(hours) if point < share), len(hours) - 1)
    width = 60 if draw.random() < given.full_hour_share else 3_600
    return hour * 3_600 + draw.random() * width


def _refreshes(draw: random.Random) -> Iterator[float]:
    """Yield when an account's tokens are renewed today."""
    every = TOKEN_LIFE_S * RENEW_AFTER
    at = draw.random() * every
    while at < DAY_S:
        yield at
        at += every


def _most_in_a_minute(times: Sequence[float]) -> int:
    """Return the most of `times` (seconds, in order) within one sliding minute."""
    most = first = 0
    for at, time in enumerate(times):
        while time - times[first] >= MINUTE_MS / 1000:
            first += 1
        most = max(most, at - first + 1)
    return most
