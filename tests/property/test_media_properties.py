"""No bytes make a reader of headers stumble: whatever comes is read or refused, and never worse."""

import io
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.kernel.errors import PostrailError
from connector.media.icc import other_profile
from connector.media.probe import Untold, look_at_photo, look_at_video
from tests.corpus import painted
from tests.corpus_photos import heic, turned
from tests.movies_made import made_movie, made_webm
from tests.pictures_made import profile

VIDEOS = (
    made_movie(),
    made_movie(wide=True, edits=((500, 0), (300, -1)), pixel=(4, 3), index_last=True),
    made_movie(runs=((5, 1),), fragments=((1,) * 5, (2,) * 5), default_duration=1),
    made_webm(frames=5, shown=(360, 640)),
    made_webm(frames=5, seconds=None),
)
PHOTOS = (
    painted("JPEG", size=(16, 16), exif=turned(6), icc_profile=profile("wide")),
    painted("PNG", "P", size=(16, 16), transparency=0, icc_profile=profile("wide"), exif=turned(3)),
    painted("WEBP", "RGBA", size=(16, 16), exif=turned(8)),
    painted("GIF", size=(16, 16), frames=3),
    painted("AVIF", "RGBA", size=(16, 16)),
    heic(size=(16, 16)),
)
HEAD = 1200
"""Bytes from the start in which most of what is read stands."""

Change = tuple[int, bytes]
CHANGES = st.lists(st.tuples(st.integers(0, HEAD), st.binary(min_size=1, max_size=8)), max_size=6)


def changed(data: bytes, changes: list[Change]) -> bytes:
    """Overwrite some bytes."""
    made = bytearray(data)
    for at, values in changes:
        place = at % len(made)
        made[place : place + len(values)] = values
    return bytes(made)


def read_or_refused(look: Callable[[io.BytesIO, int], object], data: bytes) -> None:
    """Look at bytes; a refusal says what is wrong, in words that can be shown."""
    refusals: list[PostrailError] = []
    try:
        look(io.BytesIO(data), len(data))
    except Untold:
        return
    except PostrailError as error:
        refusals.append(error)
    for problem in (problem for error in refusals for problem in error.details):
        assert problem.got.isprintable()
        assert problem.expected


@given(data=st.sampled_from(VIDEOS), changes=CHANGES, end=st.integers(0, HEAD))
def test_a_damaged_video_is_read_or_refused(data: bytes, changes: list[Change], end: int) -> None:
    damaged = changed(data, changes)
    read_or_refused(look_at_video, damaged)
    read_or_refused(look_at_video, damaged[:end])


@given(data=st.sampled_from(PHOTOS), changes=CHANGES, end=st.integers(0, HEAD))
def test_a_damaged_photo_is_read_or_refused(data: bytes, changes: list[Change], end: int) -> None:
    damaged = changed(data, changes)
    read_or_refused(look_at_photo, damaged)
    read_or_refused(look_at_photo, damaged[:end])


@given(st.binary(max_size=400))
@example(b"")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for head in (b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8X", b"GIF89a", b"BM"):
        read_or_refused(look_at_photo, head + data)
    for head in (b"", b"\0\0\0\x10ftypisom\0\0\0\0", b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"):
        read_or_refused(look_at_video, head + data)


@given(CHANGES, st.integers(0, HEAD))
def test_any_colour_profile_is_srgb_or_has_a_name(changes: list[Change], end: int) -> None:
    for data in (changed(profile("wide"), changes), profile("wide")[:end]):
        name = other_profile(data)
        assert name is None or name.isprintable()


@pytest.mark.parametrize("count", [1, 50])
def test_a_table_that_claims_more_than_it_holds_costs_nothing(count: int) -> None:
    data = made_movie(sounds=count).replace(b"stts\0\0\0\0\0\0\0\x01", b"stts\0\0\0\0\xff\xff\xff\xff")
    read_or_refused(look_at_video, data)
