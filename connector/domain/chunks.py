"""TikTok's chunk arithmetic for FILE_UPLOAD.

Source: TikTok's media transfer guide. The guide does not say whether its MB are 10^6 or 2^20 bytes, so the
sizes chosen here are valid under both readings.
"""

from collections.abc import Iterator
from dataclasses import dataclass

WHOLE_LIMIT = 64_000_000
"""Bytes up to which a video goes as one chunk."""

CHUNK_SIZE = 10_000_000
"""Bytes of every chunk but the last, which takes the remainder."""

VIDEO_LIMIT = 4_000_000_000
"""Bytes of the largest video TikTok takes (4 GB, the smaller reading)."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """One PUT: bytes `first` to `last`, both inclusive, of `total`."""

    first: int
    last: int
    total: int

    @property
    def size(self) -> int:
        """Bytes in this chunk."""
        return self.last - self.first + 1

    @property
    def is_final(self) -> bool:
        """Whether TikTok starts processing after this chunk."""
        return self.last == self.total - 1


@dataclass(frozen=True, kw_only=True)
class ChunkPlan:
    """`count` chunks of `size` bytes, the last one with the remainder of `total` bytes."""

    total: int
    size: int
    count: int

    def chunks(self, uploaded: int = 0) -> Iterator[Chunk]:
        """Yield the chunks that remain when TikTok already holds the first `uploaded` bytes.

        Resumes at the chunk that `uploaded` falls into: a chunk is stored whole or not at all.
        """
        start = min(uploaded // self.size, self.count) if uploaded < self.total else self.count
        for index in range(start, self.count):
            first = index * self.size
            last = self.total - 1 if index == self.count - 1 else first + self.size - 1
            yield Chunk(first=first, last=last, total=self.total)


def plan_chunks(total: int) -> ChunkPlan:
    """Plan the upload of `total` bytes (at least 1)."""
    if total < 1:
        raise ValueError("a video has at least one byte")
    if total <= WHOLE_LIMIT:
        return ChunkPlan(total=total, size=total, count=1)
    return ChunkPlan(total=total, size=CHUNK_SIZE, count=total // CHUNK_SIZE)
