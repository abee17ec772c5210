"""The SHA-256 of a file that is still being written, taken by a thread that follows its end.

The thread reads back what the system still holds in memory, so whoever writes shares no buffer with it and
never waits for it. On its way it has the system begin to bring the file to the disk, which leaves little to
be waited for at the end. A small file needs no thread.
"""

import hashlib
import os
import threading

PIECE = 1024 * 1024
"""Bytes that are hashed at once, and by which a file must have grown for its thread to be told."""

STRIDE = 32 * 1024 * 1024
"""Bytes after which the system is told to begin to bring them to the disk.

Each telling costs milliseconds, for the system looks at its lists of pages on every processor then.
"""


class Following:
    """The hash of an open file from its first byte on. Its owner tells how far the file has grown."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._hash = hashlib.sha256()
        self._hashed = self._stored = 0
        self._goal = 0
        self._is_ending = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    def grown_to(self, size: int) -> None:
        """Take note that the file has `size` bytes."""
        if size - self._goal >= PIECE:
            self._tell(size, is_ending=False)
            if self._thread is None:
                self._thread = threading.Thread(target=self._follow, name="following hash", daemon=True)
                self._thread.start()

    def result(self, size: int) -> str:
        """Return the SHA-256 of the file's first `size` bytes, which are all, in hexadecimal.

        The file may grow further. Raises OSError.
        """
        self._end(size)
        self._hash_up_to_goal(bytearray(min(PIECE, size - self._hashed)))
        if self._error is not None:
            raise self._error
        return self._hash.hexdigest()

    def abandon(self) -> None:
        """Stop following: nobody needs the hash, and the file may be closed."""
        self._end(0)

    def _end(self, goal: int) -> None:
        self._tell(goal, is_ending=True)
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _tell(self, goal: int, *, is_ending: bool) -> None:
        with self._changed:
            self._goal, self._is_ending = goal, is_ending
            self._changed.notify()

    def _follow(self) -> None:
        buffer = bytearray(PIECE)
        while not self._is_ending and self._error is None:
            with self._changed:
                self._changed.wait_for(lambda: self._is_ending or self._hashed < self._goal)
            self._hash_up_to_goal(buffer)

    def _hash_up_to_goal(self, buffer: bytearray) -> None:
        """Hash what has been written since; the goal may move meanwhile."""
        while self._error is None and (left := self._goal - self._hashed) > 0:
            try:
                self._hash_piece(memoryview(buffer)[:left])
            except OSError as error:
                self._error = error

    def _hash_piece(self, buffer: memoryview) -> None:
        count = os.preadv(self._descriptor, [buffer], self._hashed)
        if count == 0:
            raise OSError(f"the file ends before its byte {self._goal}")
        self._hash.update(buffer[:count])
        self._hashed += count
        if self._hashed - self._stored >= STRIDE:
            begin_to_store(self._descriptor, self._stored, self._hashed - self._stored)
            self._stored = self._hashed


def begin_to_store(descriptor: int, first: int, size: int) -> None:
    """Have the system begin to bring a part of a file to the disk, without waiting for it.

    Linux does so on being told that the part will not be read soon, and keeps what is not on the disk yet.
    """
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, first, size, os.POSIX_FADV_DONTNEED)
