"""When tokens are renewed, and when somebody is told that they will end: pure."""

RENEW_AFTER = 0.75
"""The part of an access token's life after which it is renewed: six hours of its 24 are left then."""

WARN_AHEAD_MS = 14 * 24 * 3_600_000
"""How long before a refresh token ends (365 days, unless renewing extends it) its owner is told."""

WARN_ACCESS_MS = 3_600_000
"""How long before an access token ends that could not be renewed its owner is told."""

LEASE_MS = 120_000
"""How long a renewal may be in hand: longer than its call, its replay and its storing can take."""

_AGAIN_MS = (5_000, 30_000, 120_000, 600_000)


def renew_in_ms(expires_in_s: int, *, renewable: bool, renew_after: float = RENEW_AFTER) -> int | None:
    """Return the milliseconds until an access token is to be renewed; None where that is not possible."""
    return round(expires_in_s * 1000 * renew_after) if renewable else None


def again_in_ms(tries: int) -> int:
    """Return the milliseconds until the next try after the `tries`-th that failed (1 is the first)."""
    return _AGAIN_MS[min(max(tries, 1), len(_AGAIN_MS)) - 1]
