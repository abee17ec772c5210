"""The pulls that go on: one thread each; those that a crash cut short begin anew."""

import threading
from collections.abc import Callable
from pathlib import Path

from connector.kernel.clock import Clock
from connector.sandbox.chunks import MAX_VIDEO
from connector.sandbox.inspection import Inspection
from connector.sandbox.knobs import Knobs
from connector.sandbox.lifecycle import Lifecycle, pull_failure
from connector.sandbox.looks import MAX_PHOTO_BYTES
from connector.sandbox.pull import Limits, Puller, PullFailed, Stopped
from connector.sandbox.states import Step
from connector.sandbox.tasks import Task, Tasks

PULL_END = 3.0
"""Seconds a pull gets to notice that the world closes."""
PROGRESS_STEP = 4 * 1024 * 1024
"""Bytes of a pull between two notes of its progress."""


class Pulls:
    """Starts pulls and, at the end, stops them."""

    def __init__(
        self,
        clock: Clock,
        knobs: Knobs,
        *,
        tasks: Tasks,
        lifecycle: Lifecycle,
        inspection: Inspection,
        files_of: Callable[[Task], list[Path]],
    ) -> None:
        self._clock = clock
        self._knobs = knobs
        self._tasks = tasks
        self._lifecycle = lifecycle
        self._inspection = inspection
        self._files_of = files_of
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, task: Task) -> None:
        """Begin the pull of a task."""
        pull = threading.Thread(target=self._pull, args=(task,), name=f"pull {task.publish_id}", daemon=True)
        self._threads = [*(thread for thread in self._threads if thread.is_alive()), pull]
        pull.start()

    def stop(self) -> bool:
        """Stop all pulls; False: a server holds one, which goes on until this process ends."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=PULL_END)
        return not any(thread.is_alive() for thread in self._threads)

    def _pull(self, task: Task) -> None:
        puller = Puller(self._clock, self._stop, lambda: self._tasks.get(task.publish_id).stage == "pulling")
        try:
            self._pull_all(puller, task)
        except PullFailed:
            self._lifecycle.fail(self._tasks.get(task.publish_id), pull_failure(task))
            self._inspection.forget_files(task)
        except Stopped:
            self._inspection.forget_files(task)
        else:
            self._received(task)
        finally:
            puller.close()

    def _pull_all(self, puller: Puller, task: Task) -> None:
        behaviour = self._knobs.behaviour
        limits = Limits(
            patience=self._knobs.dial.pull_patience,
            max_bytes=MAX_PHOTO_BYTES if task.kind == "photo" else MAX_VIDEO,
            head_first=behaviour.pull_head_first,
            range_bytes=behaviour.pull_range_bytes,
        )
        before = 0
        for url, file in zip(task.urls, self._files_of(task), strict=True):
            puller.fetch(url, file, limits, _Noting(self._tasks, task.publish_id, before))
            before += file.stat().st_size
            self._tasks.set_received(task.publish_id, before)

    def _received(self, task: Task) -> None:
        if self._tasks.move(task, Step(stage="checking", at=self._clock.now())):
            self._inspection.check(self._tasks.get(task.publish_id))


class _Noting:
    """Notes a pull's progress every few megabytes."""

    def __init__(self, tasks: Tasks, publish_id: str, before: int) -> None:
        self._tasks = tasks
        self._publish_id = publish_id
        self._before = before
        self._noted = 0

    def __call__(self, got: int) -> None:
        if got - self._noted >= PROGRESS_STEP:
            self._noted = got
            self._tasks.set_received(self._publish_id, self._before + got)
