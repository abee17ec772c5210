"""A JSON object that carries a file as text: the text leaves piece by piece, the rest is kept to be read.

Only what is needed to tell the one member from the others is looked at here; whether the rest is JSON is for
its reader to say.
"""

import json
import re
from collections.abc import Callable
from functools import lru_cache

from connector.contract import refuse
from connector.kernel.errors import PostrailError

_MARKS = re.compile(rb'["{}\[\],:]')
_IN_TEXT = re.compile(rb'["\\]')
_ESCAPE = re.compile(rb"\\(?:u.{4}|[^u])", re.DOTALL)
_WHOLE = re.compile(rb'(?:[^"\\]++|\\u.{4}|\\[^u])*+', re.DOTALL)
"""What a text has before its end, or before an escape that is not whole yet."""

_OPENING, _CLOSING = b"{[", b"}]"
_SHORT_ESCAPE, _LONG_ESCAPE = 2, 6
"""Bytes of `\\n` and of `\\u002b`."""

_MOST_KEPT = 1_000
"""Escapes whose characters are remembered; base64 needs a handful."""


class InlineFile:
    """Takes a JSON body in pieces; the text of the member called one of `names` goes to `feed`.

    `rest` is the body with an empty text in its place, of at most `limit` bytes.
    """

    def __init__(self, feed: Callable[[bytes], None], names: frozenset[bytes], limit: int) -> None:
        self._feed = feed
        self._names = names
        self._limit = limit
        self.rest = bytearray()
        self.found = False
        self._depth = 0
        self._key: bytes | None = None
        self._mark = b""
        self._text_from = 0
        self._escape = b""
        self._state: Callable[[bytes, int], int] = self._between

    def take(self, piece: bytes) -> None:
        """Take the next piece. Raises PostrailError and whatever `feed` raises."""
        at = 0
        while at < len(piece):
            at = self._state(piece, at)
            if len(self.rest) > self._limit:
                raise PostrailError("payload_too_large", "The request has more than its file may need.")

    def _between(self, piece: bytes, at: int) -> int:
        """Read from `at` up to the start of a text; return where that is."""
        for found in _MARKS.finditer(piece, at):
            mark = found.group()
            if mark == b'"':
                self.rest += piece[at : found.end()]
                self._start_text()
                return found.end()
            self._mark = mark
            self._depth += (mark in _OPENING) - (mark in _CLOSING)
        self.rest += piece[at:]
        return len(piece)

    def _start_text(self) -> None:
        is_file = self._depth == 1 and self._mark == b":" and self._key in self._names
        if is_file and self.found:
            refuse("sent_twice", "The file stands twice in the body.", fix="send one file as text")
        self.found = self.found or is_file
        self._text_from = len(self.rest)
        self._state = self._in_file if is_file else self._in_text

    def _in_text(self, piece: bytes, at: int) -> int:
        """Keep a text up to its end; note it where it names a member of the whole."""
        if self._escape:
            self._escape = b""
            self.rest += piece[at : at + 1]
            return at + 1
        found = _IN_TEXT.search(piece, at)
        if found is None:
            self.rest += piece[at:]
            return len(piece)
        self.rest += piece[at : found.end()]
        if found.group() == b"\\":
            self._escape = b"\\"
        else:
            if self._depth == 1 and self._mark in {b"{", b","}:
                self._key = bytes(self.rest[self._text_from : -1])
            self._state = self._between
        return found.end()

    def _in_file(self, piece: bytes, at: int) -> int:
        """Give the file's text away up to its end, or up to an escape that the next piece ends."""
        if self._escape:
            return self._unescape(piece, at)
        found = _WHOLE.match(piece, at)
        end = found.end() if found else at
        self._feed(_ESCAPE.sub(_unescaped, piece[at:end]))
        if piece[end : end + 1] == b'"':
            self.rest += b'"'
            self._state = self._between
            return end + 1
        self._escape = piece[end:]
        return len(piece)

    def _unescape(self, piece: bytes, at: int) -> int:
        """Read an escaped character that began in an earlier piece."""
        so_far = self._escape + piece[at : at + 1]
        length = _LONG_ESCAPE if so_far[1:2] == b"u" else _SHORT_ESCAPE
        end = at + length - len(self._escape)
        self._escape += piece[at:end]
        if len(self._escape) == length:
            self._feed(_character(self._escape))
            self._escape = b""
        return end


def _unescaped(found: re.Match[bytes]) -> bytes:
    return _character(found.group())


@lru_cache(_MOST_KEPT)
def _character(escape: bytes) -> bytes:
    try:
        return str(json.loads(b'"' + escape + b'"')).encode(errors="replace")
    except ValueError:
        return refuse("broken_json", "The body is not JSON: a text has a broken escape.", fix="send JSON")
