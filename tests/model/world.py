"""The state of the model: one post, two owners, TikTok, the ledger, and how often what may yet go wrong.

What is decided is decided by the product's own functions and tables (`product`); what is modelled is when: a
transaction is one step, a call is several (sent, arrived, answered), and between any two steps anything else
may happen. Time is three ages of a publish task: young, past its hour, past the time to give up.
"""

from collections.abc import Iterator
from typing import NamedTuple

from connector.domain.lifecycle import State
from connector.engine.gate import GateMode
from connector.store.tables import LIVE
from tests.model.checking import Move
from tests.model.product import Try

NOBODY = -1
DONE = frozenset({State.PUBLISHED_PUBLIC, State.FAILED, State.UNCONFIRMED})
"""Published, refused, or put to a person."""


class Rules(NamedTuple):
    """How the bytes go, and which of the three guards stand."""

    pulls: bool
    mode: GateMode = GateMode.HOLD
    gate: bool = True
    fence: bool = True
    compares: bool = True


class Task(NamedTuple):
    """The same attempt at TikTok: `none`, `coming`, `lost`, `open`, `whole`, `published` or `failed`."""

    at: str = "none"
    got: int = 0
    age: int = 0


class Owner(NamedTuple):
    """A worker: at which step it stands, for which attempt, and what it knows of it."""

    at: str = "idle"
    attempt: int = NOBODY
    known: Try = Try()


class Put(NamedTuple):
    """A chunk on its way to TikTok, sent before the URL's hour was over or after."""

    attempt: int
    chunk: int
    in_time: bool


class World(NamedTuple):
    """All of it."""

    post: State = State.QUEUED
    lease: int = NOBODY
    tries: tuple[Try, ...] = ()
    tasks: tuple[Task, ...] = ()
    puts: frozenset[Put] = frozenset()
    owners: tuple[Owner, Owner] = (Owner(), Owner())
    mishaps: int = 2
    """How many things may still go wrong."""


Moves = Iterator[Move[World]]


def wrong(world: World) -> str | None:
    """Return what must never be in a state."""
    published = sum(task.at == "published" for task in world.tasks)
    if published > 1:
        return "published twice"
    if published and world.post is State.FAILED:
        return "said to have failed, and published"
    if not published and world.post is State.PUBLISHED_PUBLIC:
        return "said to be published, and is not"
    return None


def name(owner: int) -> str:
    """Return how an owner is called."""
    return "AB"[owner]


def with_owner(world: World, owner: int, then: Owner) -> World:
    """Return the state in which an owner stands elsewhere."""
    first, second = world.owners
    return world._replace(owners=(then, second) if owner == 0 else (first, then))


def with_try(world: World, number: int, then: Try) -> World:
    """Return the state in which the ledger has an attempt otherwise."""
    return world._replace(tries=(*world.tries[:number], then, *world.tries[number + 1 :]))


def with_task(world: World, number: int, then: Task) -> World:
    """Return the state in which TikTok has a task otherwise."""
    return world._replace(tasks=(*world.tasks[:number], then, *world.tasks[number + 1 :]))


def spend(world: World) -> World | None:
    """Return the state in which one more thing has gone wrong; None where nothing more may."""
    return world._replace(mishaps=world.mishaps - 1) if world.mishaps else None


def forgotten(rules: Rules, world: World) -> World:
    """Return the state without what can never matter again.

    Of an attempt that is over, while no chunk of it is on its way and no owner has it in hand, nothing can
    ever come but a failure: what TikTok holds of it is forgotten.
    """
    if rules.gate:
        for number in range(len(world.tries) - 1):
            world = _forgotten(world, number)
    return world


def in_order(world: World) -> World:
    """Return the one of two states in which the owners have merely changed places."""
    (first, second), lease = world.owners, world.lease
    if first < second or (first == second and lease != 1):
        return world
    return world._replace(owners=(second, first), lease=NOBODY if lease == NOBODY else 1 - lease)


def _forgotten(world: World, number: int) -> World:
    one, task = world.tries[number], world.tasks[number]
    in_hand = any(owner.attempt == number for owner in world.owners)
    on_its_way = any(put.attempt == number for put in world.puts)
    if (
        in_hand
        or on_its_way
        or one.state.value in LIVE
        or task.at not in {"coming", "open", "lost", "failed"}
    ):
        return world
    forgotten = with_try(world, number, Try(one.state, has_id=one.has_id))
    return with_task(forgotten, number, Task("failed"))
