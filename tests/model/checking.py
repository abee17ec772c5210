"""A small explicit-state checker: every state that can be reached, the way to a wrong one, and dead ends.

A model is a first state and a function that gives the moves out of a state. A move that is `sure` happens in
the end for as long as it stays possible; one that is not may never happen: a fault, or somebody's kindness.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

S = TypeVar("S", bound=Hashable)


class Move(NamedTuple, Generic[S]):
    """One step: what happens, and the state after it."""

    name: str
    to: S
    is_sure: bool = True


@dataclass(frozen=True)
class Story(Generic[S]):
    """How a state is reached from the first one: the names of the moves, and the state."""

    what: str
    moves: tuple[str, ...]
    state: S

    def __str__(self) -> str:
        steps = "\n".join(f"{number:3}. {name}" for number, name in enumerate(self.moves, 1))
        return f"{self.what}, after {len(self.moves)} steps:\n{steps}\n  => {self.state}"


@dataclass
class Space(Generic[S]):
    """All that was explored: each state with the move that first led to it, and the sure moves backwards."""

    came_by: dict[S, tuple[S, str] | None] = field(default_factory=dict)
    sure_from: dict[S, list[S]] = field(default_factory=lambda: defaultdict(list))
    moves: int = 0
    wrong: Story[S] | None = None

    @property
    def states(self) -> int:
        """How many states there are."""
        return len(self.came_by)

    def story(self, what: str, state: S) -> Story[S]:
        """Tell the shortest way to a state."""
        names: list[str] = []
        step = self.came_by[state]
        while step is not None:
            names.append(step[1])
            step = self.came_by[step[0]]
        return Story(what, tuple(reversed(names)), state)


def explore(
    first: S, moves_of: Callable[[S], Iterable[Move[S]]], wrong: Callable[[S], str | None]
) -> Space[S]:
    """Visit every state, nearest first, until all are known or one is `wrong`."""
    space: Space[S] = Space({first: None})
    ahead = deque([first])
    while ahead:
        state = ahead.popleft()
        if (what := wrong(state)) is not None:
            space.wrong = space.story(what, state)
            return space
        for move in moves_of(state):
            space.moves += 1
            if move.is_sure:
                space.sure_from[move.to].append(state)
            if move.to not in space.came_by:
                space.came_by[move.to] = (state, move.name)
                ahead.append(move.to)
    return space


def dead_ends(space: Space[S], is_done: Callable[[S], bool]) -> Iterator[Story[S]]:
    """Yield, nearest first, the states from which no sure moves lead to a state that is done.

    Where there is none, every run in which no move that stays possible is put off for ever ends well.
    """
    good = {state for state in space.came_by if is_done(state)}
    ahead = deque(good)
    while ahead:
        for before in space.sure_from[ahead.popleft()]:
            if before not in good:
                good.add(before)
                ahead.append(before)
    return (space.story("a dead end", state) for state in space.came_by if state not in good)
