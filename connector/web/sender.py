"""Sends files to slow readers: all of them from one thread, which waits for whoever can take more.

A reader at 1 MB/s takes an hour for 4 GB. A hundred such readers cost a socket and an open file each here,
where they would cost a thread each otherwise.
"""

import math
import os
import select
import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Protocol

from connector.kernel.clock import Clock
from connector.kernel.log import get_log
from connector.web.files import FileBody, Hold, Part

log = get_log("web")

TURN = 4 * 1024 * 1024
"""Bytes that one reader gets before it is another one's turn."""

STALL_S = 60.0
"""Seconds in which a reader must take something."""

LOOK_EVERY_S = 1.0
CAPACITY = 400
"""Readers at once: each holds two file descriptors, and a process has 1024 where nobody allowed it more."""

PIPE = 4096
STALLED = "the reader takes nothing"


class Connection(Protocol):
    """What a file is sent over; its socket does not block."""

    socket: socket.socket

    def close(self) -> None:
        """End it."""


class Sending:
    """A body on its way over a connection, and how far it has come; `is_last`: nothing comes after it."""

    def __init__(self, connection: Connection, body: FileBody) -> None:
        self.connection = connection
        self.is_last = False
        self.moved_at = 0.0
        self._body = body
        self._left = [part for part in body.parts if isinstance(part, Hold) or len(part)]

    def advance(self, most: int = TURN) -> bool:
        """Send what the connection takes now, up to `most` bytes and one part; True when all of it is sent.

        Stops at a hold. Raises OSError when the connection has ended, or the file is shorter than it was.
        """
        while self._left and most > 0:
            part = self._left[0]
            if isinstance(part, Hold):
                return False
            try:
                sent = self._pass_on(part, most)
            except BlockingIOError:
                return False
            if sent == 0:
                raise ConnectionAbortedError("the file is shorter than it was")
            most -= sent
            rest = part[sent:] if isinstance(part, bytes) else part.without(sent)
            self._left[:1] = [rest] if len(rest) else []
        return not self._left

    def _pass_on(self, part: bytes | Part, most: int) -> int:
        target = self.connection.socket.fileno()
        if isinstance(part, bytes):
            # A socket with a time-out does not block, but its `send` waits for as long as the time-out says.
            return os.write(target, part)
        return os.sendfile(target, self._body.file.fileno(), part.first, min(part.size, most))

    def pass_hold(self, stall_s: float) -> None:
        """Send what comes before a hold, and wait at it, from this thread; nothing where there is none.

        What comes before may be long, so the hold is looked at on the way. Raises Withheld where the rest
        will not go, and OSError as `finish` does.
        """
        hold = next((part for part in self._left if isinstance(part, Hold)), None)
        if hold is None:
            return
        idle_s = 0.0
        while not hold.look():
            if self._left[0] is hold:
                hold.wait()
                break
            if self.advance() or self._has_room_within(LOOK_EVERY_S):
                idle_s = 0.0
                continue
            idle_s += LOOK_EVERY_S
            if idle_s >= stall_s:
                raise TimeoutError(STALLED)
        hold.close()
        self._left.remove(hold)

    def finish(self, stall_s: float) -> None:
        """Send all of it from this thread. Raises OSError as `advance` does, and where nothing moves."""
        self.pass_hold(stall_s)
        while not self.advance():
            if not self._has_room_within(stall_s):
                raise TimeoutError(STALLED)

    def _has_room_within(self, seconds: float) -> bool:
        writable = select.poll()
        writable.register(self.connection.socket, select.POLLOUT)
        return bool(writable.poll(seconds * 1000))

    def close(self) -> None:
        """Close the file."""
        self._body.close()


class Sender:
    """The thread that sends. What has been sent goes to `done`; what fails or stalls ends its connection.

    A reader must take something within `stall_s` seconds.
    """

    def __init__(self, clock: Clock, done: Callable[[Sending], None], *, stall_s: float = STALL_S) -> None:
        self._clock = clock
        self._done = done
        self._stall_s = stall_s
        self._new: SimpleQueue[Sending] = SimpleQueue()
        self._sendings: set[Sending] = set()
        self._end_at: float | None = None
        self._selector = selectors.DefaultSelector()
        self._heard, self._bell = socket.socketpair()
        for end in (self._heard, self._bell):
            end.settimeout(0)
        self._selector.register(self._heard, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)

    def start(self) -> None:
        """Send from now on."""
        self._thread.start()

    def has_room(self) -> bool:
        """Whether one more can be taken; none once the end is near."""
        return self._end_at is None and len(self._sendings) + self._new.qsize() < CAPACITY

    def take(self, sending: Sending) -> None:
        """Send this, and do not wait for it."""
        self._new.put(sending)
        self._ring()

    def end_within(self, seconds: float) -> None:
        """End once nothing is on its way, and after so many seconds whatever is."""
        self._end_at = self._clock.ticks() + seconds
        self._ring()

    def join(self) -> None:
        """Return once it has ended; what is still on its way then has lost its connection."""
        if self._thread.is_alive():
            self._thread.join()
        for end in (self._selector, self._heard, self._bell):
            end.close()

    def _ring(self) -> None:
        with suppress(BlockingIOError):  # it rings already
            self._bell.send(b"!")

    def _run(self) -> None:
        while not self._is_over():
            for key, _ in self._selector.select(LOOK_EVERY_S):
                if key.data is None:
                    self._admit()
                else:
                    self._advance(key.data)
            self._drop(late_since=self._clock.ticks() - self._stall_s)
        self._admit()
        self._drop(late_since=math.inf)

    def _is_over(self) -> bool:
        if self._end_at is None:
            return False
        return self._clock.ticks() >= self._end_at or not (self._sendings or self._new.qsize())

    def _admit(self) -> None:
        """Take on what is new."""
        with suppress(BlockingIOError):
            self._heard.recv(PIPE)
        while self._new.qsize():
            sending = self._new.get()
            sending.moved_at = self._clock.ticks()
            self._sendings.add(sending)
            self._selector.register(sending.connection.socket, selectors.EVENT_WRITE, sending)

    def _advance(self, sending: Sending) -> None:
        sending.moved_at = self._clock.ticks()
        try:
            if not sending.advance():
                return
        except OSError as error:
            log.info("sending_ended", why=str(error))
            self._forget(sending)
            sending.connection.close()
            return
        self._forget(sending)
        try:
            self._done(sending)
        except Exception:
            log.exception("sender_defect")
            sending.connection.close()

    def _drop(self, *, late_since: float) -> None:
        for sending in [found for found in self._sendings if found.moved_at < late_since]:
            log.info("sending_ended", why=STALLED)
            self._forget(sending)
            sending.connection.close()

    def _forget(self, sending: Sending) -> None:
        self._sendings.discard(sending)
        self._selector.unregister(sending.connection.socket)
        sending.close()
