"""Celery's worker inside of this process: threads that do what the messages of some queues say."""

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

from celery import Celery
from celery.bootsteps import StartStopStep
from celery.worker import WorkController, state

from connector.dispatch.ear import Ear
from connector.dispatch.pool import DaemonPool
from connector.kernel.log import get_log

log = get_log("dispatch")

HELD_BACK = 1
"""Messages that a process whose threads are all busy keeps waiting: others may have a thread for them."""

LOOK_S = 0.5
"""How soon messages are left to others once nothing can be done with them, and taken again."""


class _Link(StartStopStep):  # type: ignore[misc] # Celery has no types
    """Celery's own way to be told when the consumer has its queues, and when it has lost them."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    looks: Any = None

    def start(self, consumer: Any) -> None:  # noqa: ANN401 - the same
        """Note that messages arrive from now on, and look again and again whether they are wanted."""
        controller = consumer.controller
        self.looks = consumer.timer.call_repeatedly(LOOK_S, controller.ear.look, (consumer,))
        controller.link(True)  # noqa: FBT003 - up or down is all there is to say

    def stop(self, consumer: Any) -> None:  # noqa: ANN401 - the same
        """Note that none does."""
        if self.looks is not None:
            consumer.timer.cancel(self.looks)
        consumer.controller.link(False)  # noqa: FBT003 - the same


class _Controller(WorkController):  # type: ignore[misc] # Celery has no types
    link: Callable[[bool], None]
    ear: Ear


class Consumer:
    """Celery's worker with `threads` threads on `queues`, in a thread of its own.

    It takes no message while these are of no use here (`is_of_use`). `on_link` is called each time when the
    queues have been reached, `on_end` when it ends without having been asked to here: an operator can shut it
    down through the broker. There is one at most in a process, since Celery keeps some of its state in the
    module.
    """

    def __init__(
        self,
        app: Celery,
        *,
        queues: Sequence[str],
        threads: int,
        is_of_use: Callable[[], bool],
        on_link: Callable[[], None],
        on_end: Callable[[], None],
    ) -> None:
        self._linked = threading.Event()
        self._on_link = on_link
        self._on_end = on_end
        app.steps["consumer"].add(_Link)
        # Its threads look for their tasks there.
        app.set_default()
        self._controller = _Controller(
            app=app,
            hostname=f"postrail-{os.getpid()}@{os.uname().nodename}",
            pool=DaemonPool,
            concurrency=threads,
            queues=list(queues),
            without_mingle=True,
            without_gossip=True,
        )
        self._controller.link = self._note
        self._controller.ear = Ear(queues, is_of_use, on_link)
        self._controller.consumer.initial_prefetch_count = HELD_BACK
        self._thread = threading.Thread(target=self._run, name="celery", daemon=True)

    def _run(self) -> None:
        self._controller.start()
        if state.should_stop is None:
            log.warning("celery_ended")
            self._on_end()

    def _note(self, up: bool) -> None:  # noqa: FBT001 - up or down is all there is to say
        if not up:
            if self._linked.is_set() and state.should_stop is None:
                log.warning("broker_link_lost")
            self._linked.clear()
            return
        log.info("broker_linked", broker=self._controller.consumer.connection.as_uri())
        self._on_link()
        self._linked.set()

    def is_linked(self) -> bool:
        """Tell whether messages arrive, as far as is known."""
        return self._linked.is_set()

    def start(self) -> None:
        """Begin; where the broker cannot be reached, that is tried again and again."""
        self._thread.start()

    @property
    def has_failed(self) -> bool:
        """Whether it has ended because it could not go on: a wrong password, a right that is missing."""
        return bool(self._controller.exitcode)

    def ask_to_stop(self) -> None:
        """Take no more messages."""
        state.should_stop = 0

    def stop(self, *, timeout_s: float) -> bool:
        """Take no more messages and wait for the work in hand; False when some did not end in time."""
        self.ask_to_stop()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()
