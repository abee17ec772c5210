"""Seals what is secret on its way into a row, and opens it on its way out."""

import hashlib

from connector.kernel.ids import Ids
from connector.store.secrets import NONCE_SIZE, Sealed, Secrets


class Sealer:
    """Seals texts under `secrets`, each with a nonce of its own from `ids`."""

    def __init__(self, secrets: Secrets, ids: Ids) -> None:
        self._secrets = secrets
        self._ids = ids

    @property
    def key_id(self) -> str:
        """Return the id of the key that seals now."""
        return self._secrets.key_id

    def seal(self, text: str, context: str) -> Sealed:
        """Seal a text for `context`, which says what it is and whose, so that it opens nowhere else."""
        # The ids' tokens are unguessable and never repeat, whatever they are spelt like: so is their hash.
        nonce = hashlib.sha256(self._ids.token().encode()).digest()[:NONCE_SIZE]
        return self._secrets.seal(text, nonce=nonce, context=context)

    def open(self, key_id: str, box: bytes, context: str) -> str:
        """Return the text. Raises PostrailError `not_ready` when no known key opens it."""
        return self._secrets.unseal(Sealed(key_id, bytes(box)), context=context)


def app_context(client_key: str) -> str:
    """Say what an app's sealed secret is."""
    return f"client_secret of {client_key}"


def grant_context(app_id: str, open_id: str, workspace_id: str) -> str:
    """Say what a grant's sealed tokens are."""
    return f"tokens of {open_id} for {app_id} in {workspace_id}"


def login_context(login_id: str) -> str:
    """Say what a login's sealed verifier is."""
    return f"code_verifier of {login_id}"
