"""Fetching over connections that break: what is resumed, what begins again, what ends in its own word."""

import re
import socket
import tracemalloc
from collections.abc import Callable
from contextlib import closing

import pytest

from connector.domain.sources import OPEN_TERMS, SourceTerms
from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError, Problem
from connector.media.refusals import UNPACK_IT
from connector.media.source import MAX_DROPS, MAX_RESTARTS, PHOTO_CAP, VIDEO_CAP, Cap, Fetched, fetch
from connector.net import Egress, Timeout
from tests.integration.media.scripted_server import (
    Script,
    ScriptedServer,
    answer,
    hangs_up_after,
    says,
    talking,
)

DATA = bytes(range(256)) * 20_000
OTHER = bytes(reversed(range(256))) * 20_000
HALF = len(DATA) // 2
QUICK = Timeout(connect_s=5, idle_s=5, total_s=10)
PM3K = SourceTerms(redirects=0, photo_length=True)


class Memory:
    """A sink in memory; counts how often it began again."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.restarts = 0

    def write(self, data: memoryview) -> None:
        """Append."""
        self.data += data

    def restart(self) -> None:
        """Forget."""
        self.data.clear()
        self.restarts += 1


def first_of(head: str) -> int:
    """Return the byte that a request begins at."""
    found = re.search(r"^Range: bytes=(\d+)-\r$", head, re.MULTILINE)
    return int(found[1]) if found else 0


def whole(data: bytes, **headers: str) -> bytes:
    """Spell a 200."""
    return answer("200 OK", data, **headers)


def part(data: bytes, first: int, **headers: str) -> bytes:
    """Spell a 206 from byte `first` to the end."""
    told = f"bytes {first}-{len(data) - 1}/{len(data)}"
    return answer("206 Partial Content", data[first:], Content_Range=told, **headers)


def cutting(data: bytes, after: int, times: int, **headers: str) -> Script:
    """Build a source with ranges that breaks off `times` times, each time after `after` bytes of body."""
    left = [times]

    def script(connection: socket.socket, head: str) -> bool:
        first = first_of(head)
        reply = part(data, first, **headers) if first else whole(data, **headers)
        body = reply.index(b"\r\n\r\n") + 4
        if left[0] == 0:
            connection.sendall(reply)
            return True
        left[0] -= 1
        connection.sendall(reply[: body + after])
        return False

    return script


def changing(*replies: Callable[[int], bytes]) -> Script:
    """Build a source whose n-th answer is made by the n-th of `replies` from the byte asked for, and ends."""
    remaining = list(replies)

    def script(connection: socket.socket, head: str) -> bool:
        make = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        connection.sendall(make(first_of(head)))
        return False

    return script


def half(reply: bytes) -> bytes:
    """Cut an answer in the middle of its body."""
    body = reply.index(b"\r\n\r\n") + 4
    return reply[: body + (len(reply) - body) // 2]


def taken(script: Script, sink: Memory, cap: Cap = VIDEO_CAP) -> tuple[Fetched, ScriptedServer]:
    """Fetch from a source into `sink`."""
    with talking(script) as (server, egress):
        return fetch(egress, server.url("/clip.mp4"), sink, cap=cap, timeout=QUICK), server


def refused(script: Script, cap: Cap = VIDEO_CAP, terms: SourceTerms = OPEN_TERMS) -> Problem:
    """Fetch from a source that must be refused."""
    with talking(script) as (server, egress), pytest.raises(PostrailError) as caught:
        fetch(egress, server.url("/clip.mp4"), Memory(), cap=cap, timeout=QUICK, terms=terms)
    return caught.value.details[0]


@pytest.mark.parametrize(
    "version",
    [
        {"ETag": '"v1"'},
        {"Last_Modified": "Thu, 19 Nov 2026 09:00:00 GMT", "Date": "Fri, 20 Nov 2026 09:00:00 GMT"},
    ],
)
def test_a_source_that_drops_is_asked_for_the_rest_of_the_same_version(version: dict[str, str]) -> None:
    sink = Memory()
    fetched, server = taken(cutting(DATA, 1_500_000, 3, **version), sink)
    assert bytes(sink.data) == DATA
    assert (fetched.drops, sink.restarts) == (3, 0)
    assert [first_of(head) for head in server.heads] == [0, 1_500_000, 3_000_000, 4_500_000]
    value = next(iter(version.values()))
    assert all(f"If-Range: {value}\r\n" in head for head in server.heads[1:])
    assert "If-Range" not in server.heads[0]


def test_what_came_before_a_cut_is_kept_to_the_byte() -> None:
    sink = Memory()
    _, server = taken(cutting(DATA, 7, 1, ETag='"v1"'), sink)
    assert [first_of(head) for head in server.heads] == [0, 7]
    assert bytes(sink.data) == DATA


def test_the_strong_etag_of_a_source_is_told() -> None:
    assert taken(says(whole(DATA, ETag='"v1"')), Memory())[0] == Fetched(etag='"v1"', drops=0)
    assert taken(says(whole(DATA, ETag='W/"v1"')), Memory())[0] == Fetched()


def test_a_source_that_never_stops_dropping_is_given_up() -> None:
    with talking(cutting(DATA, 1000, 1000, ETag='"v1"')) as (server, egress), pytest.raises(PostrailError):
        fetch(egress, server.url(), Memory(), cap=VIDEO_CAP, timeout=QUICK)
    assert len(server.heads) == MAX_DROPS + 1


def test_a_source_without_versions_begins_again_and_is_given_up() -> None:
    sink = Memory()
    with (
        talking(hangs_up_after(half(whole(DATA)))) as (server, egress),
        pytest.raises(PostrailError) as caught,
    ):
        fetch(egress, server.url(), sink, cap=VIDEO_CAP, timeout=QUICK)
    assert caught.value.details[0].problem == "source_cut"
    assert len(server.heads) == MAX_RESTARTS + 1
    assert not any("Range" in head for head in server.heads)


def test_a_source_without_ranges_begins_again() -> None:
    sink = Memory()
    replies = changing(lambda _: half(whole(DATA, ETag='"v1"')), lambda _: whole(DATA, ETag='"v1"'))
    taken(replies, sink)
    assert (bytes(sink.data), sink.restarts) == (DATA, 1)


def test_a_source_without_ranges_that_always_drops_is_a_cut_one() -> None:
    assert refused(changing(lambda _: half(whole(DATA, ETag='"v1"')))).problem == "source_cut"


EARLIER, LATER = "Thu, 19 Nov 2026 09:00:00 GMT", "Fri, 20 Nov 2026 09:00:00 GMT"
CHANGED: list[tuple[str, Callable[[int], bytes]]] = [
    ("whole", lambda _: whole(OTHER, ETag='"v2"')),
    ("shorter, 416", lambda _: answer("416 No", Content_Range="bytes */100")),
    ("other length", lambda first: part(DATA + b"more", first, ETag='"v1"')),
    ("other ETag, If-Range ignored", lambda first: part(OTHER, first, ETag='"v2"')),
    ("weak ETag", lambda first: part(OTHER, first, ETag='W/"v1"')),
    ("no ETag, other date", lambda first: part(OTHER, first, Last_Modified=LATER)),
    ("other part", lambda first: part(DATA, first - 1, ETag='"v1"')),
    ("no Content-Range", lambda _: answer("206 Partial Content", b"x")),
    ("many parts", lambda _: answer("206 Partial Content", b"x", Content_Type="multipart/byteranges")),
]


@pytest.mark.parametrize("changed", [case[1] for case in CHANGED], ids=[case[0] for case in CHANGED])
def test_a_file_that_has_changed_is_fetched_anew_and_never_mixed(changed: Callable[[int], bytes]) -> None:
    sink = Memory()
    first = half(whole(DATA, ETag='"v1"', Last_Modified=EARLIER))
    taken(changing(lambda _: first, changed, lambda _: whole(OTHER, ETag='"v2"')), sink)
    assert (bytes(sink.data), sink.restarts) == (OTHER, 1)


def test_a_file_whose_version_is_its_date_is_fetched_anew_where_the_rest_has_another_date() -> None:
    sink = Memory()
    first = half(whole(DATA, Last_Modified=EARLIER, Date=LATER))
    replies = changing(
        lambda _: first, lambda at: part(OTHER, at, Last_Modified=LATER), lambda _: whole(OTHER, ETag='"v2"')
    )
    taken(replies, sink)
    assert (bytes(sink.data), sink.restarts) == (OTHER, 1)


@pytest.mark.parametrize("told", [{}, {"ETag": '"v1"'}, {"ETag": '"v1"', "Last_Modified": LATER}])
def test_a_rest_that_names_no_other_version_is_taken(told: dict[str, str]) -> None:
    sink = Memory()
    first = half(whole(DATA, ETag='"v1"', Last_Modified=EARLIER))
    taken(changing(lambda _: first, lambda at: part(DATA, at, **told)), sink)
    assert (bytes(sink.data), sink.restarts) == (DATA, 0)


def test_a_file_that_changes_again_and_again_is_told() -> None:
    numbers = iter(range(100))
    problem = refused(changing(lambda _: half(whole(DATA, ETag=f'"v{next(numbers)}"'))))
    assert (problem.code, problem.problem) == ("fetch_error", "source_changed")


def test_a_source_that_declares_more_than_it_has_is_a_liar() -> None:
    def rest(first: int) -> bytes:
        return answer("416 Range Not Satisfiable", Content_Range=f"bytes */{first}")

    problem = refused(changing(lambda _: half(whole(DATA, ETag='"v1"')), rest))
    assert (problem.code, problem.problem) == ("fetch_error", "source_length")
    assert problem.got == "a source that says 5.1 MB and has 2.6 MB"


def test_a_part_that_is_longer_than_it_says_is_a_lie() -> None:
    def longer(first: int) -> bytes:
        told = f"bytes {first}-{len(DATA) - 1}/{len(DATA)}"
        return answer("206 Partial Content", DATA[first:] + b"more", Content_Range=told)

    assert refused(changing(lambda _: half(whole(DATA, ETag='"v1"')), longer)).problem == "source_length"


def test_what_follows_the_declared_length_is_no_part_of_the_file_and_of_no_answer() -> None:
    trap = whole(b"<html>trap</html>")
    with talking(says(whole(DATA) + trap, whole(OTHER))) as (server, egress):
        first, second = Memory(), Memory()
        for sink in (first, second):
            fetch(egress, server.url(), sink, cap=VIDEO_CAP, timeout=QUICK)
    assert (bytes(first.data), bytes(second.data)) == (DATA, OTHER)


@pytest.mark.parametrize("length", ["nonsense", "-5", "0x5"])
def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\nhello" % length.encode()
    assert refused(hangs_up_after(reply)).problem == "source_length"


def test_an_answer_with_two_lengths_is_none() -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nhello"
    assert refused(hangs_up_after(reply)).problem == "source_cut"


def test_a_rest_that_is_packed_is_refused() -> None:
    def packed(first: int) -> bytes:
        return part(DATA, first, ETag='"v1"', Content_Encoding="gzip")

    problem = refused(changing(lambda _: half(whole(DATA, ETag='"v1"')), packed))
    assert (problem.problem, problem.fix) == ("content_encoded", UNPACK_IT)


def test_a_source_that_fails_while_it_is_resumed_is_told_as_that() -> None:
    down = changing(lambda _: half(whole(DATA, ETag='"v1"')), lambda _: answer("503 Down"))
    assert refused(down).problem == "source_5xx"


def test_the_cap_holds_over_all_parts_together() -> None:
    cap = Cap(len(DATA) - 1, "too_large")
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
        len(DATA),
        DATA,
    )
    assert refused(says(chunked), cap).code == "too_large"


def test_no_header_of_a_hop_tells_where_the_request_came_from_or_who_sent_it() -> None:
    hops = [
        answer("302 Found", Location="/b?key=1", Set_Cookie="a=b"),
        answer("401 No", WWW_Authenticate="Basic"),
    ]
    with talking(says(*hops)) as (server, egress), pytest.raises(PostrailError):
        fetch(egress, server.url("/a?secret=1"), Memory(), cap=VIDEO_CAP, timeout=QUICK)
    allowed = {"host", "user-agent", "accept", "accept-encoding"}
    for head in server.heads:
        names = {line.partition(":")[0].lower() for line in head.split("\r\n")[1:] if line}
        assert names == allowed
    assert len(server.heads) == 2


def test_no_redirect_is_followed_where_the_terms_forbid_it() -> None:
    problem = refused(says(answer("302 Found", Location="/clip.mp4?again")), terms=PM3K)
    assert (problem.code, problem.problem) == ("redirect_not_allowed", "redirect")


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\n\r\nhello"


@pytest.mark.parametrize("reply", [CHUNKED, ENDLESS])
def test_a_photo_needs_a_length_where_the_terms_ask_for_it(reply: bytes) -> None:
    problem = refused(hangs_up_after(reply), PHOTO_CAP, PM3K)
    assert (problem.code, problem.problem) == ("content_length_required", "content_length_required")


@pytest.mark.parametrize("reply", [CHUNKED, ENDLESS])
def test_a_video_needs_no_length(reply: bytes) -> None:
    sink = Memory()
    with talking(hangs_up_after(reply)) as (server, egress):
        fetch(egress, server.url(), sink, cap=VIDEO_CAP, timeout=QUICK, terms=PM3K)
    assert bytes(sink.data) == b"hello"


def test_a_share_page_is_refused_before_anybody_is_asked() -> None:
    with (
        closing(Egress(trusted=frozenset(), clock=SystemClock())) as egress,
        pytest.raises(PostrailError) as caught,
    ):
        fetch(egress, "https://photos.app.goo.gl/abc", Memory(), cap=PHOTO_CAP, timeout=QUICK)
    assert caught.value.code == "share_page_not_media"
    assert "Google Photos" in caught.value.details[0].got


def test_memory_stays_flat_however_large_the_file() -> None:
    piece, count = bytes(1_000_000), 96

    class Counting(Memory):
        """A sink that keeps the size alone."""

        size = 0

        def write(self, data: memoryview) -> None:
            """Count."""
            self.size += len(data)

    def script(connection: socket.socket, _head: str) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(piece) * count))
        for _ in range(count):
            connection.sendall(piece)
        return False

    sink = Counting()
    with talking(script) as (server, egress):
        tracemalloc.start()
        try:
            fetch(egress, server.url(), sink, cap=VIDEO_CAP, timeout=QUICK)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert sink.size == len(piece) * count
    assert peak < 8 * 1024 * 1024
