"""TikTok's chunk arithmetic: its examples, and its rules for every size."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.chunks import VIDEO_LIMIT, ChunkPlan, plan_chunks

MB = 1_000_000
MIB = 1_048_576


@pytest.mark.parametrize(
    ("total", "size", "count"),
    [
        (4_194_304, 4_194_304, 1),
        (64_000_001, 10_000_000, 6),
        (158_008_374, 10_000_000, 15),
        (4_294_967_296, 10_000_000, 429),
    ],
)
def test_the_reference_vectors(total: int, size: int, count: int) -> None:
    assert plan_chunks(total) == ChunkPlan(total=total, size=size, count=count)


def test_tiktoks_worked_example_ends_with_a_chunk_that_takes_the_remainder() -> None:
    chunks = list(ChunkPlan(total=50_000_123, size=10_000_000, count=5).chunks())
    assert (chunks[-1].first, chunks[-1].last, chunks[-1].size) == (40_000_000, 50_000_122, 10_000_123)


@given(st.integers(1, VIDEO_LIMIT))
def test_every_plan_keeps_tiktoks_rules_under_both_readings_of_mb(total: int) -> None:
    plan = plan_chunks(total)
    last = total - plan.size * (plan.count - 1)
    assert plan.count == total // plan.size
    assert 1 <= plan.count <= 1000
    assert last <= 128 * MB
    assert plan.count > 1 or plan.size == total <= 64 * MB
    assert plan.count == 1 or 5 * MIB <= plan.size <= 64 * MB


@given(st.integers(1, 500 * MB), st.integers(0, 500 * MB))
def test_the_chunks_that_remain_cover_the_rest_without_a_gap(total: int, uploaded: int) -> None:
    plan = plan_chunks(total)
    chunks = list(plan.chunks(uploaded))
    if uploaded >= total:
        assert chunks == []
        return
    assert chunks[0].first <= uploaded <= chunks[0].last
    assert all(one.last + 1 == two.first for one, two in pairwise(chunks))
    assert chunks[-1].is_final


def test_a_video_without_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one byte"):
        plan_chunks(0)
