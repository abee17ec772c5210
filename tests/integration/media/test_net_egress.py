"""Egress against real sockets: what it sends, what it reads, and what it says of each failure."""

import socket
from pathlib import Path

import pytest

from connector.domain.net import Origin
from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError
from connector.net import Broken, Egress, FileWindow, Timeout, Unsendable, Unsent
from tests.integration.media.scripted_server import (
    Script,
    ScriptedServer,
    answer,
    drips,
    falls_silent,
    hangs_up_after,
    says,
    talking,
)

SHORT = Timeout(connect_s=2, idle_s=0.2, total_s=2)


def reads_body(size: int, reply: bytes, got: list[bytes]) -> Script:
    """Build a script that reads a body of `size` bytes into `got` and answers."""

    def script(connection: socket.socket, _head: str) -> None:
        body = b""
        while len(body) < size:
            body += connection.recv(65536)
        got.append(body)
        connection.sendall(reply)

    return script


def test_a_reply_has_status_headers_in_any_case_and_body() -> None:
    with talking(says(answer("201 Created", b"made", X_Tt_Logid="7"))) as (server, egress):
        reply = egress.send("POST", server.url("/a?b=c"), headers={"X-One": "1"}, body=b"{}")
    assert (reply.status, reply.headers["x-tt-LOGID"], reply.body) == (201, "7", b"made")
    head = server.heads[0]
    assert head.startswith("POST /a?b=c HTTP/1.1\r\n")
    assert "X-One: 1\r\n" in head
    assert "Content-Length: 2\r\n" in head
    assert "Accept-Encoding: identity\r\n" in head


def test_connections_are_kept_alive() -> None:
    with talking(says(answer("200 OK", b"x"))) as (server, egress):
        for _ in range(3):
            egress.send("GET", server.url())
    assert (len(server.heads), server.connections) == (3, 1)


def test_redirects_are_answers_and_cookies_are_forgotten() -> None:
    moved = answer("302 Found", Location="/elsewhere", Set_Cookie="a=b")
    with talking(says(moved)) as (server, egress):
        assert egress.send("GET", server.url()).status == 302
        egress.send("GET", server.url())
    assert "Cookie" not in server.heads[1]


def test_a_window_of_a_file_is_sent_as_the_body(tmp_path: Path) -> None:
    file = tmp_path / "video"
    file.write_bytes(bytes(range(256)) * 4096)
    got: list[bytes] = []
    script = reads_body(500_000, answer("206 Partial Content"), got)
    with talking(script) as (server, egress):
        window = FileWindow(file, 1000, 500_000)
        reply = egress.send("PUT", server.url(), body=window, content_length=500_000)
    assert reply.status == 206
    assert got == [file.read_bytes()[1000:501_000]]
    assert "Content-Length: 500000\r\n" in server.heads[0]


def test_an_early_answer_is_read_though_the_other_side_has_hung_up(tmp_path: Path) -> None:
    file = tmp_path / "video"
    file.write_bytes(bytes(20_000_000))
    refused = answer("416 Range Not Satisfiable", b"no", Connection="close")
    with talking(hangs_up_after(refused)) as (server, egress):
        body = FileWindow(file, 0, 20_000_000)
        reply = egress.send("PUT", server.url(), body=body, content_length=20_000_000)
    assert (reply.status, reply.body) == (416, b"no")


def test_an_early_answer_is_read_though_the_other_side_reads_no_further(tmp_path: Path) -> None:
    file = tmp_path / "video"
    file.write_bytes(bytes(20_000_000))
    with talking(says(answer("416 Range Not Satisfiable"), answer("200 OK"))) as (server, egress):
        body = FileWindow(file, 0, 20_000_000)
        early = egress.send("PUT", server.url(), body=body, content_length=20_000_000)
        later = egress.send("GET", server.url("/next"))
    assert (early.status, later.status) == (416, 200)
    assert server.connections == 2


def test_a_body_without_its_length_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    file = tmp_path / "video"
    file.write_bytes(b"abc")
    with (
        talking(says(answer("200 OK"))) as (server, egress),
        pytest.raises(ValueError, match="content_length"),
    ):
        egress.send("PUT", server.url(), body=FileWindow(file, 0, 3))


def test_nobody_listening_is_unsent() -> None:
    with talking(says(answer("200 OK"))) as (server, egress):
        url = server.url()
        server.stop()
        with pytest.raises(Unsent, match="no connection"):
            egress.send("GET", url)


NO_URLS = ["ftp://example.com/a", "http://", "example.com", "http://a:99999/", "http://a b/", "http://[::1"]


@pytest.mark.parametrize("url", NO_URLS)
def test_what_is_no_url_can_never_be_sent(url: str) -> None:
    egress = Egress(trusted=frozenset(), clock=SystemClock())
    with pytest.raises(Unsendable):
        egress.send("GET", url)


def test_a_name_that_does_not_exist_is_unsent() -> None:
    egress = Egress(trusted=frozenset(), clock=SystemClock())
    with pytest.raises(Unsent, match="resolved"):
        egress.send("GET", "http://no-such-host.invalid/")


CUT_ANSWERS = [
    b"",
    b"nonsense\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Le",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nhello",
]


@pytest.mark.parametrize("data", CUT_ANSWERS)
def test_an_answer_that_breaks_off_is_broken(data: bytes) -> None:
    with talking(hangs_up_after(data)) as (server, egress), pytest.raises(Broken) as caught:
        egress.send("GET", server.url())
    assert not caught.value.timed_out


