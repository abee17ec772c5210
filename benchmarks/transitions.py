"""What a transition costs: the product's worker against a bare claim-and-commit loop on the same database.

Ours is the worker as it runs in the product, four threads and all: look for what is due, claim with a lease,
read the account and its tokens, ask TikTok (stubbed at its port: it answers at once), write the new state
under the lease with its timeline and its event, give the post back. The bare loop does the least that loses
nothing (`bare_loop.py`), in one thread on SQLite, where that is its fastest, and in four on PostgreSQL. Both
work on rows of the same table.
"""

from collections.abc import Iterator

from benchmarks.ledgers import NAMES, Databases, databases, fill
from benchmarks.machine import load_before
from benchmarks.turns import Player, Turn, middle, ratio
from connector.store.database import open_database

ROUNDS = 7
COUNT = 600
"""Transitions in a turn."""

BARE_THREADS = {"SQLite": 1, "PostgreSQL": 4}
TEXT = """## Transitions

Claim, ask (TikTok stubbed at its port), commit with timeline and event, release: the worker with four
threads, against a bare loop that claims one row and commits its new state. {rounds} interleaved rounds of
{count}, medians of the ratios within a round. {load} Budget: 0.6.

| database | ours, 1/s | bare, 1/s | ours / bare | CPU each (with the database), ours, ms | bare, ms |
| --- | --- | --- | --- | --- | --- |
{lines}
"""


def rounds_of(
    made: Databases, name: str, rounds: int = ROUNDS, count: int = COUNT
) -> list[tuple[Turn, Turn]]:
    """Return our turn and the bare one of each round but the first."""
    ledger, bare = made.fresh(name), made.fresh(name)
    mine, other = open_database(ledger.url), open_database(bare.url)
    found = []
    with (
        Player(ledger, "benchmarks.stubbed", "engine_turns") as ours,
        Player(bare, "benchmarks.bare_loop", "bare_turns", str(BARE_THREADS[name])) as theirs,
    ):
        for number in range(rounds + 1):
            first = number * count + 1
            for database in (mine, other):
                fill(database, first, first + count - 1, next_at=1)
            if number % 2:
                second = theirs.turn(count)
            turn = ours.turn(count)
            if not number % 2:
                second = theirs.turn(count)
            found.append((turn, second))
    mine.close()
    other.close()
    return found[1:]


def measured(made: Databases) -> Iterator[str]:
    """Measure each database; yield the lines."""
    for name in NAMES:
        found = rounds_of(made, name)
        mine, other = zip(*found, strict=True)
        yield (
            f"| {name} | {middle(mine, 'rate'):.0f} | {middle(other, 'rate'):.0f} "
            f"| **{ratio(found, 'rate'):.2f}** "
            f"| {middle(mine, 'cpu_ms'):.2f} | {middle(other, 'cpu_ms'):.2f} |"
        )


def report() -> str:
    """Return the section of the report."""
    before = load_before()
    with databases() as made:
        lines = "\n".join(measured(made))
    return TEXT.format(rounds=ROUNDS, count=COUNT, load=before, lines=lines)
