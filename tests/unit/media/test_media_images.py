"""Headers of pictures, read without decoding; held against Pillow, which made the files."""

import io
import struct

import pillow_heif
import pytest
from PIL import Image, ImageCms

from connector.media.exif import orientation_in
from connector.media.images import read_photo
from connector.media.jpeg import HeaderError
from tests.pictures_made import profile

SIZE = (37, 21)
BOMB_SIDE = 30_000
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def picture(format_: str, mode: str = "RGB", **options: object) -> bytes:
    """Return an encoded picture of 37 x 21 px."""
    out = io.BytesIO()
    Image.new(mode, SIZE, 1).save(out, format_, **options)
    return out.getvalue()


def heic(mode: str) -> bytes:
    """Return a HEIC picture of 37 x 21 px."""
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new(mode, SIZE, 1)).save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("format_", "mime"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("GIF", "image/gif"),
        ("BMP", "image/bmp"),
    ],
)
def test_type_and_size_are_read(format_: str, mime: str) -> None:
    data = picture(format_)
    photo = read_photo(io.BytesIO(data), len(data))
    assert photo is not None
    assert (photo.mime, photo.width, photo.height, photo.size) == (mime, *SIZE, len(data))


@pytest.mark.parametrize(
    "data",
    [
        picture("JPEG", progressive=True),
        picture("JPEG", "L"),
        picture("JPEG", "CMYK"),
        picture("WEBP", lossless=True),
        picture("WEBP", "RGBA"),
        picture("PNG", "I;16"),
        picture("PNG", "1"),
    ],
)
def test_every_variety_tells_its_size(data: bytes) -> None:
    photo = read_photo(io.BytesIO(data), len(data))
    assert photo is not None
    assert (photo.width, photo.height) == SIZE


@pytest.mark.parametrize(
    ("data", "alpha"),
    [
        (picture("PNG", "RGBA"), True),
        (picture("PNG", "LA"), True),
        (picture("PNG"), False),
        (picture("WEBP", "RGBA"), True),
        (picture("WEBP", "RGBA", lossless=True), True),
        (picture("WEBP"), False),
    ],
)
def test_alpha_is_seen(data: bytes, *, alpha: bool) -> None:
    photo = read_photo(io.BytesIO(data), len(data))
    assert photo is not None
    assert photo.has_alpha is alpha


@pytest.mark.parametrize("format_", ["PNG", "WEBP"])
def test_animation_is_seen(format_: str) -> None:
    frames = [Image.new("RGB", SIZE, color) for color in ("red", "blue")]
    data = picture(format_, save_all=True, append_images=frames)
    photo = read_photo(io.BytesIO(data), len(data))
    assert photo is not None
    assert photo.is_animated


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_a_turned_picture_tells_its_size_as_displayed(orientation: int, format_: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = picture(format_, exif=exif)
    photo = read_photo(io.BytesIO(data), len(data))
    assert photo is not None
    assert photo.orientation == orientation
    assert (photo.width, photo.height) == (SIZE if orientation <= 4 else SIZE[::-1])


@pytest.mark.parametrize(
    "segment",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0MM\0*",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0XX*\0\x08\0\0\0",
        b"http://xmp",
    ],
)
def test_broken_exif_tells_nothing(segment: bytes) -> None:
    assert orientation_in(segment) is None


@pytest.mark.parametrize("data", [b"", b"text", b"RIFF....AVI ", b"\x00\x00\x00\x18ftypisom"])
def test_what_is_no_picture_is_none(data: bytes) -> None:
    assert read_photo(io.BytesIO(data), len(data)) is None


@pytest.mark.parametrize(
    ("data", "mime", "alpha"),
    [
        (heic("RGB"), "image/heic", False),
        (heic("RGBA"), "image/heic", True),
        (picture("AVIF"), "image/avif", False),
        (picture("AVIF", "RGBA"), "image/avif", True),
    ],
)
def test_a_heic_or_avif_picture_tells_its_size(data: bytes, mime: str, *, alpha: bool) -> None:
    photo = read_photo(io.BytesIO(data), len(data))
    assert photo is not None
    assert (photo.mime, photo.width, photo.height, photo.has_alpha) == (mime, *SIZE, alpha)


def test_a_heic_picture_without_boxes_is_damaged() -> None:
    with pytest.raises(HeaderError, match="no index"):
        read_photo(io.BytesIO(b"\x00\x00\x00\x18ftypheic" + bytes(12)), 24)


@pytest.mark.parametrize(
    ("data", "colours", "bits"),
    [
        (picture("JPEG"), "rgb", 8),
        (picture("JPEG", "L"), "gray", 8),
        (picture("JPEG", "CMYK"), "cmyk", 8),
        (picture("PNG", "I;16"), "gray", 16),
        (picture("PNG", "P"), "rgb", 8),
        (picture("WEBP"), "rgb", 8),
    ],
)
def test_colours_and_depth_are_read(data: bytes, colours: str, bits: int) -> None:
    photo = read_photo(io.BytesIO(data), len(data))
    assert photo is not None
    assert (photo.colours, photo.bits) == (colours, bits)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_a_profile_other_than_srgb_is_named(format_: str) -> None:
    for found, named in ((SRGB, None), (profile("wide"), "sRGB built-in"), (b"nonsense", "a broken profile")):
        data = picture(format_, icc_profile=found)
        photo = read_photo(io.BytesIO(data), len(data))
        assert photo is not None
        assert photo.profile == named


@pytest.mark.parametrize(("frames", "animated"), [(1, False), (2, True), (5, True)])
def test_a_gif_is_animated_from_its_second_picture_on(frames: int, *, animated: bool) -> None:
    images = [Image.new("RGB", SIZE, (40 * index, 0, 0)) for index in range(frames)]
    out = io.BytesIO()
    images[0].save(out, "GIF", save_all=True, append_images=images[1:])
    photo = read_photo(io.BytesIO(out.getvalue()), 0)
    assert photo is not None
    assert photo.is_animated is animated


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_a_header_cut_anywhere_is_damaged_or_unknown(format_: str) -> None:
    data = picture(format_)
    for length in range(4, 20):
        cut = data[:length]
        try:
            assert read_photo(io.BytesIO(cut), length) is None or length >= 10
        except HeaderError:
            continue


def test_a_webp_shorter_than_its_header_tells_is_damaged() -> None:
    data = picture("WEBP")
    with pytest.raises(HeaderError, match="of the"):
        read_photo(io.BytesIO(data[:-9]), len(data) - 9)


def test_a_jpeg_without_a_frame_is_damaged() -> None:
    with pytest.raises(HeaderError):
        read_photo(io.BytesIO(b"\xff\xd8\xff\xe0\x00\x04ab\xff\xda\x00\x02"), 12)


def test_a_bomb_tells_its_size_though_nothing_is_decoded() -> None:
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", BOMB_SIDE, BOMB_SIDE, 8, 2, 0, 0, 0)
    photo = read_photo(io.BytesIO(head + bytes(4)), len(head) + 4)
    assert photo is not None
    assert (photo.width, photo.height) == (BOMB_SIDE, BOMB_SIDE)
