"""JSON that carries a file: the file's text leaves, the rest stays JSON, whatever the pieces."""

import json
from typing import Any, ClassVar, SupportsIndex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.kernel.errors import PostrailError
from connector.web.inline import InlineFile

NAMES = frozenset({b"file", b"data"})
TEXTS = st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def split(body: bytes, size: int = 1000, limit: int = 10_000) -> tuple[bytes, bytes, bool]:
    """Return the rest, the file's text, and whether there was one."""
    out = bytearray()
    inline = InlineFile(out.extend, NAMES, limit)
    for at in range(0, len(body), size):
        inline.take(body[at : at + size])
    return bytes(inline.rest), bytes(out), inline.found


@given(
    rows=st.dictionaries(TEXTS.filter(lambda name: name not in {"file", "data"}), VALUES, max_size=4),
    text=st.text(st.characters(codec="utf-8"), max_size=40),
    size=st.integers(1, 12),
    ascii_only=st.booleans(),
)
def test_the_file_leaves_and_the_rest_stays(
    rows: dict[str, Any], text: str, size: int, ascii_only: bool
) -> None:
    if ascii_only and any(ord(character) > 0xFFFF for character in text):
        return  # two escapes make one character; no base64 has such
    body = json.dumps({**rows, "file": text}, ensure_ascii=ascii_only).encode()
    rest, given_away, found = split(body, size)
    assert json.loads(rest) == {**rows, "file": ""}
    assert (given_away.decode(), found) == (text, True)


@given(value=VALUES, size=st.integers(1, 12))
def test_a_file_of_another_level_stays_where_it_is(value: object, size: int) -> None:
    body = json.dumps({"rows": {"file": "x", "more": value}, "list": ["file", "data", value]}).encode()
    assert split(body, size)[0] == body


@pytest.mark.parametrize("body", [b'["file", "x"]', b'"file"', b"{", b'{"file": 5}', b'{"file": ["x"]}', b""])
def test_what_has_no_text_there_is_left_as_it_is(body: bytes) -> None:
    assert split(body) == (body, b"", False)


def test_a_file_that_stands_twice_is_refused() -> None:
    with pytest.raises(PostrailError) as caught:
        split(b'{"file": "eA==", "data": "eQ=="}')
    assert caught.value.details[0].problem == "sent_twice"


def test_a_broken_escape_is_refused() -> None:
    with pytest.raises(PostrailError) as caught:
        split(b'{"file": "\\u00zz"}')
    assert caught.value.details[0].problem == "broken_json"


def test_the_rest_is_bounded_and_the_file_is_not() -> None:
    assert len(split(b'{"file": "' + b"A" * 50_000 + b'"}')[1]) == 50_000
    with pytest.raises(PostrailError, match="payload_too_large"):
        split(b'{"name": "' + b"A" * 50_000 + b'"}')


class Copied(bytes):
    """Bytes that count, in `total`, how many of them and of their slices are copied."""

    total: ClassVar[list[int]] = [0]

    def __getitem__(self, at: SupportsIndex | slice) -> Any:  # noqa: ANN401 - a number or bytes, as bytes give them
        """Return a slice that counts too."""
        found = super().__getitem__(at)
        if isinstance(found, int):
            return found
        self.total[0] += len(found)
        return Copied(found)


@pytest.mark.parametrize(
    "unit",
    [
        b'"file": "' + b"\\/" * 5_000 + b'"',
        b'"file": "' + b"A\\/" * 5_000 + b'"',
        b'"file": "' + b"\\u002b" * 5_000 + b'"',
        b'"name": "' + b"\\/" * 5_000 + b'"',
        b'"names": [' + b'"",' * 5_000 + b'""]',
    ],
    ids=["short escapes", "escapes among others", "long escapes", "another text", "many texts"],
)
def test_no_byte_is_copied_again_and_again(unit: bytes) -> None:
    Copied.total[0] = 0
    inline = InlineFile(lambda _: None, NAMES, 100_000)
    inline.take(Copied(b"{" + unit + b"}"))
    assert Copied.total[0] <= 2 * len(unit)


def test_the_text_of_a_piece_leaves_at_once_however_it_is_escaped() -> None:
    fed: list[bytes] = []
    InlineFile(fed.append, NAMES, 100).take(b'{"file": "' + b"\\/A\\u002b\\n" * 1_000 + b'"}')
    assert fed == [b"/A+\n" * 1_000]


def test_a_file_of_nothing_is_given_away_as_nothing() -> None:
    fed: list[bytes] = []
    InlineFile(fed.append, NAMES, 100).take(b'{"file": ""}')
    assert fed == [b""]
