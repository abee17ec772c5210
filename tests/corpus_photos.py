"""The photos of the corpus: good and bad in every way that a look from outside can tell."""

import io
import struct
import zlib
from collections.abc import Callable

import pillow_heif
from PIL import Image, ImageCms

from connector.domain.media import PHOTO_LIMIT
from tests.corpus import CONVERTED, KEEPS, Specimen, encoded, painted
from tests.corpus_videos import PLAIN
from tests.pictures_made import profile

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LARGE = (1081, 600)


def photo(name: str, verdict: str, make: Callable[[], bytes]) -> Specimen:
    """A photo of any making."""
    return Specimen(name, "photo", make, verdict)


def by_pillow(
    name: str,
    verdict: str,
    format_: str,
    mode: str = "RGB",
    size: tuple[int, int] = (320, 400),
    *,
    frames: int = 1,
    **options: object,
) -> Specimen:
    """A photo from Pillow."""
    return photo(name, verdict, lambda: painted(format_, mode, size, frames, **options))


def turned(orientation: int) -> Image.Exif:
    """EXIF with an orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def heic(mode: str = "RGB", size: tuple[int, int] = (320, 400)) -> bytes:
    """Encode a HEIC picture."""
    out = io.BytesIO()
    ramp = Image.linear_gradient("L").resize(size)
    picture = ramp.convert("RGB").convert(mode)
    if mode == "RGBA":
        picture.putalpha(ramp)
    pillow_heif.from_pillow(picture).save(out, quality=60)
    return out.getvalue()


def bomb(side: int) -> bytes:
    """Return a PNG of a few bytes whose header tells of a picture of `side` by `side` pixels."""
    small = painted("PNG", size=(4, 4))
    header = b"IHDR" + side.to_bytes(4, "big") * 2 + small[24:29]
    return small[:12] + header + zlib.crc32(header).to_bytes(4, "big") + small[33:]


def half(data: bytes) -> bytes:
    """Leave the second half out."""
    return data[: len(data) // 2]


def damaged(data: bytes) -> bytes:
    """Break the checksum of a PNG's first data chunk."""
    at = data.index(b"IDAT") + 6
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


TAKEN = (
    by_pillow("jpeg", KEEPS, "JPEG"),
    by_pillow("jpeg, progressive", KEEPS, "JPEG", progressive=True),
    by_pillow("jpeg, grey", KEEPS, "JPEG", "L"),
    by_pillow("jpeg, full colour sampling", KEEPS, "JPEG", subsampling=0, quality=95),
    by_pillow("jpeg, with restarts", KEEPS, "JPEG", restart_marker_rows=1),
    by_pillow("jpeg, upright by EXIF", KEEPS, "JPEG", exif=turned(1)),
    by_pillow("jpeg, with sRGB's profile", KEEPS, "JPEG", icc_profile=SRGB),
    by_pillow("jpeg, with a comment", KEEPS, "JPEG", comment=b"holiday" * 900),
    by_pillow("jpeg, at both limits", KEEPS, "JPEG", size=(1080, 1080)),
    by_pillow("jpeg, one pixel", KEEPS, "JPEG", size=(1, 1)),
    by_pillow("jpeg, a strip", KEEPS, "JPEG", size=(1080, 1)),
    photo("jpeg, with a trailer", KEEPS, lambda: painted("JPEG") + b"SEFT" + bytes(500)),
    photo("jpeg, of just 20 MB", KEEPS, lambda: padded(painted("JPEG"), PHOTO_LIMIT)),
    by_pillow("webp", KEEPS, "WEBP"),
    by_pillow("webp, without loss", KEEPS, "WEBP", lossless=True),
    by_pillow("webp, with sRGB's profile", KEEPS, "WEBP", icc_profile=SRGB),
    by_pillow("webp, at both limits", KEEPS, "WEBP", size=(1080, 1080)),
)


def padded(data: bytes, size: int) -> bytes:
    """Fill a file up to `size` bytes."""
    return data + bytes(size - len(data))


