"""Secrets at rest: AES-256-GCM under a key derived from the installation's own.

Key     HKDF-SHA256 of the installation's secret key
Key id  8 hex digits that tell which key sealed a text, and nothing of the key
Box     12 bytes of nonce, the ciphertext, 16 bytes of tag; bound to a context, so that it opens nowhere else
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
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


class _Key:
    """One of the installation's keys, with what is derived from it."""

    def __init__(self, secret_key: bytes) -> None:
        if len(secret_key) < _LEAST_SECRET:
            raise ValueError(f"the secret key needs at least {_LEAST_SECRET} bytes")
        self.key_id = _derive(secret_key, b"postrail key id", _KEY_ID_SIZE).hex()
        self.signing = _derive(secret_key, b"postrail signatures", _KEY_SIZE)
        self.cipher = AESGCM(_derive(secret_key, b"postrail secrets at rest", _KEY_SIZE))


class Secrets:
    """Seals and opens short texts under the installation's keys, each at least 16 bytes.

    The first key seals; every one of them opens. `look` gives the keys again where they may change while this
    process runs: None as long as they are the same. A key that this process has known is not forgotten.
    """

    def __init__(self, *secret_keys: bytes, look: Callable[[], Sequence[bytes] | None] | None = None) -> None:
        if not secret_keys:
            raise ValueError("there is no secret key")
        self._look = look or (lambda: None)
        self._keys: tuple[_Key, ...] = ()
        self._take(secret_keys)

    def _take(self, secret_keys: Sequence[bytes]) -> None:
        fresh = [_Key(secret_key) for secret_key in secret_keys]
        known = {key.key_id for key in fresh}
        self._keys = (*fresh, *(key for key in self._keys if key.key_id not in known))

    def _present(self) -> tuple[_Key, ...]:
        """Return the keys as they are now."""
        changed = self._look()
        if changed:
            self._take(changed)
        return self._keys

    @property
    def key_id(self) -> str:
        """Return the id of the key that seals now."""
        return self._present()[0].key_id

    def signing_keys(self) -> tuple[bytes, ...]:
        """Return the keys for signatures, the present one first."""
        return tuple(key.signing for key in self._present())

    def seal(self, text: str, *, nonce: bytes, context: str) -> Sealed:
        """Seal `text` for `context`; a nonce of 12 bytes must never be used twice."""
        key = self._present()[0]
        return Sealed(key.key_id, nonce + key.cipher.encrypt(nonce, text.encode(), context.encode()))

    def unseal(self, sealed: Sealed, *, context: str) -> str:
        """Return the text. Raises PostrailError `not_ready` when another key or context sealed it."""
        nonce, ciphertext = sealed.box[:NONCE_SIZE], sealed.box[NONCE_SIZE:]
        keys = self._keys
        if sealed.key_id not in {key.key_id for key in keys}:
            keys = self._present()
        for key in keys:
            if key.key_id == sealed.key_id:
                with suppress(InvalidTag):
                    return key.cipher.decrypt(nonce, ciphertext, context.encode()).decode()
        raise PostrailError(
            "not_ready",
            f"A stored secret was sealed with key {sealed.key_id}; this server has key {keys[0].key_id}.",
        )


def _derive(secret_key: bytes, purpose: bytes, size: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=size, salt=None, info=purpose).derive(secret_key)