def test_silence_is_broken_by_the_idle_limit() -> None:
    with talking(falls_silent) as (server, egress), pytest.raises(Broken) as caught:
        egress.send("GET", server.url(), timeout=SHORT)
    assert caught.value.timed_out


STARTS = [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"]


@pytest.mark.parametrize("start", STARTS)
def test_dripping_is_broken_by_the_total_limit(start: bytes) -> None:
    slow = Timeout(connect_s=2, idle_s=5, total_s=0.3)
    with talking(drips(start, b"x", 0.02)) as (server, egress), pytest.raises(Broken) as caught:
        egress.send("GET", server.url(), timeout=slow)
    assert caught.value.timed_out


def test_headers_that_drip_are_broken_by_the_limit_of_the_first_byte() -> None:
    patient = Timeout(connect_s=2, idle_s=30, total_s=30, first_byte_s=0.2)
    with (
        talking(drips(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.02)) as (server, egress),
        pytest.raises(Broken) as caught,
    ):
        egress.send("GET", server.url(), timeout=patient)
    assert caught.value.timed_out


def test_an_answer_larger_than_the_limit_is_broken() -> None:
    with (
        talking(says(answer("200 OK", bytes(4 * 1024 * 1024 + 1)))) as (server, egress),
        pytest.raises(Broken, match="larger"),
    ):
        egress.send("GET", server.url())


def test_a_streamed_answer_is_read_into_one_buffer() -> None:
    body = bytes(range(256)) * 1000
    with talking(says(answer("200 OK", body))) as (server, egress):
        buffer, got = bytearray(100_000), b""
        with egress.stream("GET", server.url()) as reply:
            while count := reply.read_into(buffer):
                got += buffer[:count]
    assert got == body


def test_a_chunked_answer_is_put_together() -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with talking(says(data)) as (server, egress), egress.stream("GET", server.url()) as reply:
        assert b"".join(reply) == b"abcde"


REFUSED_HOSTS = [
    "127.0.0.1",
    "localhost",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "0.0.0.0",  # noqa: S104 - refused, not bound
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[0:0:0:0:0:ffff:7f00:1]",
    "%31%32%37.0.0.1",
    "①②⑦.0.0.1",
]


@pytest.mark.parametrize("host", REFUSED_HOSTS)
def test_a_listener_on_a_private_address_is_never_reached(host: str) -> None:
    egress = Egress(trusted=frozenset(), clock=SystemClock())
    with ScriptedServer(says(answer("200 OK"))) as server, pytest.raises((PostrailError, Unsent)):
        egress.send("GET", f"http://{host}:{server.origin.port}/", timeout=SHORT)
    assert server.connections == 0


def test_a_trusted_origin_is_trusted_by_exact_scheme_host_and_port() -> None:
    with talking(says(answer("200 OK"))) as (server, egress), ScriptedServer(says(answer("200 OK"))) as other:
        port = server.origin.port
        for url in (other.url(), f"http://localhost:{port}/", f"https://127.0.0.1:{port}/"):
            with pytest.raises(PostrailError, match="address_not_allowed"):
                egress.send("GET", url)
    assert (server.connections, other.connections) == (0, 0)


def test_a_refused_address_names_host_and_reason() -> None:
    egress = Egress(trusted=frozenset(), clock=SystemClock())
    with pytest.raises(PostrailError) as caught:
        egress.send("GET", "http://localhost:8001/")
    problem = caught.value.details[0]
    assert (caught.value.code, problem.problem) == ("address_not_allowed", "private_address")
    assert problem.got == "localhost"
    assert "POSTRAIL_TRUSTED_ORIGINS=http://localhost:8001" in problem.fix


@pytest.mark.parametrize("host", ["169.254.169.254", "0.0.0.0", "[fe80::1]", "224.0.0.1"])  # noqa: S104 - refused
def test_a_special_address_is_never_offered_to_be_trusted(host: str) -> None:
    egress = Egress(trusted=frozenset(), clock=SystemClock())
    with pytest.raises(PostrailError) as caught:
        egress.send("GET", f"http://{host}:1/")
    assert caught.value.details[0].fix == "use a public URL"


def test_credentials_in_a_url_are_refused() -> None:
    egress = Egress(trusted=frozenset({Origin("http", "127.0.0.1", 1)}), clock=SystemClock())
    with pytest.raises(PostrailError) as caught:
        egress.send("GET", "http://user:hunter2@127.0.0.1:1/")
    problem = caught.value.details[0]
    assert (problem.problem, problem.fix) == (
        "credentials_in_url",
        "take the user name and password out of the URL",
    )
    assert "does not connect" not in caught.value.message
    assert "hunter2" not in f"{caught.value.message} {problem.as_dict()}"


def test_plain_http_is_refused_where_the_operator_wants_https() -> None:
    egress = Egress(trusted=frozenset(), clock=SystemClock(), allow_http=False)
    with pytest.raises(PostrailError) as caught:
        egress.send("GET", "http://example.com/")
    assert caught.value.details[0].problem == "http_not_allowed"


@pytest.mark.parametrize("location", ["http://[", "//", "http://127.0.0.1:1/"])
def test_the_target_of_a_redirect_is_not_even_looked_at(location: str) -> None:
    with talking(says(answer("302 Found", Location=location))) as (server, egress):
        assert egress.send("GET", server.url()).headers["location"] == location


def test_the_endless_body_of_a_redirect_is_not_read() -> None:
    script = drips(b"HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\n", bytes(100_000), 0)
    with talking(script) as (server, egress), egress.stream("GET", server.url()) as reply:
        assert reply.status == 302
