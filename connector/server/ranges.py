"""Byte ranges of RFC 9110, section 14: pure."""

import re
from dataclasses import dataclass

_ONE = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")


class Unsatisfiable(ValueError):
    """The range begins behind the end of the file (416)."""


@dataclass(frozen=True)
class Span:
    """Bytes `first` to `last`, both inclusive."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """Bytes in the span."""
        return self.last - self.first + 1


def parse_range(header: str | None, size: int) -> Span | None:
    """Read a `Range` header against a file of `size` bytes.

    None when the whole file is to be sent: no header, several ranges, or one that the RFC lets a server
    ignore. Raises Unsatisfiable when no byte of the file is in the range.
    """
    found = _ONE.match((header or "").strip().replace(" ", ""))
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        wanted = min(int(last), size)
        if wanted == 0:
            raise Unsatisfiable(header)
        return Span(size - wanted, size - 1)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise Unsatisfiable(header)
    return Span(int(first), min(int(last), size - 1) if last else size - 1)
