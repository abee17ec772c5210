"""Byte ranges of RFC 9110, section 14: pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_RANGES = 16
"""Ranges of one request, after joining; with more the header is ignored, as section 14.2 allows."""

_HEADER = re.compile(r"^bytes[ \t]*=(?P<set>[-0-9, \t]{1,1000})$", re.IGNORECASE)
_ONE = re.compile(r"^(\d{0,18})-(\d{0,18})$")


class Unsatisfiable(ValueError):
    """No byte of the file is in the range (416)."""


@dataclass(frozen=True, order=True)
class Span:
    """Bytes `first` to `last`, both inclusive."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """Bytes in the span."""
        return self.last - self.first + 1


def parse_ranges(header: str | None, size: int) -> tuple[Span, ...]:
    """Read a `Range` header against a file of `size` bytes; ranges that meet or overlap are joined.

    Empty when the whole file is to be sent: no header, one that is malformed, or one that the RFC lets a
    server ignore. Raises Unsatisfiable when no byte of the file is in any range.
    """
    found = _HEADER.match((header or "").strip())
    if found is None:
        return ()
    asked = [_ONE.match(part.strip()) for part in found["set"].split(",") if part.strip()]
    pairs = [(one[1], one[2]) for one in asked if one is not None and one[0] != "-"]
    if not pairs or len(pairs) < len(asked) or any(_is_backwards(first, last) for first, last in pairs):
        return ()
    spans = [span for first, last in pairs if (span := _span(first, last, size)) is not None]
    if not spans:
        raise Unsatisfiable(header)
    joined = _joined(spans)
    return joined if len(joined) <= MOST_RANGES else ()


def _is_backwards(first: str, last: str) -> bool:
    return bool(first and last) and int(last) < int(first)


def _span(first: str, last: str, size: int) -> Span | None:
    """Return the bytes of the file that one range has; None where there is none."""
    if not first:
        wanted = min(int(last), size)
        return Span(size - wanted, size - 1) if wanted else None
    if int(first) >= size:
        return None
    return Span(int(first), min(int(last), size - 1) if last else size - 1)


def _joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Join what meets or overlaps; in the order of the file where anything was joined, else as asked for."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.first <= joined[-1].last + 1:
            joined[-1] = Span(joined[-1].first, max(joined[-1].last, span.last))
        else:
            joined.append(span)
    return tuple(joined) if len(joined) < len(spans) else tuple(spans)
