"""Small pictures of media, made in a child: the frame of a moment, a thumbnail."""

import io
from pathlib import Path

import pytest
from PIL import Image

from connector.kernel.errors import PostrailError
from connector.media.convert import preview_of
from tests.corpus import Recipe, encoded, painted
from tests.corpus_videos import WEBM

FRAMES = Recipe(frames=25)
"""One second of grey that brightens by seven from frame to frame, beginning at twenty."""


def shown(path: Path, mime: str, *, side: int = 160, at_ms: int = 0) -> Image.Image:
    """Return a preview, decoded."""
    image = Image.open(io.BytesIO(preview_of(path, mime, side=side, at_ms=at_ms)))
    assert image.format == "JPEG"
    assert max(image.size) <= side
    return image


def written(folder: Path, data: bytes) -> Path:
    """Write a file without a telling name."""
    path = folder / "file"
    path.write_bytes(data)
    return path


def brightness(image: Image.Image) -> int:
    """Return how bright the middle is."""
    return image.convert("L").tobytes()[image.width * (image.height // 2) + image.width // 2]


@pytest.mark.parametrize(("at_ms", "frame"), [(0, 0), (39, 0), (40, 1), (500, 12), (960, 24), (60_000, 24)])
def test_the_frame_of_a_moment_is_shown(tmp_path: Path, at_ms: int, frame: int) -> None:
    image = shown(written(tmp_path, encoded(FRAMES)), "video/mp4", at_ms=at_ms)
    assert abs(brightness(image) - (20 + 7 * frame)) <= 3
    assert image.size == (90, 160)


def test_a_turned_video_is_shown_upright_and_a_wide_pixel_wide(tmp_path: Path) -> None:
    turned = written(tmp_path, encoded(Recipe(turn=90, frames=3)))
    assert shown(turned, "video/mp4").size == (160, 90)


def test_other_containers_are_shown(tmp_path: Path) -> None:
    assert shown(written(tmp_path, encoded(WEBM)), "video/webm", at_ms=200).height == 160
    assert shown(written(tmp_path, encoded(Recipe(form="mov"))), "video/quicktime").height == 160


@pytest.mark.parametrize(("format_", "mime"), [("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_a_photo_becomes_a_thumbnail(tmp_path: Path, format_: str, mime: str) -> None:
    assert shown(written(tmp_path, painted(format_)), mime, side=64).size == (51, 64)


@pytest.mark.parametrize("mime", ["video/mp4", "video/webm", "image/jpeg"])
def test_what_shows_nothing_is_told(tmp_path: Path, mime: str) -> None:
    with pytest.raises(PostrailError, match="preview_failed") as caught:
        preview_of(written(tmp_path, b"this is text"), mime, side=64)
    assert str(tmp_path) not in caught.value.message
