"""The sandbox's heartbeat: settles what has fallen due and sends webhooks while nobody looks."""

import threading

from connector.kernel.log import get_log
from connector.sandbox.hooks.courier import HttpPost
from connector.sandbox.world import World

EVERY = 0.1
"""Seconds between two beats: the sandbox's clock may be moved at any time, so none is computed ahead."""

_log = get_log("sandbox")


class Beat:
    """A thread of its own; `start` it once the world is open, `stop` it before the world closes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox beat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a webhook that is on its way ends first."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        post = HttpPost()
        try:
            while not self._stop.wait(EVERY):
                self._once(post)
        finally:
            post.close()

    def _once(self, post: HttpPost) -> None:
        try:
            self._world.settle()
            while self._world.courier.deliver_due(post) and not self._stop.is_set():
                self._world.settle()
        except Exception:  # noqa: BLE001 - one bad beat must not end all webhooks
            _log.exception("beat_failed")
