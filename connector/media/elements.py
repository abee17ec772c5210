"""Walks the elements of WebM files by range reads (pure). Source: RFC 8794 (EBML)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from connector.media.boxes import Unreadable

CLUSTER = 0x1F43B675
"""The id of what holds pictures and sound: nothing that is read here stands behind the first one."""

MAX_ELEMENTS = 10_000
"""Elements of one file that are read, on all levels: the heads of real files have some hundreds."""

MAX_BYTES = 1024 * 1024
"""Bytes of one file's values that are read."""

MAX_VALUE = 64 * 1024
"""Bytes of the largest value that is read: a codec's private data may have some kilobytes."""

_LONGEST_ID, _LONGEST_SIZE = 4, 8


@dataclass(frozen=True)
class Element:
    """One element: its id, and its payload from byte `start` up to `end`, its parent's end at the latest.

    `claims` is the end that it claims itself, None where it goes as far as it goes.
    """

    id: int
    start: int
    end: int
    claims: int | None


class ElementReader:
    """Reads the elements of one file of `size` bytes, within a budget for the whole file.

    An element ends where its parent ends, whatever it claims. Each method raises Unreadable once
    `max_elements` headers or `max_bytes` of values are exceeded.
    """

    def __init__(
        self, file: BinaryIO, size: int, *, max_elements: int = MAX_ELEMENTS, max_bytes: int = MAX_BYTES
    ) -> None:
        self._file = file
        self._elements_left = max_elements
        self._bytes_left = max_bytes
        self.whole = Element(0, 0, size, size)

    def inside(self, parent: Element) -> Iterator[Element]:
        """Yield what stands inside an element, up to the first cluster, what has no end, and its own end."""
        if parent.claims is None:
            raise Unreadable("a part of its head has no end")
        start = parent.start
        while start < parent.end:
            element = self._at(start, parent.end)
            if element.id == CLUSTER or element.start > parent.end:
                return
            yield element
            if element.claims is None:
                return
            start = element.claims

    def members(self, parent: Element) -> dict[int, Element]:
        """Return what stands inside an element by id, the last one of each."""
        return {element.id: element for element in self.inside(parent)}

    def number(self, element: Element) -> int:
        """Return the number that an element holds."""
        return int.from_bytes(self.value(element)[:_LONGEST_SIZE], "big")

    def value(self, element: Element) -> bytes:
        """Return what is in an element."""
        length = element.end - element.start
        if element.claims is None or length > MAX_VALUE:
            raise Unreadable("a part of its head is too large")
        self._bytes_left -= length
        if self._bytes_left < 0:
            raise Unreadable("its head is too large")
        self._file.seek(element.start)
        return self._file.read(length)

    def _at(self, start: int, end: int) -> Element:
        self._elements_left -= 1
        if self._elements_left < 0:
            raise Unreadable("its head has too many parts")
        self._file.seek(start)
        head = self._file.read(_LONGEST_ID + _LONGEST_SIZE)
        name, width = _vint(head, 0, _LONGEST_ID)
        marked, more = _vint(head, width, _LONGEST_SIZE)
        length, unknown = marked - (1 << (7 * more)), (1 << (7 * more)) - 1
        at = start + width + more
        claims = None if length == unknown else at + length
        return Element(name, at, end if claims is None else min(claims, end), claims)


def _vint(data: bytes, at: int, longest: int) -> tuple[int, int]:
    """Read EBML's number of variable size with its marker, and how many bytes it takes."""
    first = data[at] if at < len(data) else 0
    width = 9 - first.bit_length()
    if width > longest or at + width > len(data):
        raise Unreadable("its head is cut or damaged")
    return int.from_bytes(data[at : at + width], "big"), width
