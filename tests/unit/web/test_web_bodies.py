"""Bodies in bounded time and memory."""

import io
import socket
import threading

import pytest

from connector.kernel.clock import SystemClock
from connector.web.bodies import LONGEST_LINE, ChunkedBody, Deadlines


class Counting(io.BytesIO):
    """A source that notes the largest piece that was asked of it."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Note and read."""
        self.largest = max(self.largest, size or 0)
        return super().read(size)


def chunked(raw: bytes) -> ChunkedBody:
    """A body over these bytes."""
    return ChunkedBody(io.BytesIO(raw))


def test_chunks_are_put_together_whatever_their_sizes() -> None:
    body = chunked(b"3\r\nabc\r\n5;name=value\r\ndefgh\r\n0\r\n\r\n")
    assert (body.read(2), body.read(4), body.read(100), body.read(1)) == (b"ab", b"cdef", b"gh", b"")


def test_a_huge_chunk_costs_no_more_memory_than_is_asked_for() -> None:
    source = Counting(b"fffffffffffffff\r\n" + b"x" * 1000)
    assert ChunkedBody(source).read(10) == b"x" * 10
    assert source.largest <= 10


@pytest.mark.parametrize(
    "raw", [b"zz\r\n", b"-5\r\nabcde\r\n", b"3\r\nabcXX0\r\n", b" \r\n", b"1" * (LONGEST_LINE + 1)]
)
def test_broken_coding_is_told(raw: bytes) -> None:
    with pytest.raises(ValueError, match="chunk"):
        chunked(raw).read(100)


@pytest.mark.parametrize("raw", [b"", b"5\r\nab", b"3\r\nabc\r\n"])
def test_a_body_that_breaks_off_is_told_apart_from_its_end(raw: bytes) -> None:
    with pytest.raises(OSError, match="broke off"):
        chunked(raw).read(100)


def test_a_body_that_drips_is_cut_off_and_one_that_ended_is_not() -> None:
    deadlines = Deadlines(SystemClock(), limit_s=0.01)
    watch = threading.Thread(target=deadlines.watch)
    near, far = socket.socketpair()
    other, end = socket.socketpair()
    with near, far, other, end:
        deadlines.begin(near)
        deadlines.begin(other)
        deadlines.end(other)
        watch.start()
        near.settimeout(20)
        assert near.recv(1) == b""
        end.send(b"x")
        other.settimeout(20)
        assert other.recv(1) == b"x"
        deadlines.stop()
        watch.join(20)
