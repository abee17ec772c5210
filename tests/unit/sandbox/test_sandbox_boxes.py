"""The box reader on bytes built by hand."""

import io
import struct
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.boxes import BadBoxes, Movie, read_movie
from tests.movies_made import made_movie
from tests.unit.sandbox.sandbox_helpers import box, movie


def read(data: bytes) -> Movie:
    """Read a movie from bytes."""
    return read_movie(io.BytesIO(data), len(data))


def test_reads_sides_codec_rate_and_duration() -> None:
    found = read(movie(codec=b"hvc1", width=1080, height=1920, rate=24, seconds=3))
    assert (found.track.codec, found.track.width, found.track.height) == (b"hvc1", 1080, 1920)
    assert (found.track.frame_rate, found.duration, found.brand) == (Fraction(24), Fraction(3), b"isom")


def test_a_file_without_ftyp_is_quicktime() -> None:
    assert read(movie(brand=None)).brand == b"qt  "


def test_a_64_bit_box_size_is_understood() -> None:
    plain = movie()
    large = plain[: -len(box(b"mdat"))] + struct.pack(">I4sQ", 1, b"mdat", 16 + 5) + b"bytes"
    assert read(large).track == read(plain).track


def test_a_last_box_of_size_zero_reaches_to_the_end() -> None:
    assert read(movie()[:-8] + struct.pack(">I4s", 0, b"mdat") + b"rest").track.width == 720


def test_times_of_version_one_are_64_bits_wide() -> None:
    for data in (made_movie(wide=True), made_movie(wide=True, edits=((500, 0),))):
        assert read(data).track.frame_rate == 30
    assert read(data).duration == Fraction(1, 2)


def test_a_fragmented_movie_is_added_up() -> None:
    found = read(made_movie(runs=((15, 1),), fragments=((1,) * 30, (2,) * 15)))
    assert found.duration == Fraction(5, 2)
    assert found.track.frame_rate == 24


def test_a_fragmented_movie_without_fragments_lasts_as_long_as_it_says() -> None:
    plain = made_movie(runs=(), sounds=0)
    start = plain.index(b"moov") - 4
    size = struct.unpack_from(">I", plain, start)[0]
    mvex = box(b"mvex", box(b"mehd", struct.pack(">II", 0, 10_000)))
    moov = box(b"moov", plain[start + 8 : start + size], mvex)
    assert read(plain[:start] + moov).duration == Fraction(10)


def test_the_tracks_and_their_edits_say_how_long_a_movie_is_and_not_its_clock() -> None:
    assert read(made_movie(movie_units=1)).duration == Fraction(2)
    assert read(made_movie(edits=((300, -1), (1000, 0)))).duration == Fraction(13, 10)
    assert read(made_movie(edits=((0, 15),))).duration == Fraction(3, 2)


def test_padding_behind_the_last_box_is_no_box() -> None:
    assert read(movie() + bytes(8) + b"\xff" * 100).track.width == 720


def test_media_behind_the_end_is_missing() -> None:
    for wide in (False, True):
        with pytest.raises(BadBoxes, match="ends early"):
            read(made_movie(chunk_at=1_000_000, wide=wide))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "does not begin"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "does not fit"),
        (box(b"ftyp", b"isom", bytes(4)), "no moov"),
        (movie(handler=b"soun"), "no video track"),
        (movie()[:200], "does not fit"),
        (box(b"RIFF", bytes(20)), "does not begin"),
        (movie().replace(b"stsd", b"abcd"), "no stsd"),
        (box(b"ftyp", b"isom") + box(b"moov", box(b"mvhd", bytes(3))), "too short"),
    ],
    ids=["empty", "png", "no moov", "sound only", "cut short", "riff", "no sample entry", "short header"],
)
def test_refuses_what_is_no_movie(data: bytes, why: str) -> None:
    with pytest.raises(BadBoxes, match=why):
        read(data)


@given(st.data())
def test_damaged_bytes_are_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    damaged = bytearray(movie())
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(BadBoxes):
        assert read(bytes(damaged)).track.width >= 0
