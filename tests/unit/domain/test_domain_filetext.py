"""A file written as text: every spelling of base64, data URIs, URLs, in pieces of any size."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.filetext import LONGEST_HEAD, FileText
from connector.kernel.errors import PostrailError


def read(text: bytes, size: int = 1000) -> tuple[bytes, str | None]:
    """Read a text in pieces of `size` bytes; return the file and the URL."""
    out = bytearray()
    reader = FileText(out.extend)
    for at in range(0, len(text), size):
        reader.feed(text[at : at + size])
    reader.finish()
    return bytes(out), reader.url


@given(data=st.binary(max_size=400), size=st.integers(1, 50), blanks=st.booleans(), padded=st.booleans())
def test_any_file_comes_back_whatever_the_spelling_and_the_pieces(
    data: bytes, size: int, blanks: bool, padded: bool
) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(data)
        text = text if padded else text.rstrip(b"=")
        lines = b"\r\n".join(text[at : at + 76] for at in range(0, len(text), 76)) if blanks else text
        if lines[:5].lower() in {b"data:", b"http:"}:
            continue
        assert read(lines, size) == (data, None)
        assert read(b"data:image/png;base64," + lines, size) == (data, None)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_url_is_told(size: int) -> None:
    assert read(b" https://a.example/x,y.mp4 \n", size) == (b"", "https://a.example/x,y.mp4")


def test_a_data_uri_may_have_parameters_and_any_case() -> None:
    assert read(b"DATA:video/mp4;codecs=avc1;BASE64,QUJD")[0] == b"ABC"


def test_no_text_is_an_empty_file() -> None:
    assert read(b"") == (b"", None)
    assert read(b" \n") == (b"", None)


@pytest.mark.parametrize(
    "text",
    [
        b"hello world!",
        b"QUJDR",
        b"QQ==QQ==QQ==",
        b"Q===",
        b"====",
        b"QUJ\xc3\xa4",
        b"data:image/png,abc",
        b"data:image/png;base64",
        b"data:" + b"x" * (LONGEST_HEAD + 1),
        b"https://a.example/" + b"x" * LONGEST_HEAD,
    ],
)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_what_is_no_file_is_refused(text: bytes, size: int) -> None:
    with pytest.raises(PostrailError, match="bad_request") as caught:
        read(text, size)
    assert caught.value.details[0].problem == "not_a_file"
    assert len(caught.value.details[0].got) < 120
