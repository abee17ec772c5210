"""What a source's headers say: length, version, part."""

import pytest

from connector.kernel.errors import PostrailError
from connector.media.answers import Part, length_of, part_of, size_told, version_of
from connector.media.refusals import UNPACK_IT

DATE = "Fri, 20 Nov 2026 09:00:00 GMT"
YESTERDAY = "Thu, 19 Nov 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ({"Content-Length": "12"}, 12),
        ({"Content-Length": " 0 "}, 0),
        ({}, None),
        ({"Content-Length": "12", "Transfer-Encoding": "Chunked"}, None),
        ({"Transfer-Encoding": "chunked"}, None),
    ],
)
def test_a_length_is_read(headers: dict[str, str], length: int | None) -> None:
    assert length_of(headers) == length


@pytest.mark.parametrize("text", ["12, 12", "12, 34", "+12", "-1", "1e3", "0x10", "12 bytes", "٣", "9" * 19])
def test_a_length_that_is_no_number_is_a_lie(text: str) -> None:
    with pytest.raises(PostrailError) as caught:
        length_of({"Content-Length": text})
    assert caught.value.details[0].problem == "source_length"


@pytest.mark.parametrize("coding", ["gzip", "gzip, chunked", "chunked, gzip", "xchunked"])
def test_a_body_that_is_packed_for_the_way_is_refused(coding: str) -> None:
    with pytest.raises(PostrailError) as caught:
        length_of({"Transfer-Encoding": coding})
    problem = caught.value.details[0]
    assert (problem.problem, problem.fix) == ("content_encoded", UNPACK_IT)
    assert "switch compression off" in UNPACK_IT


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        ({"ETag": '"abc"'}, '"abc"'),
        ({"ETag": '""'}, '""'),
        ({"ETag": 'W/"abc"'}, None),
        ({"ETag": "abc"}, None),
        ({"ETag": '"a b"'}, None),
        ({"ETag": '"a"\r\nX: "b"'}, None),
        ({}, None),
        ({"Last-Modified": "Fri, 20 Nov 2026 08:59:59 GMT", "Date": DATE}, "Fri, 20 Nov 2026 08:59:59 GMT"),
        ({"Last-Modified": DATE, "Date": DATE}, None),
        ({"Last-Modified": DATE}, None),
        ({"Last-Modified": "yesterday", "Date": DATE}, None),
        ({"Last-Modified": "Fri, 20 Nov 2026 08:59:59 -0000", "Date": DATE}, None),
        ({"ETag": 'W/"a"', "Last-Modified": YESTERDAY, "Date": DATE}, YESTERDAY),
    ],
)
def test_a_version_is_what_if_range_may_carry(headers: dict[str, str], version: str | None) -> None:
    assert version_of(headers) == version


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("bytes 5-9/10", Part(5, 10)),
        ("bytes 5-9/*", Part(5, None)),
        ("bytes 5-8/10", None),
        ("bytes 5-9", None),
        ("5-9/10", None),
        ("bytes */10", None),
        ("", None),
    ],
)
def test_a_part_reaches_to_the_end(text: str, part: Part | None) -> None:
    assert part_of({"Content-Range": text}) == part


@pytest.mark.parametrize(("text", "size"), [("bytes */10", 10), ("bytes 1-2/10", None), ("", None)])
def test_a_refused_part_may_tell_the_size(text: str, size: int | None) -> None:
    assert size_told({"Content-Range": text}) == size
