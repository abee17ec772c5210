"""TLS: the certificate is verified against the name, though the connection goes to an address."""

import socket
from contextlib import closing
from pathlib import Path

import pytest

from connector.domain.net import Origin
from connector.kernel.clock import SystemClock
from connector.net import Broken, Egress, FileWindow, Timeout, Unsent
from tests.integration.media.certificates import certified
from tests.integration.media.scripted_server import (
    ScriptedServer,
    answer,
    drips,
    falls_silent,
    says,
    talking,
)


def test_a_certificate_for_the_name_is_accepted(tmp_path: Path) -> None:
    server_tls, trust = certified(tmp_path, "localhost")
    file = tmp_path / "video"
    file.write_bytes(b"123456")
    script = says(answer("200 OK", b"safe"))
    with talking(script, host="localhost", tls=server_tls, trust=trust) as (server, egress):
        reply = egress.send("PUT", server.url(), body=FileWindow(file, 1, 3), content_length=3)
        assert (reply.status, reply.body) == (200, b"safe")


def test_a_certificate_for_another_name_is_unsent(tmp_path: Path) -> None:
    server_tls, trust = certified(tmp_path, "elsewhere.example")
    script = says(answer("200 OK"))
    with (
        talking(script, host="localhost", tls=server_tls, trust=trust) as (server, egress),
        pytest.raises(Unsent, match="TLS"),
    ):
        egress.send("GET", server.url())
    assert server.heads == []


def test_a_certificate_nobody_vouches_for_is_unsent(tmp_path: Path) -> None:
    server_tls, _ = certified(tmp_path, "localhost")
    with (
        talking(says(answer("200 OK")), host="localhost", tls=server_tls) as (server, egress),
        pytest.raises(Unsent, match="TLS"),
    ):
        egress.send("GET", server.url())
    assert server.heads == []


def test_a_peer_that_never_agrees_on_tls_is_unsent_in_time(tmp_path: Path) -> None:
    _, trust = certified(tmp_path, "localhost")
    quick = Timeout(connect_s=0.2, idle_s=0.2, total_s=1)
    with ScriptedServer(falls_silent) as server:
        origin = Origin("https", "localhost", server.origin.port)
        egress = Egress(trusted=frozenset({origin}), clock=SystemClock(), tls=trust)
        with closing(egress), pytest.raises(Unsent) as caught:
            egress.send("GET", f"{origin}/", timeout=quick)
    assert caught.value.timed_out


def test_the_total_limit_holds_under_tls(tmp_path: Path) -> None:
    server_tls, trust = certified(tmp_path, "localhost")
    slow = Timeout(connect_s=2, idle_s=5, total_s=1.5)
    script = drips(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"x", 0.02)
    with (
        talking(script, host="localhost", tls=server_tls, trust=trust) as (server, egress),
        pytest.raises(Broken) as caught,
    ):
        egress.send("GET", server.url(), timeout=slow)
    assert caught.value.timed_out


def test_an_early_answer_is_read_under_tls_when_the_other_side_reads_on(tmp_path: Path) -> None:
    server_tls, trust = certified(tmp_path, "localhost")
    file = tmp_path / "video"
    file.write_bytes(bytes(5_000_000))

    def script(connection: socket.socket, _head: str) -> None:
        connection.sendall(answer("416 Range Not Satisfiable", b"no"))
        left = 5_000_000
        while left and (data := connection.recv(65536)):
            left -= len(data)

    with talking(script, host="localhost", tls=server_tls, trust=trust) as (server, egress):
        body = FileWindow(file, 0, 5_000_000)
        reply = egress.send("PUT", server.url(), body=body, content_length=5_000_000)
    assert (reply.status, reply.body) == (416, b"no")
