"""Byte ranges of RFC 9110."""

import pytest

from connector.server.ranges import MOST_RANGES, Span, Unsatisfiable, parse_ranges


@pytest.mark.parametrize(
    ("header", "spans"),
    [
        (None, ()),
        ("bytes=0-0", (Span(0, 0),)),
        ("bytes=10-", (Span(10, 99),)),
        ("bytes=10-19", (Span(10, 19),)),
        ("Bytes = 10-19", (Span(10, 19),)),
        ("bytes=90-1000", (Span(90, 99),)),
        ("bytes=-10", (Span(90, 99),)),
        ("bytes=-1000", (Span(0, 99),)),
        ("bytes=20-10", ()),
        ("items=0-1", ()),
        ("bytes=-", ()),
        ("bytes=a-b", ()),
        ("bytes=1 0-19", ()),
        ("bytes=", ()),
        ("bytes=,", ()),
        ("bytes=0-1,x", ()),
        ("bytes=0-1,9-5", ()),
    ],
)
def test_a_range_is_read_or_ignored_as_the_rfc_says(header: str | None, spans: tuple[Span, ...]) -> None:
    assert parse_ranges(header, 100) == spans


@pytest.mark.parametrize(
    ("header", "spans"),
    [
        ("bytes=0-1, 5-6", (Span(0, 1), Span(5, 6))),
        ("bytes=0-1,,5-6,", (Span(0, 1), Span(5, 6))),
        ("bytes=50-59,0-9", (Span(50, 59), Span(0, 9))),
        ("bytes=0-9,10-19", (Span(0, 19),)),
        ("bytes=0-9,5-19,50-59", (Span(0, 19), Span(50, 59))),
        ("bytes=0-50,10-20", (Span(0, 50),)),
        ("bytes=0-0,-1", (Span(0, 0), Span(99, 99))),
        ("bytes=0-9,200-300", (Span(0, 9),)),
        ("bytes=0-,0-,0-,0-", (Span(0, 99),)),
    ],
)
def test_several_ranges_are_joined_where_they_meet_and_keep_their_order_where_not(
    header: str, spans: tuple[Span, ...]
) -> None:
    assert parse_ranges(header, 100) == spans


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=1000-2000", "bytes=-0", "bytes=100-,-0"])
def test_a_range_behind_the_end_is_refused(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        parse_ranges(header, 100)


@pytest.mark.parametrize(("count", "answered"), [(MOST_RANGES, MOST_RANGES), (MOST_RANGES + 1, 0)])
def test_more_ranges_than_anybody_needs_get_the_whole_file(count: int, answered: int) -> None:
    header = "bytes=" + ",".join(f"{at * 2}-{at * 2}" for at in range(count))
    assert len(parse_ranges(header, 100)) == answered
