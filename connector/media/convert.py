"""Turns a photo that TikTok refuses into a JPEG that it takes."""

import io
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from connector.domain.media import MAX_PIXELS
from connector.kernel.errors import PostrailError, Problem

QUALITY = 90
"""JPEG quality, of 100."""

READS = ("PNG",)
"""Formats that are converted, by Pillow's names; no other decoder is ever started."""

_BRIGHT_16 = 1 / 257
"""From 16 bits a channel to 8."""

_FAILURES = (OSError, ValueError, SyntaxError, ImageCms.PyCMSError, Image.DecompressionBombError)


def to_jpeg(path: Path) -> bytes:
    """Return the picture at `path` as JPEG: sRGB, upright, see-through parts on white.

    Raises PostrailError `image_convert_failed`.
    """
    try:
        with Image.open(path, formats=READS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"more than {MAX_PIXELS // 1_000_000} megapixels")
            return _encode(_on_white(_in_srgb(ImageOps.exif_transpose(_in_8_bits(image)))))
    except _FAILURES as error:
        problem = Problem(
            field="",
            problem="image_convert_failed",
            got=f"a picture that cannot be read ({_reason(error)})",
            expected="a whole picture",
            fix="export it as JPEG",
            code="image_convert_failed",
        )
        raise PostrailError(
            problem.code, "the picture could not be converted to JPEG", details=[problem]
        ) from error


def _reason(error: Exception) -> str:
    """Say why, without the path that Pillow puts into its words for a header it does not know."""
    return "not a PNG picture" if isinstance(error, UnidentifiedImageError) else str(error)


def _in_8_bits(image: Image.Image) -> Image.Image:
    if not image.mode.startswith("I"):
        return image
    info = image.info
    image = image.convert("F").point(lambda value: value * _BRIGHT_16).convert("L")
    image.info = info
    return image


def _in_srgb(image: Image.Image) -> Image.Image:
    """Apply the picture's colour profile, where it has a usable one; without one it is sRGB by custom."""
    profile = image.info.get("icc_profile")
    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError):
        return image  # a broken profile, or one of another colour space than the pixels
    return converted or image


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, image).convert("RGB")


def _encode(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
