"""What a file is, told from its first bytes."""

import pytest

from connector.media.kinds import container_of, describe, is_html


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"", "an empty file"),
        (b"hello, this is my video\n", "a text file"),
        ("grüße, 你好".encode(), "a text file"),
        ("cut in a character: ü".encode()[:-1], "a text file"),
        (b'{"error": "not found"}', "a text file"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\xef\xbb\xbf  \n<HTML lang=en>", "a web page"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a JPEG picture"),
        (b"\x89PNG\r\n\x1a\n....", "a PNG picture"),
        (b"GIF89a....", "a GIF picture"),
        (b"RIFF....WEBPVP8 ", "a WebP picture"),
        (b"RIFF....AVI LIST", "an AVI video"),
        (b"\x00\x00\x00\x18ftypheic", "a HEIC picture"),
        (b"\x00\x00\x00\x18ftypavif", "an AVIF picture"),
        (b"\x00\x00\x00\x18ftypisom", "an MP4 file"),
        (b"\x00\x00\x00\x14ftypqt  ", "a MOV file"),
        (b"\x1a\x45\xdf\xa3....matroska", "a Matroska file"),
        (b"\x1a\x45\xdf\xa3....webm", "a WebM file"),
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04....", "a ZIP archive"),
        (bytes(range(128, 200)), "a file of an unknown kind"),
        (b"text and a zero\x00", "a file of an unknown kind"),
    ],
)
def test_a_file_is_named_by_its_content(head: bytes, name: str) -> None:
    assert describe(head) == name


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"\x00\x00\x00\x18ftypM4V ", "video/mp4"),
        (b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat", "video/quicktime"),
        (b"\x00\x00\x10\x00moov", "video/quicktime"),
        (b"\x00\x00\x00\x18ftypmif1", None),
        (b"plain text that is long", None),
    ],
)
def test_a_container_is_told_with_and_without_its_brand(head: bytes, mime: str | None) -> None:
    assert container_of(head) == mime


def test_a_picture_in_markup_is_no_web_page() -> None:
    assert not is_html(b'<svg xmlns="http://www.w3.org/2000/svg">')
