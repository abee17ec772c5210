"""Several URLs in one text, taken apart where that leaves no doubt: a URL may hold commas and semicolons."""

import re
from typing import NamedTuple

_UPLOAD = "media_[0-9A-HJKMNP-TV-Z]{26}"

URL = re.compile(rf"(?i:https?)://[^\s/?#]\S*|{_UPLOAD}")
"""What counts as a URL when a list of them is taken apart; the id of an upload stands for one."""

_NEXT_URL = re.compile(rf"(?<=[\s,;])(?:(?i:https?)://|{_UPLOAD}(?=[\s,;]|$))")

_MARKS = (",", ";")

_RULES = {",": "commas_to_list", ";": "semicolons_to_list", "\n": "lines_to_list", " ": "blanks_to_list"}
"""What separates URLs, to the rule by which they became a list."""


_MOST = {"://": (300, "URLs"), "\n": (300, "lines"), ",": (10_000, "commas"), ";": (10_000, "semicolons")}
_LONGEST = 300_000
"""What no list has that a field takes: TikTok takes 35 photos, a URL here has at most 8,000 characters."""


class _Piece(NamedTuple):
    """A URL, what separates it from the next one, and whether a blank shows where it ends."""

    url: str
    mark: str
    sure: bool


def _piece(text: str) -> _Piece:
    bare = text.rstrip()
    blanks = text[len(bare) :]
    if not bare.endswith(_MARKS):
        return _Piece(bare, "\n" if "\n" in blanks else " ", sure=True)
    url = bare[:-1].rstrip()
    return _Piece(url, bare[-1], sure=bool(blanks) or len(url) < len(bare) - 1)


def _pieces(text: str) -> list[str]:
    """Cut a text before each URL but the first."""
    starts = [found.start() for found in _NEXT_URL.finditer(text)]
    return [text[at:end] for at, end in zip([0, *starts], [*starts, len(text)], strict=True)]


def split_urls(text: str) -> tuple[list[object], str] | None:
    """Take URLs apart as `a, b`, `a; b`, `a b` or one on each line; return them with the rule.

    None where there is but one, where they are separated in different ways, and where one may hold what
    separates them.
    """
    *first, last = _pieces(text.strip())
    pieces = [_piece(piece) for piece in first]
    marks = {piece.mark for piece in pieces}
    if len(marks) != 1:
        return None
    mark = marks.pop()
    # A list that was written by a loop often ends in its own separator.
    urls = [*(piece.url for piece in pieces), last.removesuffix(mark).rstrip()]
    sure = all(piece.sure for piece in pieces) or not any(mark in url for url in urls)
    if sure and all(URL.fullmatch(url) and not url.endswith(_MARKS) for url in urls):
        return list(urls), _RULES[mark]
    return None


def beyond_any_list(text: str) -> str:
    """Return what `text` has so much of that it need not be taken apart, `""` where it may be a list."""
    for mark, (most, what) in _MOST.items():
        if text.count(mark) > most:
            return f"more than {most:,} {what}"
    return f"{len(text):,} characters" if len(text) > _LONGEST else ""


def joins_urls(text: str) -> bool:
    """Tell whether `text` holds URLs that cannot be told apart for certain from what separates them."""
    if split_urls(text):
        return False
    if not _NEXT_URL.search(text):
        return bool(URL.match(text.strip())) and text.rstrip().endswith(_MARKS)
    return any(_NEXT_URL.search(line.strip()) or line.rstrip().endswith(_MARKS) for line in text.splitlines())
