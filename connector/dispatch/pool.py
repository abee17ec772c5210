"""The threads in which Celery's worker runs its tasks."""

import threading
from queue import SimpleQueue
from typing import Any

from celery.concurrency.base import BasePool, apply_target

from connector.kernel.log import get_log

log = get_log("dispatch")

Job = tuple[Any, ...]


class DaemonPool(BasePool):  # type: ignore[misc] # Celery has no types
    """`limit` threads that end with the process, whatever they do: others go on with what they had in hand.

    Celery's own pool of threads would keep the process from ending until the last of them is done.
    """

    body_can_be_buffer = True
    signal_safe = False

    def on_start(self) -> None:
        """Start the threads."""
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"celery-{number}", daemon=True)
            for number in range(self.limit)
        ]
        for thread in self._threads:
            thread.start()

    def on_stop(self) -> None:
        """Wait for the work in hand."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def on_apply(
        self,
        target: object,
        args: object = None,
        kwargs: object = None,
        callback: object = None,
        accept_callback: object = None,
        **_: object,
    ) -> None:
        """Let the next thread that is free do a task."""
        self._jobs.put((target, args, kwargs, callback, accept_callback))

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                apply_target(*job)
            except Exception:
                log.exception("task_failed")
