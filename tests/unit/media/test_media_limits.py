"""TikTok's and PM3K's limits on media, checked over plain values."""

from dataclasses import replace

import pytest

from connector.domain.media import (
    CONVERTED_TYPES,
    TAKEN_TYPES,
    Photo,
    Video,
    check_photo,
    check_video,
    fitting,
    shortcomings,
    video_warnings,
)

GOOD = Video(
    mime="video/mp4",
    size=1_000_000,
    codec="h264",
    width=1080,
    height=1920,
    duration_ms=5_000,
    fps=30.0,
    has_audio=True,
)
PHOTO = Photo(mime="image/jpeg", size=100_000, width=1080, height=1080)


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp8", "vp9"])
def test_the_four_codecs_are_taken(codec: str) -> None:
    assert check_video(replace(GOOD, codec=codec)) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"codec": "av1"}, "unsupported_codec"),
        ({"width": 359}, "side_out_of_range"),
        ({"height": 4097}, "side_out_of_range"),
        ({"fps": 22.9}, "frame_rate_out_of_range"),
        ({"fps": 61.0}, "frame_rate_out_of_range"),
        ({"duration_ms": 600_001}, "too_long"),
        ({"size": 4_000_000_001}, "too_large"),
    ],
)
def test_a_video_outside_a_limit_is_named_with_what_it_has(change: dict[str, object], word: str) -> None:
    (problem,) = check_video(replace(GOOD, **change))  # type: ignore[arg-type]  # a table of members
    assert problem.problem == word
    assert problem.got
    assert problem.expected
    assert problem.fix


@pytest.mark.parametrize(
    "change",
    [
        {"width": 360, "height": 4096},
        {"fps": 24000 / 1001},
        {"fps": 60.02},
        {"fps": None},
        {"duration_ms": 600_000},
        {"duration_ms": None},
        {"size": 4_000_000_000},
    ],
)
def test_a_video_at_a_limit_passes(change: dict[str, object]) -> None:
    assert check_video(replace(GOOD, **change)) == []  # type: ignore[arg-type]  # a table of members


def test_all_problems_of_a_video_are_told_at_once() -> None:
    words = [problem.problem for problem in check_video(replace(GOOD, codec="mpeg4", width=10, fps=5.0))]
    assert words == ["unsupported_codec", "side_out_of_range", "frame_rate_out_of_range"]


def test_a_photo_six_pixels_too_wide_is_told_its_size_and_the_cure() -> None:
    (problem,) = check_photo(replace(PHOTO, width=1086, height=1448))
    assert (problem.code, problem.problem) == ("image_too_large_px", "too_wide")
    assert (problem.got, problem.expected) == ("1086 x 1448 px", "at most 1080 px on either side")
    assert problem.fix == "send fit: true, or resize it to 810 x 1080 px"


def test_a_photo_that_will_be_fitted_is_not_too_large_unless_it_is_a_bomb() -> None:
    assert check_photo(replace(PHOTO, width=4000, height=3000), fit=True) == []
    (problem,) = check_photo(replace(PHOTO, width=10_000, height=6_000), fit=True)
    assert (problem.problem, problem.auto_fix) == ("too_many_pixels", None)


def test_a_photo_that_is_right_goes_byte_for_byte() -> None:
    assert shortcomings(PHOTO) == []
    assert shortcomings(replace(PHOTO, mime="image/webp")) == []
    assert shortcomings(replace(PHOTO, colours="gray")) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mime": "image/png"}, "converted from image/png to image/jpeg"),
        ({"mime": "image/heic"}, "converted from image/heic to image/jpeg"),
        ({"orientation": 6}, "turned upright"),
        ({"has_alpha": True}, "see-through parts put on white"),
        ({"is_animated": True}, "the first picture of an animation taken"),
        ({"bits": 16}, "16 bits a channel brought to 8"),
        ({"colours": "cmyk"}, "colours brought from CMYK to sRGB"),
        ({"profile": "Display P3"}, "colours brought from Display P3 to sRGB"),
    ],
)
def test_what_is_not_right_for_tiktok_is_said(change: dict[str, object], said: str) -> None:
    found = shortcomings(replace(PHOTO, **change))  # type: ignore[arg-type]  # a table of members
    assert found[-1] == said
    assert found[0] in {said, "image/jpeg encoded again as image/jpeg"}


def test_a_tall_portrait_photo_is_too_tall() -> None:
    (problem,) = check_photo(replace(PHOTO, width=1080, height=1920))
    assert problem.problem == "too_tall"


def test_all_problems_of_a_photo_are_told_at_once() -> None:
    bad = Photo(mime="image/bmp", size=20_000_001, width=2000, height=10)
    codes = [problem.code for problem in check_photo(bad)]
    assert codes == ["unsupported_image_type", "image_too_large_px", "image_too_large"]


@pytest.mark.parametrize("mime", [*TAKEN_TYPES, *CONVERTED_TYPES])
def test_a_photo_at_the_limits_passes(mime: str) -> None:
    assert check_photo(Photo(mime=mime, size=20_000_000, width=1080, height=1080)) == []


def test_a_picture_of_unread_size_is_refused_by_its_type_alone() -> None:
    (problem,) = check_photo(Photo(mime="image/tiff", size=1, width=None, height=None))
    assert problem.code == "unsupported_image_type"


def test_a_strip_still_fits_as_one_pixel() -> None:
    assert fitting(100_000, 3) == (1080, 1)


def test_only_what_is_not_nine_by_sixteen_is_warned_of() -> None:
    assert video_warnings(1080, 1920) == []
    assert "1920 x 1080" in video_warnings(1920, 1080)[0]
