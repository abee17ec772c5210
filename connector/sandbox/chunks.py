"""The rules of a chunked upload, pure: the plan an init call declares and each PUT against it.

Source: TikTok's media transfer guide (reference 4.6). TikTok does not say whether its MB has 10^6 or 2^20
bytes; the narrower reading of each bound is held here, so that what passes is right under both.
"""

import re
from dataclasses import dataclass

from connector.sandbox.wire import BAD_CHUNK_COUNT, BAD_CHUNK_SIZE, BAD_SOURCE_INFO, Refusal

MIN_CHUNK = 5 * 1024 * 1024
"""Bytes: the least size of a chunk when there are several."""
MAX_CHUNK = 64_000_000
"""Bytes: the greatest size of a chunk that is not the last."""
MAX_LAST_CHUNK = 128_000_000
"""Bytes: the greatest size of the last chunk, which takes the remainder."""
MAX_VIDEO = 4 * 1024**3
"""Bytes: the greatest video."""
MAX_COUNT = 1000
CONTENT_TYPES = frozenset({"video/mp4", "video/quicktime", "video/webm"})

_RANGE = re.compile(r"bytes (\d{1,12})-(\d{1,12})/(\d{1,12})")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an init call declared, all in bytes but `count`."""

    size: int
    chunk: int
    count: int

    def last_byte_of(self, first: int) -> int | None:
        """Return the last byte (inclusive) of the chunk starting at `first`; None: none starts there."""
        index, rest = divmod(first, self.chunk)
        if rest or index >= self.count:
            return None
        return self.size - 1 if index == self.count - 1 else first + self.chunk - 1


@dataclass(frozen=True, kw_only=True)
class Range:
    """A PUT's `Content-Range: bytes first-last/total`, inclusive, in bytes."""

    first: int
    last: int
    total: int

    @property
    def length(self) -> int:
        """Return how many bytes the range holds."""
        return self.last - self.first + 1


class BadChunk(Exception):
    """A PUT that is answered with `status`; `why` is for the request log."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(f"{status} {why}")
        self.status = status
        self.why = why


def plan_of(size: int, chunk: int, count: int) -> Plan:
    """Hold a declared upload to TikTok's chunk maths.

    Raises Refusal (400 invalid_params) with the message seen on the wire.
    """
    if not 0 < size <= MAX_VIDEO:
        raise Refusal("invalid_params", BAD_SOURCE_INFO)
    if not 1 <= count <= MAX_COUNT:
        raise Refusal("invalid_params", BAD_CHUNK_COUNT)
    if count == 1:
        _check_single(size, chunk)
    elif not MIN_CHUNK <= chunk <= MAX_CHUNK:
        raise Refusal("invalid_params", BAD_CHUNK_SIZE)
    if count != size // chunk:
        raise Refusal("invalid_params", BAD_CHUNK_COUNT)
    if size - (count - 1) * chunk > MAX_LAST_CHUNK:
        raise Refusal("invalid_params", BAD_CHUNK_SIZE)
    return Plan(size=size, chunk=chunk, count=count)


def _check_single(size: int, chunk: int) -> None:
    if chunk != size:
        raise Refusal("invalid_params", BAD_CHUNK_SIZE)
    if size > MAX_CHUNK:
        raise Refusal("invalid_params", BAD_CHUNK_COUNT)


def read_headers(content_type: str | None, content_length: str | None, content_range: str | None) -> Range:
    """Read a PUT's three headers. Raises BadChunk 400 when one is missing, malformed or at odds."""
    if (content_type or "").partition(";")[0].strip().lower() not in CONTENT_TYPES:
        raise BadChunk(400, "bad_content_type")
    found = _RANGE.fullmatch(content_range or "")
    if found is None:
        raise BadChunk(400, "bad_content_range")
    first, last, total = (int(group) for group in found.groups())
    if last < first or last >= total:
        raise BadChunk(400, "bad_content_range")
    asked = Range(first=first, last=last, total=total)
    if content_length != str(asked.length):
        raise BadChunk(400, "bad_content_length")
    return asked


def check_next(plan: Plan, received: int, asked: Range) -> None:
    """Hold a PUT to the plan and to the `received` bytes so far.

    Raises BadChunk: 400 for another total or a wrong chunk size, 416 for a range that is not the next one.
    A range that was accepted before is 416 as well: TikTok does not document it (reference U8).
    """
    if asked.total != plan.size:
        raise BadChunk(400, "bad_total")
    if asked.first != received:
        raise BadChunk(416, "not_the_next_range")
    if asked.last != plan.last_byte_of(asked.first):
        raise BadChunk(400, "bad_chunk_size")


def progress(received: int, total: int) -> str:
    """Spell the `Content-Range` of a PUT's answer: `bytes 0-{UPLOADED_BYTES}/{TOTAL}`, a count of bytes."""
    return f"bytes 0-{received}/{total}"
