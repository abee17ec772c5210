"""The thread that collects media which nobody needs any more."""

import threading

from connector.engine.collect import collect
from connector.engine.library import Library
from connector.kernel.clock import Clock
from connector.kernel.log import get_log

log = get_log("worker")

EVERY_S = 3600.0


class MediaKeeper:
    """Collects every `every_s` seconds until it is stopped; any number of processes may have one."""

    def __init__(self, library: Library, clock: Clock, *, every_s: float = EVERY_S) -> None:
        self._library = library
        self._clock = clock
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="media", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, *, timeout_s: float) -> None:
        """Begin no other collection, and wait for the one in hand."""
        self._stopping.set()
        self._thread.join(timeout_s)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            try:
                done = collect(self._library, self._clock.now())
                if done.files or done.records:
                    log.info("media_collected", files=done.files, bytes=done.bytes, records=done.records)
            except Exception:
                log.exception("media_collection_failed")
            self._stopping.wait(self._every_s)
