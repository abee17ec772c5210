"""Whether this process takes messages: none while it could do nothing with them."""

from collections.abc import Callable, Sequence
from typing import Protocol

from connector.kernel.log import get_log

log = get_log("dispatch")


class Listener(Protocol):
    """What Celery's consumer can be told while it runs."""

    def add_task_queue(self, queue: str) -> None:
        """Take the messages of a queue."""

    def cancel_task_queue(self, queue: str) -> None:
        """Take no more of them; they are left to others."""


class Ear:
    """Listens to `queues` while `is_of_use` says so, for one thread.

    `on_listen` is called when it listens again: what came meanwhile could not be heard.
    """

    def __init__(
        self, queues: Sequence[str], is_of_use: Callable[[], bool], on_listen: Callable[[], None]
    ) -> None:
        self._queues = queues
        self._is_of_use = is_of_use
        self._on_listen = on_listen
        self._listens = True

    def look(self, listener: Listener) -> None:
        """Do as it is wanted now. Raises what Celery raises; the next look tries again."""
        is_wanted = self._is_of_use()
        if is_wanted == self._listens:
            return
        change = listener.add_task_queue if is_wanted else listener.cancel_task_queue
        for queue in self._queues:
            change(queue)
        self._listens = is_wanted
        if is_wanted:
            log.info("listens_again")
            self._on_listen()
        else:
            log.warning("listens_no_more", reason="TikTok cannot be reached from here")
