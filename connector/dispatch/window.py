"""The posts that have been sent to the broker and not been taken yet: never more than a few in each queue."""

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from connector.engine.model import Lease


@dataclass(frozen=True, kw_only=True)
class Dispatched:
    """A post under way: the lease whose token takes it, its queue, and when it was sent (seconds, ticks)."""

    lease: Lease
    queue: str
    at_s: float


class Window:
    """Up to `size` posts under way in each queue, from any thread."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._under_way: dict[str, Dispatched] = {}
        self._lock = threading.Lock()

    def room(self, queue: str) -> int:
        """Return how many more may be sent to a queue."""
        with self._lock:
            return max(0, self._size - sum(one.queue == queue for one in self._under_way.values()))

    def add(self, one: Dispatched) -> None:
        """Note that a post is under way, under a new lease where it was before."""
        with self._lock:
            self._under_way[one.lease.post_id] = one

    def leases(self) -> list[Lease]:
        """Return the leases of all that is under way, the longest first."""
        with self._lock:
            return [one.lease for one in self._under_way.values()]

    def remove(self, leases: Iterable[Lease]) -> list[Dispatched]:
        """Forget what has been taken; return it."""
        with self._lock:
            return [found for lease in leases if (found := self._pop(lease))]

    def _pop(self, lease: Lease) -> Dispatched | None:
        found = self._under_way.get(lease.post_id)
        return self._under_way.pop(lease.post_id) if found and found.lease == lease else None

    def pop_sent_before(self, at_s: float, queues: Collection[str]) -> Dispatched | None:
        """Take out the post that has been under way in `queues` the longest, if it was sent by `at_s`."""
        with self._lock:
            those = (one for one in self._under_way.values() if one.queue in queues)
            oldest = min(those, key=lambda one: one.at_s, default=None)
            if oldest is None or oldest.at_s > at_s:
                return None
            return self._under_way.pop(oldest.lease.post_id)

    def oldest_s(self) -> float | None:
        """Return when the one was sent that has been under way the longest (seconds, ticks)."""
        with self._lock:
            return min((one.at_s for one in self._under_way.values()), default=None)
