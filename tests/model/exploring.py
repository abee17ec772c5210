"""Explores the model: all that can happen to a post while so many things may go wrong, of any kind."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from connector.engine.gate import GateMode
from tests.model.checking import Move, Space, Story, dead_ends, explore
from tests.model.outside import outside
from tests.model.owners import Owners
from tests.model.world import DONE, Rules, World, forgotten, in_order, wrong

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
"""Where the figures stand."""

EVERYDAY = [
    ("pull, `hold` or `refuse`", Rules(pulls=True), 2),
    ("pull, `tail`", Rules(pulls=True, mode=GateMode.TAIL), 2),
    ("upload in two chunks", Rules(pulls=False), 1),
]
"""What every run of the tests explores."""

AT_LENGTH = [
    ("pull, `hold` or `refuse`", Rules(pulls=True), 4),
    ("upload in two chunks", Rules(pulls=False), 2),
]
"""What the drills explore."""


def steps(rules: Rules, same: Callable[[World], World]) -> Callable[[World], Iterable[Move[World]]]:
    """Return the moves out of a state; states that `same` makes one are visited once."""
    owners = Owners(rules)

    def moves(world: World) -> Iterable[Move[World]]:
        for each in (owners.moves(world), outside(rules, world)):
            yield from (move._replace(to=same(forgotten(rules, move.to))) for move in each)

    return moves


def whole(rules: Rules, mishaps: int) -> Space[World]:
    """Visit every state."""
    return explore(World(mishaps=mishaps), steps(rules, in_order), wrong)


def stuck(space: Space[World]) -> Iterator[Story[World]]:
    """Yield the states from which a post never comes to be published, refused, or put to a person."""
    return dead_ends(space, lambda world: world.post in DONE)


def row(what: str, mishaps: int, space: Space[World]) -> str:
    """Return the line of `docs/reliability.md` about what was explored."""
    return f"| {what} | {mishaps} | {space.states:,} | {space.moves:,} |"
