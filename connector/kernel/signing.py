"""Signed texts: what this installation handed out and wants to recognise when it comes back."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence


class Signer:
    """Signs texts for a purpose; `keys` gives the present key first, then those that are still believed."""

    def __init__(self, keys: Callable[[], Sequence[bytes]]) -> None:
        self._keys = keys

    def sign(self, purpose: str, text: str) -> str:
        """Return the signature of `text`, 43 URL-safe characters; it is good for this purpose alone."""
        return _signature(self._keys()[0], purpose, text)

    def is_ours(self, purpose: str, text: str, signature: str) -> bool:
        """Tell, in constant time, whether we signed `text` for this purpose."""
        return any(
            hmac.compare_digest(_signature(key, purpose, text).encode(), signature.encode())
            for key in self._keys()
        )


def _signature(key: bytes, purpose: str, text: str) -> str:
    made = hmac.new(key, f"{purpose}\n{text}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