MENDED = (
    by_pillow("png", CONVERTED, "PNG"),
    by_pillow("png, see-through", CONVERTED, "PNG", "RGBA"),
    by_pillow("png, grey and see-through", CONVERTED, "PNG", "LA"),
    by_pillow("png, grey", CONVERTED, "PNG", "L"),
    by_pillow("png, palette", CONVERTED, "PNG", "P"),
    by_pillow("png, palette with a see-through colour", CONVERTED, "PNG", "P", transparency=0),
    by_pillow("png, one bit", CONVERTED, "PNG", "1"),
    by_pillow("png, 16 bits", CONVERTED, "PNG", "I;16"),
    by_pillow("png, animated", CONVERTED, "PNG", frames=3),
    by_pillow("png, wide colours", CONVERTED, "PNG", icc_profile=profile("wide")),
    by_pillow("png, turned by EXIF", CONVERTED, "PNG", exif=turned(6)),
    by_pillow("png, one pixel", CONVERTED, "PNG", size=(1, 1)),
    by_pillow("png, at both limits", CONVERTED, "PNG", size=(1080, 1080)),
    *(by_pillow(f"jpeg, turned by EXIF {one}", CONVERTED, "JPEG", exif=turned(one)) for one in range(2, 9)),
    by_pillow("jpeg, CMYK", CONVERTED, "JPEG", "CMYK"),
    by_pillow("jpeg, wide colours", CONVERTED, "JPEG", icc_profile=profile("wide")),
    by_pillow("jpeg, a broken profile", CONVERTED, "JPEG", icc_profile=b"nonsense"),
    by_pillow("webp, see-through", CONVERTED, "WEBP", "RGBA"),
    by_pillow("webp, without loss and see-through", CONVERTED, "WEBP", "RGBA", lossless=True),
    by_pillow("webp, animated", CONVERTED, "WEBP", frames=3),
    by_pillow("webp, turned by EXIF", CONVERTED, "WEBP", exif=turned(8)),
    by_pillow("webp, wide colours", CONVERTED, "WEBP", icc_profile=profile("wide")),
    by_pillow("gif", CONVERTED, "GIF"),
    by_pillow("gif, animated", CONVERTED, "GIF", frames=4),
    photo("heic", CONVERTED, heic),
    photo("heic, see-through", CONVERTED, lambda: heic("RGBA")),
    photo("heic, odd sides", CONVERTED, lambda: heic(size=(321, 403))),
    by_pillow("avif", CONVERTED, "AVIF"),
    by_pillow("avif, see-through", CONVERTED, "AVIF", "RGBA"),
)

REFUSED = (
    by_pillow("jpeg, one pixel too wide", "too_wide", "JPEG", size=LARGE),
    by_pillow("jpeg, six pixels too wide", "too_wide", "JPEG", size=(1086, 1448)),
    by_pillow("jpeg, too tall", "too_tall", "JPEG", size=(600, 1081)),
    by_pillow("jpeg, turned and too wide as shown", "too_wide", "JPEG", size=(600, 1081), exif=turned(6)),
    by_pillow("webp, too wide", "too_wide", "WEBP", size=LARGE),
    by_pillow("png, too wide", "too_wide", "PNG", size=LARGE),
    by_pillow("gif, too wide", "too_wide", "GIF", size=LARGE),
    photo("heic, too wide", "too_wide", lambda: heic(size=LARGE)),
    photo("jpeg, over 20 MB", "image_too_large", lambda: padded(painted("JPEG"), PHOTO_LIMIT + 1)),
    photo("a bomb of 81 megapixels", "too_many_pixels", lambda: bomb(9000)),
    photo("a bomb of 900 megapixels", "too_many_pixels", lambda: bomb(30_000)),
    photo("a bomb of nearly all numbers", "too_many_pixels", lambda: bomb(0x7FFFFFFF)),
    photo("jpeg without its second half", "image_convert_failed", lambda: half(painted("JPEG"))),
    photo("jpeg without its last two bytes", "image_convert_failed", lambda: painted("JPEG")[:-2]),
    photo("jpeg, its head alone", "unsupported_image_type", lambda: painted("JPEG")[:40]),
    photo("jpeg of a signature", "unsupported_image_type", lambda: b"\xff\xd8\xff"),
    photo("png without its second half", "image_convert_failed", lambda: half(painted("PNG"))),
    photo("png with damaged data", "image_convert_failed", lambda: damaged(painted("PNG"))),
    photo("png of a signature", "unsupported_image_type", lambda: b"\x89PNG\r\n\x1a\n"),
    photo("webp without its second half", "truncated", lambda: half(painted("WEBP"))),
    photo(
        "webp of zeros",
        "image_convert_failed",
        lambda: painted("WEBP")[:40] + bytes(len(painted("WEBP")) - 40),
    ),
    photo("gif of a signature", "unsupported_image_type", lambda: b"GIF89a"),
    photo("heic without its last tenth", "image_convert_failed", lambda: heic()[:-90]),
    photo(
        "heic without boxes",
        "unsupported_image_type",
        lambda: struct.pack(">I4s4s", 24, b"ftyp", b"heic") + bytes(12),
    ),
    by_pillow("bmp", "unsupported_image_type", "BMP"),
    by_pillow("tiff", "unsupported_image_type", "TIFF"),
    by_pillow("jpeg 2000", "unsupported_image_type", "JPEG2000"),
    by_pillow("ico", "unsupported_image_type", "ICO", size=(64, 64)),
    photo("svg", "unsupported_image_type", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
    photo("a text", "unsupported_image_type", lambda: b"no picture"),
    photo("a web page", "unsupported_image_type", lambda: b"<!doctype html><title>404</title>"),
    photo("an empty file", "unsupported_image_type", lambda: b""),
    photo("a PDF document", "unsupported_image_type", lambda: b"%PDF-1.7\n"),
    photo("an MP4 video", "unsupported_image_type", lambda: encoded(PLAIN)),
)

PHOTOS = (*TAKEN, *MENDED, *REFUSED)
