"""Lets callers wait for posts: one watcher looks at the ledger for all of them, one wake answers each.

No database connection is held by a waiter. Above `capacity` a caller is answered at once with the present
state, which is what it would get at its deadline.
"""

import threading
from collections import Counter
from collections.abc import Callable

from connector.engine.model import Post
from connector.engine.ports import Ledger
from connector.kernel.clock import Clock
from connector.kernel.log import get_log

log = get_log("engine")

LOOK_EVERY_S = 0.25
"""How often the ledger is looked at when nobody in this process has reported a change."""


class WaitRoom:
    """Where callers wait for posts to change."""

    def __init__(self, ledger: Ledger, clock: Clock, *, capacity: int) -> None:
        self._ledger = ledger
        self._clock = clock
        self._capacity = capacity
        self._changed = threading.Condition()
        self._wanted: Counter[str] = Counter()
        self._versions: dict[str, int] = {}
        self._hint = threading.Event()
        self._closed = False
        self._watcher: threading.Thread | None = None

    def notify(self) -> None:
        """Say that some post has changed, so that the watcher looks now."""
        self._hint.set()

    def close(self) -> None:
        """Answer everybody who waits with the present state, and take no more; for a draining server."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._hint.set()
        if self._watcher is not None:
            self._watcher.join(timeout=5)

    def wait(self, post: Post, done: Callable[[Post], bool], timeout_s: float) -> Post:
        """Return the post as soon as `done` holds for it, or as it stands after `timeout_s` seconds."""
        deadline = self._clock.ticks() + timeout_s
        if done(post) or timeout_s <= 0 or not self._enter(post):
            return post
        try:
            seen = post.version
            while not done(post) and self._until_newer(post.id, seen, deadline):
                seen = self._versions.get(post.id, seen)
                post = self._ledger.post(post.workspace_id, post.id) or post
        finally:
            self._leave(post.id)
        return self._ledger.post(post.workspace_id, post.id) or post

    def _enter(self, post: Post) -> bool:
        with self._changed:
            if self._closed or self._wanted.total() >= self._capacity:
                return False
            self._wanted[post.id] += 1
            self._versions.setdefault(post.id, post.version)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="waits", daemon=True)
                self._watcher.start()
        self._hint.set()
        return True

    def _leave(self, post_id: str) -> None:
        with self._changed:
            self._wanted[post_id] -= 1
            if self._wanted[post_id] <= 0:
                del self._wanted[post_id]
                self._versions.pop(post_id, None)

    def _until_newer(self, post_id: str, seen: int, deadline: float) -> bool:
        """Block until the post is newer than `seen`; False at the deadline or when the room closes."""
        with self._changed:
            while not self._closed and self._versions.get(post_id, seen) <= seen:
                left = deadline - self._clock.ticks()
                if left <= 0:
                    return False
                self._changed.wait(left)
            return not self._closed

    def _watch(self) -> None:
        while not self._closed:
            self._hint.wait(LOOK_EVERY_S if self._wanted else None)
            self._hint.clear()
            try:
                self._look()
            except Exception:
                log.exception("wait_look_failed")

    def _look(self) -> None:
        with self._changed:
            wanted = list(self._wanted)
        if not wanted:
            return
        versions = self._ledger.versions(wanted)
        with self._changed:
            news = {post_id: version for post_id, version in versions.items() if post_id in self._wanted}
            if any(version > self._versions.get(post_id, -1) for post_id, version in news.items()):
                self._versions.update(news)
                self._changed.notify_all()
