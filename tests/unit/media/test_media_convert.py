"""PNG to JPEG: colours, see-through parts, orientation, and what cannot be converted."""

import io
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from connector.kernel.errors import PostrailError
from connector.media.convert import to_jpeg

Pixel = tuple[int, int, int]


def converted(path: Path, image: Image.Image, **options: object) -> Image.Image:
    """Save `image` as PNG, convert it, and return the JPEG decoded."""
    image.save(path, "PNG", **options)
    jpeg = Image.open(io.BytesIO(to_jpeg(path)))
    assert jpeg.format == "JPEG"
    return jpeg


def near(image: Image.Image, at: tuple[int, int], color: Pixel) -> bool:
    """Tell whether a pixel has a colour, as far as JPEG keeps it."""
    found = image.getpixel(at)
    assert isinstance(found, tuple)
    return all(abs(a - b) <= 12 for a, b in zip(found, color, strict=True))


def test_colours_and_size_stay(tmp_path: Path) -> None:
    jpeg = converted(tmp_path / "a.png", Image.new("RGB", (40, 20), (200, 100, 50)))
    assert jpeg.size == (40, 20)
    assert near(jpeg, (5, 5), (200, 100, 50))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_see_through_parts_turn_white(tmp_path: Path, mode: str) -> None:
    jpeg = converted(tmp_path / "a.png", Image.new(mode, (16, 16), 0))
    assert near(jpeg, (8, 8), (255, 255, 255))


def test_a_see_through_palette_colour_turns_white(tmp_path: Path) -> None:
    image = Image.new("P", (16, 16), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    jpeg = converted(tmp_path / "a.png", image, transparency=0)
    assert near(jpeg, (8, 8), (255, 255, 255))


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    jpeg = converted(tmp_path / "a.png", Image.new("I;16", (16, 16), 40_000))
    assert near(jpeg, (8, 8), (155, 155, 155))


def test_an_orientation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    jpeg = converted(tmp_path / "a.png", Image.new("RGB", (40, 20), "red"), exif=exif)
    assert jpeg.size == (20, 40)
    assert jpeg.getexif().get(0x0112, 1) == 1


def test_a_colour_profile_is_applied(tmp_path: Path) -> None:
    lab_like = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    jpeg = converted(tmp_path / "a.png", Image.new("RGB", (16, 16), (10, 200, 90)), icc_profile=lab_like)
    assert near(jpeg, (8, 8), (10, 200, 90))
    assert "icc_profile" not in jpeg.info


def test_a_broken_colour_profile_is_left_out(tmp_path: Path) -> None:
    jpeg = converted(tmp_path / "a.png", Image.new("RGB", (16, 16), (10, 200, 90)), icc_profile=b"nonsense")
    assert near(jpeg, (8, 8), (10, 200, 90))


def refused(path: Path) -> str:
    """Return what was got, of a file that cannot be converted."""
    with pytest.raises(PostrailError, match="image_convert_failed") as caught:
        to_jpeg(path)
    return caught.value.details[0].got


def test_a_cut_png_cannot_be_converted(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.effect_noise((200, 200), 50).save(path)
    path.write_bytes(path.read_bytes()[:5000])
    assert refused(path)


def test_another_format_is_never_decoded(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(path, "TIFF")
    assert "not a PNG" in refused(path)


def test_a_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(path)
    data = path.read_bytes()
    header = b"IHDR" + (9000).to_bytes(4, "big") * 2 + data[24:29]
    path.write_bytes(data[:12] + header + zlib.crc32(header).to_bytes(4, "big") + data[33:])
    assert "50 megapixels" in refused(path)
