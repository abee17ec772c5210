"""The one source of randomness: sortable ids and unguessable tokens."""

import secrets
from typing import Protocol

from connector.kernel.clock import Clock

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base 32 without I, L, O and U, as ULIDs use it."""


class Ids(Protocol):
    """Where ids and tokens come from."""

    def new(self, prefix: str) -> str:
        """Return a new id, `prefix_` and 26 characters that sort by creation time."""

    def token(self) -> str:
        """Return an unguessable token of 43 URL-safe characters (256 bits)."""


def encode_ulid(ms: int, randomness: int) -> str:
    """Spell 48 bits of milliseconds and 80 bits of randomness as a ULID (26 characters)."""
    value = (ms << 80) | randomness
    return "".join(CROCKFORD[(value >> shift) & 31] for shift in range(125, -5, -5))


class SystemIds:
    """Ids from the operating system's random source."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def new(self, prefix: str) -> str:
        """Return `prefix_` and a ULID of the present millisecond."""
        return f"{prefix}_{encode_ulid(self._clock.now(), secrets.randbits(80))}"

    def token(self) -> str:
        """Return 256 random bits, URL-safe."""
        return secrets.token_urlsafe(32)
