"""A file written as text: base64, a data URI, or the URL where it is. Read piece by piece, held in no piece.

data: URIs are RFC 2397's, in base64; base64 is RFC 4648's, both alphabets, with or without padding and line
breaks.
"""

import binascii
from collections.abc import Callable

from connector.kernel.errors import PostrailError, Problem, cut

LONGEST_HEAD = 8_000
"""Bytes of a URL, or of what a data URI has before its first comma."""

KEPT = 400
"""Bytes from its start by which a text can be named."""

_BLANKS = b" \t\r\n"
_STANDARD = bytes.maketrans(b"-_", b"+/")
_SCHEMES = (b"http://", b"https://")
_DATA = b"data:"
_LONGEST_SCHEME = 8


class FileText:
    """Takes a file's text in pieces and gives its bytes to `write`; `url` is set where it is a URL.

    `start` is how it begins, as it was sent.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._read: Callable[[bytes], None] = self._read_start
        self._held = b""
        self.start = b""
        self.url: str | None = None

    def feed(self, piece: bytes) -> None:
        """Take the next piece of text. Raises PostrailError `bad_request` and whatever `write` raises."""
        if len(self.start) < KEPT:
            self.start += piece[: KEPT - len(self.start)]
        self._read(piece)

    def finish(self) -> None:
        """Say that there is no more. Raises PostrailError `bad_request` where the text ends too soon."""
        if self._read == self._read_start:
            self._decide()
        if self._read == self._read_url:
            self.url = self._held.decode(errors="replace").strip()
        elif self._read == self._read_data_head:
            raise self._not_a_file()
        else:
            self._end_base64()

    def _read_start(self, piece: bytes) -> None:
        self._held += piece.lstrip(_BLANKS) if not self._held else piece
        if len(self._held) >= _LONGEST_SCHEME:
            self._decide()

    def _decide(self) -> None:
        """Tell from the first characters which kind of text it is, and read them as that."""
        start, self._held = self._held, b""
        word = start[:_LONGEST_SCHEME].lower()
        if word.startswith(_DATA):
            self._read = self._read_data_head
        elif word.startswith(_SCHEMES):
            self._read = self._read_url
        else:
            self._read = self._read_base64
        self._read(start)

    def _read_url(self, piece: bytes) -> None:
        self._held += piece
        if len(self._held) > LONGEST_HEAD:
            raise self._not_a_file()

    def _read_data_head(self, piece: bytes) -> None:
        self._held += piece
        head, comma, rest = self._held.partition(b",")
        if len(head) > LONGEST_HEAD or (comma and not head.lower().rstrip().endswith(b";base64")):
            raise self._not_a_file()
        if comma:
            self._held, self._read = b"", self._read_base64
            self._read(rest)

    def _read_base64(self, piece: bytes) -> None:
        """Decode all whole groups of four characters."""
        text = self._held + piece.translate(_STANDARD, _BLANKS)
        whole = max((len(text) - 1) // 4 * 4, 0)  # the last group may be the padded one
        self._held = text[whole:]
        if b"=" in text[:whole]:
            raise self._not_a_file()
        if whole:
            self._write(self._decoded(text[:whole]))

    def _end_base64(self) -> None:
        last = self._held.rstrip(b"=")
        if len(self._held) - len(last) > 2 or len(last) % 4 == 1:  # noqa: PLR2004 - RFC 4648, section 4
            raise self._not_a_file()
        if last:
            self._write(self._decoded(last + b"=" * (-len(last) % 4)))

    def _decoded(self, text: bytes) -> bytes:
        try:
            return binascii.a2b_base64(text, strict_mode=True)
        except binascii.Error as error:
            raise self._not_a_file() from error

    def _not_a_file(self) -> PostrailError:
        problem = Problem(
            field="file",
            problem="not_a_file",
            got=cut(self.start.decode(errors="replace"), 60),
            expected="the file in base64, a data: URI in base64, or an http or https URL",
            fix="send the file itself as multipart/form-data, or as the body of POST /v1/media",
            code="bad_request",
        )
        message = "The text is neither a file in base64 nor a URL."
        return PostrailError("bad_request", message, details=[problem])
