"""A photo where a video belongs, and the other way round: the cure is the other operation, not an export."""

from collections.abc import Callable
from pathlib import Path

import pytest

from connector.kernel.errors import PostrailError, Problem
from connector.media.prepare import prepare
from connector.media.probe import probe_photo, probe_video
from tests.media_samples import make_photo, make_video


def refusal(probe: Callable[[Path], object], path: Path) -> Problem:
    """Return the problem that a file is refused with."""
    with pytest.raises(PostrailError) as caught:
        probe(path)
    return caught.value.details[0]


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.webm"])
def test_a_video_among_the_photos_is_posted_by_post_video(tmp_path: Path, name: str) -> None:
    make_video(tmp_path / name, seconds=1, width=360, height=640, fps=25)
    problem = refusal(probe_photo, tmp_path / name)
    assert (problem.code, problem.fix) == ("unsupported_image_type", "post it by post_video")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_photo_as_a_video_is_posted_by_post_photos(tmp_path: Path, form: str) -> None:
    problem = refusal(probe_video, make_photo(tmp_path / "one", form, (300, 400)))
    assert (problem.code, problem.fix) == ("unsupported_video_type", "post it by post_photos")


def test_a_picture_that_no_post_takes_is_saved_as_jpeg_first(tmp_path: Path) -> None:
    problem = refusal(probe_video, make_photo(tmp_path / "one.bmp", "BMP", (300, 400)))
    assert problem.fix == "export it as JPEG and post it by post_photos"


def test_a_video_that_no_post_takes_is_exported_as_mp4_first(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    path.write_bytes(b"RIFF....AVI LIST")
    assert refusal(probe_photo, path).fix == "export it as MP4 with H.264 and post it by post_video"


@pytest.mark.parametrize(
    ("probe", "fix"), [(probe_photo, "export it as JPEG"), (probe_video, "export it as MP4 with H.264")]
)
def test_what_is_neither_is_exported(tmp_path: Path, probe: Callable[[Path], object], fix: str) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7")
    assert refusal(probe, path).fix == fix


@pytest.mark.parametrize("keep", [0.5, 0.99])
def test_a_webp_picture_that_was_cut_is_to_be_sent_whole(tmp_path: Path, keep: float) -> None:
    data = make_photo(tmp_path / "one", "WEBP", (300, 400)).read_bytes()
    first = int(len(data) * keep)
    (tmp_path / "cut").write_bytes(data[:first])
    problem = refusal(probe_photo, tmp_path / "cut")
    assert (problem.problem, problem.code) == ("truncated", "image_convert_failed")
    assert problem.got == f"the first {first:,} bytes of a picture of {len(data):,} bytes"
    assert (problem.expected, problem.fix) == ("a whole file", "upload it to its host again")


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_photo_that_is_too_wide_and_cut_is_told_as_both(tmp_path: Path, form: str) -> None:
    data = make_photo(tmp_path / "one", form, (1300, 400)).read_bytes()
    (tmp_path / "cut").write_bytes(data[: len(data) // 2])
    with pytest.raises(PostrailError) as caught:
        prepare(tmp_path / "cut")
    assert [problem.problem for problem in caught.value.details] == ["too_wide", "image_convert_failed"]
    assert caught.value.code == "image_too_large_px"
    assert caught.value.details[1].fix.startswith("upload it to its host again")
