"""Files brought in abreast, on threads that never keep the process from ending.

The threads of a pool are joined when the interpreter ends, and a source may drip for an hour. Whoever waits
for the threads here stops waiting when the process drains; what they had not finished leaves nothing behind.
"""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

from connector.kernel.errors import PostrailError

AT_ONCE = 4
"""Files of one post that are brought in at one time."""

GRACE_S = 5.0
"""Seconds that what is under way has to end once the process drains."""

LOOK_EVERY_S = 0.2

Item = TypeVar("Item")
Result = TypeVar("Result")


def abreast(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    stopping: Callable[[], bool],
    *,
    grace_s: float = GRACE_S,
) -> list[Result]:
    """Return what `work` gives for each of `items`, in their order; `AT_ONCE` of them are worked on at once.

    Raises what `work` raises, and PostrailError `server_draining` when `stopping` and `grace_s` have come
    before the end.
    """
    jobs = [(item, Future[Result]()) for item in items]
    todo: SimpleQueue[tuple[Item, Future[Result]]] = SimpleQueue()
    for job in jobs:
        todo.put(job)
    for number in range(min(AT_ONCE, len(jobs))):
        threading.Thread(target=_work, args=(work, todo), name=f"abreast-{number}", daemon=True).start()
    _await([future for _, future in jobs], stopping, grace_s)
    return [future.result() for _, future in jobs]


def _work(work: Callable[[Item], Result], todo: "SimpleQueue[tuple[Item, Future[Result]]]") -> None:
    with suppress(Empty):
        while True:
            item, future = todo.get_nowait()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = work(item)
            except BaseException as error:  # noqa: BLE001 - whoever waits for the result gets it
                future.set_exception(error)
            else:
                future.set_result(result)


def _await(futures: "list[Future[Result]]", stopping: Callable[[], bool], grace_s: float) -> None:
    """Wait for the end of all; what has not begun when it is waited for no more never begins."""
    while wait(futures, LOOK_EVERY_S).not_done and not stopping():
        pass
    if wait(futures, grace_s).not_done:
        for future in futures:
            future.cancel()
        raise PostrailError("server_draining", "The server is shutting down; a file had not come in yet.")
