"""The thread that collects media which nobody needs any more."""

from connector.engine.collect import collect
from connector.engine.library import Library
from connector.kernel.clock import Clock
from connector.kernel.log import get_log
from connector.worker.keeper import Keeper

log = get_log("worker")

EVERY_S = 3600.0


class MediaKeeper(Keeper):
    """Collects every `every_s` seconds."""

    def __init__(self, library: Library, clock: Clock, *, every_s: float = EVERY_S) -> None:
        self._library = library
        self._clock = clock
        self._every_s = every_s
        super().__init__("media", self._collect, trouble="media_collection_failed", rest_s=every_s)

    def _collect(self) -> float:
        done = collect(self._library, self._clock.now())
        if done.files or done.records:
            log.info("media_collected", files=done.files, bytes=done.bytes, records=done.records)
        return self._every_s
