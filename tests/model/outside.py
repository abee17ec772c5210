"""What happens outside of us: TikTok opens tasks, takes chunks, pulls, publishes, fails; time passes."""

from connector.engine.gate import Passage
from tests.model import product
from tests.model.checking import Move
from tests.model.product import CHUNKS
from tests.model.world import Moves, Put, Rules, Task, World, spend, with_task

OLDEST = len(product.AGES_MS) - 1


def outside(rules: Rules, world: World) -> Moves:
    """Yield every move of the world around us."""
    for number, task in enumerate(world.tasks):
        if task.at == "coming":
            yield from _arriving(world, number, task)
        elif task.at == "open":
            yield from _open(rules, world, number, task)
        elif task.at == "whole":
            yield Move(f"TikTok publishes task {number + 1}", _moved(world, number, "published"))
            yield from _fails(world, number)
    for put in world.puts:
        yield from _chunk(world, put)


def _moved(world: World, number: int, at: str) -> World:
    return with_task(world, number, world.tasks[number]._replace(at=at))


def _fails(world: World, number: int) -> Moves:
    if spent := spend(world):
        yield Move(f"TikTok fails task {number + 1}", _moved(spent, number, "failed"), is_sure=False)


def _arriving(world: World, number: int, task: Task) -> Moves:
    yield Move(f"TikTok opens task {number + 1}", with_task(world, number, task._replace(at="open")))
    if spent := spend(world):
        yield Move(f"init {number + 1} is lost on its way", _moved(spent, number, "lost"), is_sure=False)


def _open(rules: Rules, world: World, number: int, task: Task) -> Moves:
    if task.age < OLDEST and number == len(world.tasks) - 1:
        older = with_task(world, number, task._replace(age=task.age + 1))
        yield Move(f"time passes for task {number + 1}", older)
    if rules.pulls:
        yield from _pull(rules, world, number, task)
    elif task.age:
        # Not documented: TikTok may as well say nothing for ever.
        yield Move(f"TikTok gives up task {number + 1}", _moved(world, number, "failed"), is_sure=False)
    yield from _fails(world, number)


def _pull(rules: Rules, world: World, number: int, task: Task) -> Moves:
    found = product.passes(world.tries[number].state, rules.mode) if rules.gate else Passage.OPEN
    if found is Passage.OPEN:
        yield Move(f"TikTok pulls the file of task {number + 1}", _moved(world, number, "whole"))
    elif found is Passage.GONE or task.age:
        yield Move(f"TikTok cannot pull for task {number + 1}", _moved(world, number, "failed"))


def _chunk(world: World, put: Put) -> Moves:
    """A chunk arrives; one that was sent within the URL's hour may be taken behind it, or not."""
    task, name = world.tasks[put.attempt], f"chunk {put.chunk + 1} of task {put.attempt + 1}"
    arrived = world._replace(puts=world.puts - {put})
    if task.at == "open" and task.got == put.chunk and (put.in_time or not task.age):
        got = task.got + 1
        at = "whole" if got == CHUNKS else "open"
        yield Move(f"{name} arrives", with_task(arrived, put.attempt, task._replace(at=at, got=got)))
    if task.at != "open" or task.got != put.chunk or task.age:
        yield Move(f"{name} arrives for nothing", arrived)
    if spent := spend(arrived):
        yield Move(f"{name} is lost on its way", spent, is_sure=False)
