"""What the sandbox makes of received bytes."""

from pathlib import Path
from typing import Literal

import av
import pytest

from connector.sandbox.looks import MAX_PHOTO_BYTES, look_at_photo, look_at_video
from tests.unit.sandbox.sandbox_helpers import movie, picture


def saved(folder: Path, data: bytes) -> Path:
    """Write bytes to a file without a telling name."""
    path = folder / "bytes"
    path.write_bytes(data)
    return path


def encode(path: Path, form: str, codec: Literal["libx264", "libvpx-vp9"], rate: int) -> Path:
    """Encode one second of black, 360 x 640."""
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 360, 640, "yuv420p"
        for _ in range(rate):
            frame = av.VideoFrame(360, 640, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        (movie(), None),
        (movie(brand=None), None),
        (movie(codec=b"hev1"), None),
        (movie(codec=b"vp09"), None),
        (movie(codec=b"mp4v"), "file_format_check_failed"),
        (movie(codec=b"av01"), "file_format_check_failed"),
        (movie(brand=b"3gp4"), "file_format_check_failed"),
        (movie(brand=b"avif"), "file_format_check_failed"),
        (b"RIFF____AVI LIST" + bytes(40), "file_format_check_failed"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", "file_format_check_failed"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm" + bytes(40), "file_format_check_failed"),
        (movie(width=360, height=4096), None),
        (movie(width=359), "picture_size_check_failed"),
        (movie(height=4097), "picture_size_check_failed"),
        (movie(rate=23), None),
        (movie(rate=60), None),
        (movie(rate=22), "frame_rate_check_failed"),
        (movie(rate=61), "frame_rate_check_failed"),
        (movie(seconds=10), None),
        (movie(seconds=11), "duration_check_failed"),
    ],
)
def test_a_video_is_judged_by_its_content(tmp_path: Path, data: bytes, verdict: str | None) -> None:
    assert look_at_video(saved(tmp_path, data), max_seconds=10).fail_reason == verdict


@pytest.mark.parametrize(
    ("form", "codec", "content_type"),
    [
        ("mp4", "libx264", "video/mp4"),
        ("mov", "libx264", "video/quicktime"),
        ("webm", "libvpx-vp9", "video/webm"),
    ],
)
def test_real_files_pass(
    tmp_path: Path, form: str, codec: Literal["libx264", "libvpx-vp9"], content_type: str
) -> None:
    look = look_at_video(encode(tmp_path / "clip", form, codec, 30), max_seconds=10)
    assert (look.fail_reason, look.content_type) == (None, content_type)


def test_a_real_mp4_is_read_as_it_was_made(tmp_path: Path) -> None:
    look = look_at_video(encode(tmp_path / "clip", "mp4", "libx264", 25), max_seconds=10)
    assert (look.width, look.height, look.duration_ms) == (360, 640, 1000)


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        (picture("JPEG"), None),
        (picture("WEBP"), None),
        (picture("JPEG", 1080, 1080), None),
        (picture("PNG"), "file_format_check_failed"),
        (picture("GIF"), "file_format_check_failed"),
        (b"not a picture", "file_format_check_failed"),
        (picture("JPEG", 1080, 1080)[:-4000], "file_format_check_failed"),
        (picture("JPEG", 1081, 100), "picture_size_check_failed"),
        (picture("WEBP", 100, 1081), "picture_size_check_failed"),
        (picture("JPEG") + bytes(MAX_PHOTO_BYTES), "picture_size_check_failed"),
    ],
    ids=["jpeg", "webp", "1080", "png", "gif", "text", "cut", "wide", "tall", "heavy"],
)
def test_a_photo_is_judged_by_its_content(tmp_path: Path, data: bytes, verdict: str | None) -> None:
    assert look_at_photo(saved(tmp_path, data)).fail_reason == verdict


def test_a_photos_type_is_told_by_its_bytes(tmp_path: Path) -> None:
    look = look_at_photo(saved(tmp_path, picture("WEBP", 30, 40)))
    assert (look.content_type, look.width, look.height) == ("image/webp", 30, 40)
