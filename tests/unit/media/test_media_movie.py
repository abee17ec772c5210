"""What the boxes and elements of a video tell, over files built by hand."""

import io
from fractions import Fraction

import pytest

from connector.domain.media import Video
from connector.kernel.errors import PostrailError
from connector.media.boxes import Unreadable
from connector.media.movie import read_movie
from connector.media.probe import look_at_video
from connector.media.webm import read_webm
from tests.movies_made import box, made_movie, made_webm


def look(data: bytes) -> Video:
    """Look at a video in memory."""
    return look_at_video(io.BytesIO(data), len(data))


def problem(data: bytes) -> str:
    """Return the word for what is wrong with a video."""
    with pytest.raises(PostrailError) as caught:
        look(data)
    return caught.value.details[0].problem


@pytest.mark.parametrize("wide", [False, True], ids=["32 bit", "64 bit"])
@pytest.mark.parametrize("index_last", [False, True], ids=["moov first", "moov last"])
def test_a_plain_movie_is_read_wherever_its_index_stands(*, wide: bool, index_last: bool) -> None:
    video = look(made_movie(wide=wide, index_last=index_last))
    assert (video.codec, video.width, video.height) == ("h264", 720, 1280)
    assert (video.duration_ms, video.fps, video.is_uneven) == (2000, 30, False)
    assert (video.audio_tracks, video.has_audio) == (1, True)


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        (b"avc1", "h264"),
        (b"avc3", "h264"),
        (b"hvc1", "hevc"),
        (b"hev1", "hevc"),
        (b"vp08", "vp8"),
        (b"vp09", "vp9"),
        (b"av01", "av1"),
        (b"mp4v", "mpeg4"),
        (b"apcn", "prores"),
        (b"encv", "encrypted"),
        (b"abcd", "abcd"),
    ],
)
def test_the_codec_is_named(codec: bytes, name: str) -> None:
    assert look(made_movie(codec=codec)).codec == name


@pytest.mark.parametrize(
    ("turn", "shown"), [(0, (720, 1280)), (90, (1280, 720)), (180, (720, 1280)), (270, (1280, 720))]
)
def test_a_turn_exchanges_the_sides_shown_and_leaves_those_stored(turn: int, shown: tuple[int, int]) -> None:
    video = look(made_movie(turn=turn))
    assert (video.rotation, (video.width, video.height), video.stored) == (turn, shown, (720, 1280))


def test_a_pixel_that_is_not_square_widens_what_is_shown() -> None:
    video = look(made_movie(width=720, height=576, pixel=(16, 15)))
    assert ((video.width, video.height), video.stored) == ((768, 576), (720, 576))


@pytest.mark.parametrize("pixel", [(0, 1), (1, 0)])
def test_a_pixel_without_a_shape_is_square(pixel: tuple[int, int]) -> None:
    assert look(made_movie(pixel=pixel)).width == 720


def test_the_mean_frame_rate_comes_from_the_samples_and_not_from_the_movies_clock() -> None:
    video = look(made_movie(runs=((30, 1001), (30, 1001)), scale=30_000, movie_scale=600, movie_units=1))
    assert video.fps == pytest.approx(29.97, abs=0.001)
    assert video.duration_ms == 2002


@pytest.mark.parametrize(
    ("runs", "uneven"),
    [
        (((100, 20), (50, 21), (100, 20)), False),
        (((100, 20), (50, 40), (100, 20)), True),
        (((100, 20), (1, 400)), False),
        (((100, 20), (3, 400)), True),
        (((1, 20),), False),
    ],
    ids=["jitter", "phone", "long last frame", "holds", "one frame"],
)
def test_a_variable_frame_rate_is_told_from_jitter(
    runs: tuple[tuple[int, int], ...], *, uneven: bool
) -> None:
    assert look(made_movie(runs=runs, scale=600)).is_uneven is uneven


@pytest.mark.parametrize(
    ("edits", "milliseconds"),
    [
        (None, 2000),
        (((500, 0),), 500),
        (((500, 0), (700, 40)), 1200),
        (((300, -1), (2000, 0)), 2300),
        (((0, 15),), 1500),
        ((), 2000),
    ],
    ids=["none", "cut", "two pieces", "pause first", "to the end", "empty"],
)
@pytest.mark.parametrize("wide", [False, True])
def test_edits_say_how_long_a_movie_is_shown(
    edits: tuple[tuple[int, int], ...] | None, milliseconds: int, *, wide: bool
) -> None:
    assert look(made_movie(edits=edits, wide=wide)).duration_ms == milliseconds


