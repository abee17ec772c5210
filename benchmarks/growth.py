"""Whether a transition costs the same in a ledger of a million posts as in one of a thousand.

The million is inserted straight into the tables, each post with its content and its attempt; those that are
worked on stand scattered among them. The same worker as in `transitions.py` takes turns on both ledgers.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from benchmarks.ledgers import LATER, NAMES, POST, Databases, Ledger, databases, fill
from benchmarks.machine import load_before
from benchmarks.turns import Player, Turn, middle, ratio
from connector.store.database import Database, open_database

ROUNDS = 5
COUNT = 400
SMALL, LARGE = 1_000, 1_000_000
PIECE = 100_000
"""Posts written in one transaction."""

TEXT = """## A ledger that grows

The same worker on a ledger of {small:,} posts and on one of {large:,}, {rounds} interleaved rounds of {count}
transitions on posts scattered among them; medians, the ratios are large / small within a round. {load}
Budget: 1.3.

| database | small, 1/s | large, 1/s | time each, ratio | CPU each, small, ms | large, ms | CPU, ratio |
| --- | --- | --- | --- | --- | --- | --- |
{lines}
"""


def grow(database: Database, count: int) -> None:
    """Write `count` posts that are due in a far future, and let the database look at its statistics."""
    for first in range(1, count + 1, PIECE):
        fill(database, first, min(first + PIECE - 1, count), next_at=LATER)
    database.write(lambda conn: conn.execute(text("ANALYZE")))


def make_due(database: Database, count: int, among: int, number: int) -> None:
    """Let `count` posts be due that no round before `number` had, scattered evenly among all."""
    step = among // (count * (ROUNDS + 1)) or 1
    scattered = [number * step + each * step * (ROUNDS + 1) + 1 for each in range(count)]

    def run(conn: Connection) -> None:
        statement = text(f"UPDATE posts SET next_at = 1 WHERE id = {POST.replace('n)', ':n)')}")  # noqa: S608 - our own words
        conn.execute(statement, [{"n": each} for each in scattered])

    database.write(run)


def rounds_of(ledgers: tuple[Ledger, Ledger]) -> list[tuple[Turn, Turn]]:
    """Return the turn on the large ledger and that on the small one, of each round but the first."""
    opened = [open_database(ledger.url) for ledger in ledgers]
    sizes, found = (LARGE, SMALL), []
    for database, size in zip(opened, sizes, strict=True):
        grow(database, size)
    with (
        Player(ledgers[0], "benchmarks.stubbed", "engine_turns") as large,
        Player(ledgers[1], "benchmarks.stubbed", "engine_turns") as small,
    ):
        for number in range(ROUNDS + 1):
            make_due(opened[0], COUNT, LARGE, number)
            fill(opened[1], SMALL + number * COUNT + 1, SMALL + (number + 1) * COUNT, next_at=1)
            if number % 2:
                second = small.turn(COUNT)
            turn = large.turn(COUNT)
            if not number % 2:
                second = small.turn(COUNT)
            found.append((turn, second))
    for database in opened:
        database.close()
    return found[1:]


def measured(made: Databases) -> Iterator[str]:
    """Measure each database; yield the lines."""
    for name in NAMES:
        found = rounds_of((made.fresh(name), made.fresh(name)))
        large, small = zip(*found, strict=True)
        yield (
            f"| {name} | {middle(small, 'rate'):.0f} | {middle(large, 'rate'):.0f} "
            f"| **{1 / ratio(found, 'rate'):.2f}** | {middle(small, 'cpu_ms'):.2f} "
            f"| {middle(large, 'cpu_ms'):.2f} | **{ratio(found, 'cpu_ms'):.2f}** |"
        )


def report() -> str:
    """Return the section of the report."""
    before = load_before()
    with databases() as made:
        lines = "\n".join(measured(made))
    return TEXT.format(small=SMALL, large=LARGE, rounds=ROUNDS, count=COUNT, load=before, lines=lines)
