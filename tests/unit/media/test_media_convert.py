"""Pictures to JPEG: colours, see-through parts, orientation, sides, and what cannot be converted."""

import io
from pathlib import Path

import pillow_heif
import pytest
import pyvips
from PIL import Image, ImageCms

from connector.media.pictures import LOADERS, Unusable, to_jpeg, whole
from tests.pictures_made import profile

Pixel = tuple[int, int, int]
RED = (254, 0, 0)


def saved(path: Path, image: Image.Image, format_: str, **options: object) -> Path:
    """Save a picture without a telling name."""
    image.save(path, format_, **options)
    return path


def converted(path: Path, mime: str, side: int | None = None) -> Image.Image:
    """Convert a picture, and return the JPEG decoded."""
    told, data = to_jpeg(str(path), mime, side)
    jpeg = Image.open(io.BytesIO(data))
    assert (jpeg.format, jpeg.size) == ("JPEG", (told["width"], told["height"]))
    assert not jpeg.getexif()
    return jpeg.convert("RGB")


def from_png(path: Path, image: Image.Image, **options: object) -> Image.Image:
    """Save a picture as PNG, convert it, and return the JPEG decoded."""
    return converted(saved(path, image, "PNG", **options), "image/png")


def near(image: Image.Image, color: Pixel, at: tuple[int, int] = (8, 8), most: int = 12) -> bool:
    """Tell whether a pixel has a colour, as far as JPEG keeps it."""
    found = image.getpixel(at)
    assert isinstance(found, tuple)
    return all(abs(a - b) <= most for a, b in zip(found, color, strict=True))


def test_colours_and_size_stay(tmp_path: Path) -> None:
    jpeg = from_png(tmp_path / "a", Image.new("RGB", (40, 20), (200, 100, 50)))
    assert jpeg.size == (40, 20)
    assert near(jpeg, (200, 100, 50))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("format_", ["PNG", "WEBP"])
def test_see_through_parts_turn_white(tmp_path: Path, mode: str, format_: str) -> None:
    path = saved(tmp_path / "a", Image.new(mode, (16, 16), 0), format_)
    assert near(converted(path, f"image/{format_.lower()}"), (255, 255, 255))


def test_a_see_through_palette_colour_turns_white(tmp_path: Path) -> None:
    image = Image.new("P", (16, 16), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    assert near(from_png(tmp_path / "a", image, transparency=0), (255, 255, 255))


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    assert near(from_png(tmp_path / "a", Image.new("I;16", (16, 16), 40_000)), (155, 155, 155))
    deep = pyvips.Image.black(16, 16, bands=3).linear(1, [65535, 32768, 0]).cast("ushort")
    deep.copy(interpretation="rgb16").pngsave(str(tmp_path / "b"))
    assert near(converted(tmp_path / "b", "image/png"), (255, 128, 0))


@pytest.mark.parametrize(
    ("format_", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
@pytest.mark.parametrize("orientation", [2, 3, 6, 8])
def test_an_orientation_is_applied(tmp_path: Path, format_: str, mime: str, orientation: int) -> None:
    image = Image.new("RGB", (64, 32), "red")
    image.paste("blue", (0, 0, 16, 32))
    exif = Image.Exif()
    exif[0x0112] = orientation
    jpeg = converted(saved(tmp_path / "a", image, format_, exif=exif, quality=95), mime)
    assert jpeg.size == ((32, 64) if orientation > 4 else (64, 32))
    blue_at = {2: (60, 16), 3: (60, 16), 6: (16, 4), 8: (16, 60)}[orientation]
    assert near(jpeg, (0, 0, 255), blue_at, 30)


def test_a_profile_that_is_srgb_changes_nothing(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert near(
        from_png(tmp_path / "a", Image.new("RGB", (16, 16), (10, 200, 90)), icc_profile=srgb), (10, 200, 90)
    )


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
def test_colours_of_a_wider_profile_are_brought_to_srgb(tmp_path: Path, format_: str) -> None:
    image = Image.new("RGB", (16, 16), (120, 200, 90))
    path = saved(tmp_path / "a", image, format_, icc_profile=profile("wide"), quality=95)
    jpeg = converted(path, f"image/{format_.lower()}")
    assert not near(jpeg, (120, 200, 90), most=20)
    assert "icc_profile" not in jpeg.info


def test_a_broken_colour_profile_is_left_out(tmp_path: Path) -> None:
    image = Image.new("RGB", (16, 16), (10, 200, 90))
    assert near(from_png(tmp_path / "a", image, icc_profile=b"nonsense"), (10, 200, 90))


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    path = saved(tmp_path / "a", Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG")
    assert near(converted(path, "image/jpeg"), (237, 28, 36), most=25)


def test_of_an_animation_the_first_picture_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue", "lime")]
    for format_ in ("GIF", "WEBP", "PNG"):
        path = saved(tmp_path / format_, frames[0], format_, save_all=True, append_images=frames[1:])
        jpeg = converted(path, f"image/{format_.lower()}")
        assert jpeg.size == (16, 16)
        assert near(jpeg, RED)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_heic_is_read(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (50, 30), 128 if mode == "L" else "red")
    pillow_heif.from_pillow(image).save(tmp_path / "a", quality=95)
    jpeg = converted(tmp_path / "a", "image/heic")
    assert jpeg.size == (50, 30)
    assert near(jpeg, (128, 128, 128) if mode == "L" else RED)


def test_avif_is_read(tmp_path: Path) -> None:
    assert near(
        converted(saved(tmp_path / "a", Image.new("RGB", (50, 30), "red"), "AVIF"), "image/avif"), RED
    )


@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        ((2160, 1080), (1080, 540)),
        ((1086, 1448), (810, 1080)),
        ((1080, 1080), (1080, 1080)),
        ((90, 40), (90, 40)),
    ],
)
def test_a_picture_is_scaled_down_to_its_side_and_never_up(
    tmp_path: Path, size: tuple[int, int], fitted: tuple[int, int]
) -> None:
    path = saved(tmp_path / "a", Image.new("RGB", size, "red"), "PNG")
    assert converted(path, "image/png", 1080).size == fitted


def test_a_turned_picture_is_scaled_by_its_sides_as_shown(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path / "a", Image.new("RGB", (2000, 1000), "red"), "JPEG", exif=exif)
    assert converted(path, "image/jpeg", 1080).size == (540, 1080)


@pytest.mark.parametrize(
    ("format_", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
def test_a_cut_picture_is_not_whole(tmp_path: Path, format_: str, mime: str) -> None:
    path = saved(tmp_path / "a", Image.effect_noise((200, 200), 50).convert("RGB"), format_)
    assert whole(str(path), mime)[0] == {"width": 200, "height": 200}
    cut = tmp_path / "cut"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    for job in (whole, to_jpeg):
        with pytest.raises(pyvips.Error):
            job(str(cut), mime)


@pytest.mark.parametrize("mime", sorted(LOADERS))
def test_another_format_than_the_one_told_is_never_decoded(tmp_path: Path, mime: str) -> None:
    path = saved(tmp_path / "a", Image.new("RGB", (4, 4)), "TIFF")
    with pytest.raises((pyvips.Error, ValueError, SyntaxError)):
        whole(str(path), mime)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = saved(tmp_path / "a", Image.new("1", (9000, 9000)), "PNG")
    assert path.stat().st_size < 20_000
    with pytest.raises(Unusable, match="50 megapixels"):
        to_jpeg(str(path), "image/png")