def test_fragments_are_added_to_what_the_index_holds() -> None:
    video = look(made_movie(runs=(), fragments=((1,) * 30, (1,) * 15), sounds=0))
    assert (video.duration_ms, video.fps, video.is_fragmented) == (1500, 30, True)
    video = look(made_movie(runs=((15, 1),), fragments=((1,) * 30,), sounds=0))
    assert video.duration_ms == 1500


def test_a_fragment_that_tells_no_durations_has_the_tracks_own() -> None:
    data = made_movie(runs=(), fragments=((0,),), default_duration=2, sounds=0)
    plain = box(b"trun", (0).to_bytes(4, "big"), (30).to_bytes(4, "big"))
    tfhd = box(b"tfhd", (0x020000).to_bytes(4, "big"), (1).to_bytes(4, "big"))
    video = look(data + box(b"moof", box(b"traf", tfhd, plain)))
    assert video.duration_ms == 2000
    assert video.fps == pytest.approx(15.5)


def test_media_that_lies_behind_the_end_of_the_file_is_cut_off() -> None:
    assert problem(made_movie(chunk_at=5_000_000)) == "truncated"
    assert problem(made_movie()[:-20]) == "truncated"


@pytest.mark.parametrize(
    "data",
    [
        made_movie(with_index=False),
        made_movie(picture=False),
        made_movie(scale=0, runs=()),
        made_movie().replace(b"mdia", b"xdia"),
        made_movie().replace(b"mvhd", b"xvhd"),
        made_movie(brand=b"3gp4"),
        made_movie(brand=b"M4A "),
        made_webm(picture=False),
        made_webm(doc_type=b"matroska"),
        made_webm()[:60],
        b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm",
    ],
    ids=[
        "no index",
        "sound alone",
        "no clock",
        "no media",
        "no header",
        "3gp",
        "m4a",
        "webm sound",
        "mkv",
        "cut",
        "head alone",
    ],
)
def test_what_cannot_be_read_as_a_video_is_refused(data: bytes) -> None:
    assert problem(data) in {"unsupported_video_type", "truncated"}


def test_a_webm_head_is_read() -> None:
    video = look(made_webm(seconds=12.5, rate=25, sounds=0))
    assert (video.codec, video.width, video.height, video.duration_ms, video.fps) == (
        "vp9",
        720,
        1280,
        12500,
        25,
    )
    assert not video.has_audio


def test_a_webm_may_be_shown_in_other_sides_than_it_is_stored() -> None:
    video = look(made_webm(width=720, height=576, shown=(1024, 576)))
    assert ((video.width, video.height), video.stored) == ((1024, 576), (720, 576))


@pytest.mark.parametrize(("codec", "name"), [(b"V_VP8", "vp8"), (b"V_AV1", "av1"), (b"V_THEORA", "V_THEORA")])
def test_a_webm_codec_is_named(codec: bytes, name: str) -> None:
    assert look(made_webm(codec=codec)).codec == name


def test_a_live_recording_tells_neither_duration_nor_rate() -> None:
    data = made_webm(seconds=None, rate=None)
    webm = read_webm(io.BytesIO(data), len(data))
    assert (webm.seconds, webm.rate) == (None, None)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0])
def test_a_webm_duration_that_is_no_time_is_refused(seconds: float) -> None:
    data = made_webm(seconds=seconds)
    with pytest.raises(Unreadable):
        read_webm(io.BytesIO(data), len(data))


def test_a_table_of_a_gigabyte_is_not_read() -> None:
    huge = made_movie().replace(b"\x00\x00\x00\x18stts", b"\x3f\xff\xff\xffstts")
    with pytest.raises(Unreadable, match="stts is too large"):
        read_movie(io.BytesIO(huge), len(huge))


class Counting(io.BytesIO):
    """A file that counts the bytes read of it."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read and count."""
        data = super().read(size)
        self.taken += len(data)
        return data


def test_of_a_long_file_only_headers_are_read() -> None:
    data = made_movie(index_last=True, media=bytes(3_000_000))
    file = Counting(data)
    assert look_at_video(file, len(data)).duration_ms == 2000
    assert file.taken < 20_000


def test_time_stays_exact_in_long_tables() -> None:
    data = made_movie(runs=((1, 1001),) * 20_000, scale=30_000)
    assert read_movie(io.BytesIO(data), len(data)).seconds == Fraction(20_020_000, 30_000)
