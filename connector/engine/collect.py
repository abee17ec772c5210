"""Use case: delete what nobody needs any more: files of the spool, and records of what ended long ago."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from connector.engine.intake import forget
from connector.engine.library import Library

T = TypeVar("T")

YOUNG_MS = 600_000
"""Files that came lately are passed by: whoever brought them is about to say who needs them.

Nothing depends on it but the number of uploads that would have to be sent again.
"""

FORGET_MS = 90 * 86_400_000
"""How long it is remembered that an upload or an album once was."""

AT_ONCE = 500
"""Files asked about in one look."""


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What a collection did, or would do: files and bytes that went and that stay, and records that went."""

    files: int
    bytes: int
    kept_files: int
    kept_bytes: int
    records: int = 0
    dry_run: bool = False


def collect(library: Library, now: int, *, young_ms: int = YOUNG_MS, dry_run: bool = False) -> Collected:
    """Delete the files that no living upload and no post needs; `now`: UTC milliseconds.

    Safe beside any number of processes that take files in, and beside other collections.
    """
    went: list[int] = []
    stay: list[int] = []
    for some in _batches(library.intake.stored(), AT_ONCE):
        needed = library.records.needed([media_id for media_id, _, _ in some], library.life)
        for media_id, size, came in some:
            if media_id in needed or came > now - young_ms:
                stay.append(size)
            else:
                gone = size if dry_run else forget(library, media_id)
                (went if gone else stay).append(size)
    records = 0 if dry_run else _forgotten(library)
    return Collected(
        files=len(went),
        bytes=sum(went),
        kept_files=len(stay),
        kept_bytes=sum(stay),
        records=records,
        dry_run=dry_run,
    )


def _forgotten(library: Library) -> int:
    """Drop the records of what ended long ago, and unfinished uploads whose life is over."""
    presigned = 0 if library.presigned is None else library.presigned.sweep()
    return library.records.sweep(FORGET_MS) + library.partials.sweep() + presigned


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of up to `size` items."""
    source = iter(items)
    while some := list(islice(source, size)):
        yield some
