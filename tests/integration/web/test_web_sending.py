"""Files sent to slow readers, over real sockets: they hold no thread of the server."""

import http.client
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from flask import Flask, Response

from connector.kernel.clock import SystemClock
from connector.web.files import FileBody, Hold, Part, Piece, Withheld
from connector.web.sender import Sender, Sending
from connector.web.serve import WebServer

LARGE = 32 * 1024 * 1024
"""Bytes that no socket takes at once."""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A large file whose every 16 bytes say where they stand."""
    made = tmp_path / "large"
    made.write_bytes(b"".join(b"%016x" % at for at in range(LARGE // 16)))
    return made


def app_with(path: Path) -> Flask:
    """An app that answers with a file, with parts of it, or with a word."""
    app = Flask("files", static_folder=None)

    @app.get("/file")
    def file() -> Response:
        length = {"Content-Length": str(path.stat().st_size)}
        body = FileBody(path.open("rb"), [Part(0, LARGE)])
        return Response(body, headers=length, direct_passthrough=True)

    @app.get("/parts")
    def parts() -> Response:
        body = FileBody(path.open("rb"), [b"[", Part(16, 16), b"|", Part(LARGE - 16, 16), b"]"])
        return Response(body, headers={"Content-Length": "35"}, direct_passthrough=True)

    @app.get("/word")
    def word() -> str:
        return "here"

    return app


@contextmanager
def serving(path: Path, *, threads: int = 1) -> Iterator[int]:
    """Serve that app; give the port."""
    server = WebServer("127.0.0.1", 0, threads=threads, stall_s=10, drain_s=5)
    port = server.bind()
    server.start(app_with(path))
    try:
        yield port
    finally:
        server.stop()


@pytest.fixture
def port(large: Path) -> Iterator[int]:
    """The port of a server with one thread."""
    with serving(large) as found:
        yield found


def begin(port: int, *, version: str = "1.1") -> socket.socket:
    """Ask for the file and read its head alone."""
    reader = socket.create_connection(("127.0.0.1", port), timeout=20)
    reader.sendall(f"GET /file HTTP/{version}\r\nHost: x\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += reader.recv(1)
    assert head.startswith(b"HTTP/1.1 200")
    return reader


def read_to_the_end(reader: socket.socket) -> int:
    """Return how many bytes come before the connection ends, in order or not."""
    got = 0
    with suppress(ConnectionError):
        while piece := reader.recv(1_000_000):
            got += len(piece)
    return got


def ask(connection: http.client.HTTPConnection, path: str) -> bytes:
    """Make one request on a connection that stays open."""
    connection.request("GET", path)
    return connection.getresponse().read()


def test_readers_that_take_nothing_leave_the_only_thread_to_others(port: int) -> None:
    readers = [begin(port) for _ in range(20)]
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as other:
        assert ask(other, "/word") == b"here"
    for reader in readers:
        reader.close()


def test_a_slow_reader_gets_every_byte_in_its_place(port: int, large: Path) -> None:
    with begin(port) as reader:
        got = bytearray()
        while len(got) < LARGE:
            got += reader.recv(1_000_000)
    assert got == large.read_bytes()


def test_a_connection_goes_on_after_a_file_was_sent_over_it(port: int, large: Path) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        assert ask(connection, "/file") == large.read_bytes()
        opened = connection.sock
        assert ask(connection, "/word") == b"here"
        assert ask(connection, "/file") == large.read_bytes()
        assert connection.sock is opened


def test_a_connection_that_was_to_end_ends_after_the_file(port: int) -> None:
    with begin(port, version="1.0") as reader:
        assert read_to_the_end(reader) == LARGE


def test_several_parts_come_in_their_order(port: int) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        assert ask(connection, "/parts") == b"[%016x|%016x]" % (1, LARGE // 16 - 1)


def test_a_file_that_became_shorter_breaks_the_connection_and_nothing_else(port: int, large: Path) -> None:
    with begin(port) as reader:
        with large.open("r+b") as file:
            file.truncate(1024 * 1024)
        assert read_to_the_end(reader) < LARGE
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as other:
        assert ask(other, "/word") == b"here"


def test_a_server_that_stops_lets_readers_end(large: Path) -> None:
    got = bytearray()
    with serving(large) as port:
        reader = begin(port)

        def read() -> None:
            while piece := reader.recv(100_000):
                got.extend(piece)

        reading = threading.Thread(target=read)
        reading.start()
    reading.join()
    reader.close()
    assert len(got) == LARGE


class OneWay:
    """A connection of which the test holds the other end."""

    def __init__(self) -> None:
        self.socket, self.reader = socket.socketpair()
        self.socket.settimeout(10)
        self.ended = threading.Event()

    def close(self) -> None:
        """Note that it was ended."""
        self.socket.close()
        self.ended.set()


def fill(connection: OneWay) -> int:
    """Send until the other end has room for nothing more; return how many bytes that took."""
    sent = 0
    with suppress(BlockingIOError):
        while True:
            sent += os.write(connection.socket.fileno(), bytes(4096))
    return sent


def never() -> None:
    """Wait in vain."""
    raise AssertionError("nobody comes so far")


def test_a_hold_that_is_passed_on_the_way_to_it_leaves_the_rest_to_the_sender(large: Path) -> None:
    connection, looks, done = OneWay(), iter([False, False, True]), threading.Event()
    hold = Hold(lambda: next(looks), never, done.set)
    parts: list[Piece] = [Part(0, LARGE - 16), hold, Part(LARGE - 16, 16)]
    sending = Sending(connection, FileBody(large.open("rb"), parts))
    with connection.reader, connection.socket:
        sending.pass_hold(stall_s=20)
        assert done.is_set()
        assert not sending.advance()
    sending.close()


def test_what_will_not_go_is_known_before_all_that_comes_before_it_has_gone(large: Path) -> None:
    connection, done = OneWay(), threading.Event()

    def look() -> bool:
        raise Withheld("void")

    hold = Hold(look, never, done.set)
    sending = Sending(connection, FileBody(large.open("rb"), [Part(0, LARGE - 16), hold]))
    with connection.reader, connection.socket:
        with pytest.raises(Withheld):
            sending.pass_hold(stall_s=20)
        sending.close()
    assert done.is_set()


def test_a_reader_that_takes_nothing_does_not_keep_a_hold_for_ever(large: Path) -> None:
    connection = OneWay()
    hold = Hold(lambda: False, never, lambda: None)
    sending = Sending(connection, FileBody(large.open("rb"), [Part(0, LARGE - 16), hold]))
    with connection.reader, connection.socket, pytest.raises(TimeoutError):
        sending.pass_hold(stall_s=1)
    sending.close()


def test_words_between_parts_wait_for_a_reader_without_holding_the_thread(large: Path) -> None:
    connection = OneWay()
    connection.socket.settimeout(0.01)
    before = fill(connection)
    sending = Sending(connection, FileBody(large.open("rb"), [b"[", Part(16, 16), b"]"]))
    assert not sending.advance()
    with connection.reader, connection.socket:
        while before:
            before -= len(connection.reader.recv(min(before, 1_000_000)))
        assert sending.advance()
        assert connection.reader.recv(100) == b"[%016x]" % 1
    sending.close()


@pytest.mark.parametrize("leaves", [False, True])
def test_a_reader_that_stalls_or_leaves_loses_its_connection(large: Path, leaves: bool) -> None:
    connection, done = OneWay(), threading.Event()
    sender = Sender(SystemClock(), lambda _: done.set(), stall_s=60 if leaves else 0)
    sender.start()
    sender.take(Sending(connection, FileBody(large.open("rb"), [Part(0, LARGE)])))
    if leaves:
        connection.reader.close()
    assert connection.ended.wait(20)
    assert not done.is_set()
    sender.end_within(0)
    sender.join()
    connection.reader.close()


def test_what_is_on_its_way_at_the_end_loses_its_connection(large: Path) -> None:
    connection = OneWay()
    sender = Sender(SystemClock(), lambda _: None)
    sender.start()
    sender.take(Sending(connection, FileBody(large.open("rb"), [Part(0, LARGE)])))
    sender.end_within(0)
    sender.join()
    assert connection.ended.is_set()
    connection.reader.close()


def test_a_server_that_was_bound_and_never_started_can_be_stopped() -> None:
    before = threading.active_count()
    server = WebServer("127.0.0.1", 0, threads=4, stall_s=10, drain_s=5)
    server.bind()
    assert threading.active_count() > before
    server.stop()
    assert threading.active_count() == before


def test_a_request_that_does_not_end_keeps_neither_a_stop_nor_the_process_waiting() -> None:
    begun, ends = threading.Event(), threading.Event()
    app = Flask("endless", static_folder=None)

    @app.get("/")
    def endless() -> str:
        begun.set()
        if not ends.wait(30):
            ends.set()
        return "late"

    before = set(threading.enumerate())
    server = WebServer("127.0.0.1", 0, threads=2, stall_s=10, drain_s=0.1)
    port = server.bind()
    server.start(app)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as reader:
        reader.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert begun.wait(20)
        server.stop()
        assert not ends.is_set()
    left = set(threading.enumerate()) - before
    ends.set()
    assert left
    assert all(thread.daemon for thread in left)
    for thread in left:
        thread.join(20)
