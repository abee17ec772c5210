"""Secrets at rest: AES-256-GCM under a key derived from the installation's own.

Key     HKDF-SHA256 of the installation's secret key
Key id  8 hex digits that tell which key sealed a text, and nothing of the key
Box     12 bytes of nonce, the ciphertext, 16 bytes of tag; bound to a context, so that it opens nowhere else
"""

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connector.kernel.errors import PostrailError

NONCE_SIZE = 12
"""Bytes of a nonce."""

_KEY_SIZE = 32
_KEY_ID_SIZE = 4
_LEAST_SECRET = 16


@dataclass(frozen=True)
class Sealed:
    """A sealed text and the id of the key that opens it."""

    key_id: str
    box: bytes = field(repr=False)


class Secrets:
    """Seals and opens short texts. `secret_key` is the installation's own, at least 16 bytes."""

    def __init__(self, secret_key: bytes) -> None:
        if len(secret_key) < _LEAST_SECRET:
            raise ValueError(f"the secret key needs at least {_LEAST_SECRET} bytes")
        self.key_id = _derive(secret_key, b"postrail key id", _KEY_ID_SIZE).hex()
        self._signing_key = _derive(secret_key, b"postrail signatures", _KEY_SIZE)
        self._cipher = AESGCM(_derive(secret_key, b"postrail secrets at rest", _KEY_SIZE))

    def signing_keys(self) -> tuple[bytes, ...]:
        """Return the keys for signatures, the present one first."""
        return (self._signing_key,)

    def seal(self, text: str, *, nonce: bytes, context: str) -> Sealed:
        """Seal `text` for `context`; a nonce of 12 bytes must never be used twice."""
        return Sealed(self.key_id, nonce + self._cipher.encrypt(nonce, text.encode(), context.encode()))

    def unseal(self, sealed: Sealed, *, context: str) -> str:
        """Return the text. Raises PostrailError `not_ready` when another key or context sealed it."""
        nonce, ciphertext = sealed.box[:NONCE_SIZE], sealed.box[NONCE_SIZE:]
        try:
            return self._cipher.decrypt(nonce, ciphertext, context.encode()).decode()
        except InvalidTag as failed:
            raise PostrailError(
                "not_ready",
                f"A stored token was sealed with key {sealed.key_id}; this server has key {self.key_id}.",
            ) from failed


def _derive(secret_key: bytes, purpose: bytes, size: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=size, salt=None, info=purpose).derive(secret_key)
