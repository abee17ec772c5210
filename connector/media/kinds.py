"""Tells what a file is from its first bytes, whatever its name or the server says (pure)."""

from typing import Literal

HEAD_SIZE = 4096
"""Bytes from the start of a file that are enough to tell."""

Container = Literal["video/mp4", "video/quicktime", "video/webm"]

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (0, b"GIF8", "a GIF picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"II*\x00", "a TIFF picture"),
    (0, b"MM\x00*", "a TIFF picture"),
    (8, b"AVI ", "an AVI video"),
    (8, b"WAVE", "a WAV sound"),
    (0, b"FLV\x01", "an FLV video"),
    (0, b"\x00\x00\x01\xba", "an MPEG-PS video"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a WMV video"),
    (188, b"G", "an MPEG-TS video"),
    (0, b"OggS", "an Ogg file"),
    (0, b"ID3", "an MP3 sound"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
)

_STILL_BRANDS = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"mif1": "image/heic",
    b"msf1": "image/heic",
    b"avif": "image/avif",
    b"avis": "image/avif",
}
"""Brands of ISO files that hold pictures (ISO/IEC 23008-12)."""

_OTHER_BRANDS = {b"M4A ": "an M4A sound", b"M4B ": "an M4B sound", b"3g": "a 3GP video"}
"""How the brands begin of files that have the same boxes and are neither MP4 nor MOV."""

CONTAINERS: dict[Container, str] = {
    "video/mp4": "an MP4 file",
    "video/quicktime": "a MOV file",
    "video/webm": "a WebM file",
}
"""The containers that TikTok takes, in words."""

_QUICKTIME_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body")
_MATROSKA = b"\x1a\x45\xdf\xa3"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def still_brand(head: bytes) -> str | None:
    """Return the media type of a HEIC or AVIF picture, None for anything else."""
    return _STILL_BRANDS.get(head[8:12]) if head[4:8] == b"ftyp" else None


def _other_brand(head: bytes) -> str | None:
    found = (
        name for brand, name in _OTHER_BRANDS.items() if head[4:8] == b"ftyp" and head[8:].startswith(brand)
    )
    return next(found, None)


def container_of(head: bytes) -> Container | None:
    """Return the media type of a video container that TikTok takes, None for anything else."""
    if head[4:8] == b"ftyp":
        if still_brand(head) or _other_brand(head):
            return None
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    if head[4:8] in _QUICKTIME_BOXES:
        return "video/quicktime"
    if head.startswith(_MATROSKA) and b"webm" in head[:64]:
        return "video/webm"
    return None


def is_picture(head: bytes) -> bool:
    """Tell whether a picture starts here, of a kind that is taken or not."""
    return bool(still_brand(head)) or describe(head).endswith(" picture")


def is_html(head: bytes) -> bool:
    """Tell whether a web page starts here."""
    return head.removeprefix(_BYTE_ORDER_MARK).lstrip().lower().startswith(_HTML_STARTS)


def describe(head: bytes) -> str:
    """Say for people what kind of file starts like this."""
    if not head:
        return "an empty file"
    if is_html(head):
        return "a web page"
    if name := _boxed(head):
        return name
    for offset, signature, name in _SIGNATURES:
        if head.startswith(signature, offset):
            return name
    return "a text file" if _is_text(head) else "a file of an unknown kind"


def _boxed(head: bytes) -> str | None:
    """Name a file of boxes or elements, which share their first bytes."""
    if still := still_brand(head):
        return "a HEIC picture" if still == "image/heic" else "an AVIF picture"
    if other := _other_brand(head):
        return other
    container = container_of(head)
    if container:
        return CONTAINERS[container]
    return "a Matroska file" if head.startswith(_MATROSKA) else None


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
        text = head[: error.start].decode()
    return all(character.isprintable() or character in "\t\r\n\f\ufeff" for character in text)
