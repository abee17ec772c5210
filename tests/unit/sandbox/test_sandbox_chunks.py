"""The chunk rules as tables; the vectors are those of the reference, section 11."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.chunks import (
    MAX_CHUNK,
    MAX_VIDEO,
    MIN_CHUNK,
    BadChunk,
    Plan,
    Range,
    check_next,
    plan_of,
    progress,
    read_headers,
)
from connector.sandbox.wire import BAD_CHUNK_COUNT, BAD_CHUNK_SIZE, BAD_SOURCE_INFO, Refusal

OFFICIAL = Plan(size=50_000_123, chunk=10_000_000, count=5)


@pytest.mark.parametrize(
    ("size", "chunk", "count"),
    [
        (4_194_304, 4_194_304, 1),
        (50_000_123, 10_000_000, 5),
        (64_000_001, 10_000_000, 6),
        (158_008_374, 10_000_000, 15),
        (4_294_967_296, 10_000_000, 429),
        (64_000_000, 64_000_000, 1),
        (1, 1, 1),
        (128_000_000, 64_000_000, 2),
    ],
)
def test_accepts_the_plans_of_the_vectors(size: int, chunk: int, count: int) -> None:
    assert plan_of(size, chunk, count) == Plan(size=size, chunk=chunk, count=count)


@pytest.mark.parametrize(
    ("size", "chunk", "count", "message"),
    [
        (50_000_123, 10_000_000, 6, BAD_CHUNK_COUNT),
        (15_000_000, 10_000_000, 2, BAD_CHUNK_COUNT),
        (15_000_000, 10_000_000, 1, BAD_CHUNK_SIZE),
        (64_000_001, 64_000_000, 1, BAD_CHUNK_SIZE),
        (64_000_001, 64_000_001, 1, BAD_CHUNK_COUNT),
        (10_485_758, 5_242_879, 2, BAD_CHUNK_SIZE),
        (128_000_002, 64_000_001, 2, BAD_CHUNK_SIZE),
        (0, 0, 1, BAD_SOURCE_INFO),
        (4_294_967_297, 10_000_000, 429, BAD_SOURCE_INFO),
        (50_000_123, 10_000_000, 0, BAD_CHUNK_COUNT),
        (50_000_123, 10_000_000, 1001, BAD_CHUNK_COUNT),
        (50_000_123, 0, 5, BAD_CHUNK_SIZE),
    ],
)
def test_refuses_a_plan_that_breaks_a_rule(size: int, chunk: int, count: int, message: str) -> None:
    with pytest.raises(Refusal) as caught:
        plan_of(size, chunk, count)
    assert (caught.value.code, caught.value.status, caught.value.message) == ("invalid_params", 400, message)


@given(st.integers(1, MAX_VIDEO), st.integers(MIN_CHUNK, MAX_CHUNK))
def test_the_chunks_of_an_accepted_plan_cover_the_video_exactly_once(size: int, chunk: int) -> None:
    count = size // chunk
    if not 2 <= count <= 1000:
        return
    plan, at, chunks = plan_of(size, chunk, count), 0, 0
    while at < size:
        last = plan.last_byte_of(at)
        assert last is not None
        at, chunks = last + 1, chunks + 1
    assert (at, chunks) == (size, count)


def test_the_last_chunk_takes_the_remainder() -> None:
    assert OFFICIAL.last_byte_of(40_000_000) == 50_000_122
    assert OFFICIAL.last_byte_of(0) == 9_999_999
    assert OFFICIAL.last_byte_of(50_000_000) is None
    assert OFFICIAL.last_byte_of(5) is None


def test_reads_the_three_headers_of_a_put() -> None:
    found = read_headers("video/mp4", "10000123", "bytes 40000000-50000122/50000123")
    assert found == Range(first=40_000_000, last=50_000_122, total=50_000_123)


@pytest.mark.parametrize(
    ("content_type", "length", "content_range", "why"),
    [
        ("application/octet-stream", "10", "bytes 0-9/10", "bad_content_type"),
        (None, "10", "bytes 0-9/10", "bad_content_type"),
        ("video/mp4", "10", None, "bad_content_range"),
        ("video/mp4", "10", "bytes=0-9/10", "bad_content_range"),
        ("video/mp4", "10", "bytes 0-9/*", "bad_content_range"),
        ("video/mp4", "10", "bytes 9-0/10", "bad_content_range"),
        ("video/mp4", "10", "bytes 1-10/10", "bad_content_range"),
        ("video/mp4", "9", "bytes 0-9/10", "bad_content_length"),
        ("video/mp4", None, "bytes 0-9/10", "bad_content_length"),
    ],
)
def test_bad_headers_are_400(
    content_type: str | None, length: str | None, content_range: str | None, why: str
) -> None:
    with pytest.raises(BadChunk) as caught:
        read_headers(content_type, length, content_range)
    assert (caught.value.status, caught.value.why) == (400, why)


@pytest.mark.parametrize(
    ("received", "first", "last", "total", "status"),
    [
        (0, 0, 9_999_999, 50_000_124, 400),
        (0, 10_000_000, 19_999_999, 50_000_123, 416),
        (20_000_000, 10_000_000, 19_999_999, 50_000_123, 416),
        (50_000_123, 40_000_000, 50_000_122, 50_000_123, 416),
        (0, 0, 9_999_998, 50_000_123, 400),
        (40_000_000, 40_000_000, 49_999_999, 50_000_123, 400),
    ],
    ids=["another total", "ahead", "accepted before", "complete", "too short", "last too short"],
)
def test_a_range_that_is_not_the_next_chunk_is_refused(
    received: int, first: int, last: int, total: int, status: int
) -> None:
    with pytest.raises(BadChunk) as caught:
        check_next(OFFICIAL, received, Range(first=first, last=last, total=total))
    assert caught.value.status == status


def test_the_next_chunk_is_let_in() -> None:
    check_next(OFFICIAL, 40_000_000, Range(first=40_000_000, last=50_000_122, total=50_000_123))


def test_progress_counts_bytes() -> None:
    assert progress(10_000_000, 50_000_123) == "bytes 0-10000000/50000123"
