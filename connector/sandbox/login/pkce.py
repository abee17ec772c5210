"""TikTok's PKCE, pure: the challenge is the verifier's SHA-256 in lowercase hex, not base64url (2.4)."""

import hashlib
import hmac
import re

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{1,128}")
"""The documented least length of 43 is not enforced: TikTok's own Android SDK sends 32."""


def challenge_of(verifier: str) -> str:
    """Return the challenge that belongs to a verifier, 64 hex characters."""
    return hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).hexdigest()


def proves(verifier: str | None, challenge: str) -> bool:
    """Say whether `verifier` is well formed and belongs to `challenge`."""
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        return False
    return hmac.compare_digest(challenge_of(verifier).encode(), challenge.encode())
