"""Chance by seed, pure: the same seed and the same call always draw the same lot."""

import hashlib


def lot(seed: int, *parts: object) -> float:
    """Return a number of at least 0 and less than 1 that `seed` and `parts` decide."""
    text = " ".join(str(part) for part in (seed, *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
