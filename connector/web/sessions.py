"""Browser sessions in a signed cookie: small, without a secret in it, and worth nothing on another site."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Request, Response

from connector.kernel.clock import Clock
from connector.kernel.signing import Signer


class Cookie:
    """One signed cookie, of `life_s` seconds, sent to `path` alone and, on https, over https alone."""

    def __init__(
        self, signer: Signer, clock: Clock, name: str, *, path: str, life_s: int, secure: bool
    ) -> None:
        self._signer = signer
        self._clock = clock
        self._name = name
        self._path = path
        self._life_s = life_s
        self._secure = secure

    def write(self, response: Response, values: Mapping[str, object]) -> None:
        """Set the cookie, which carries JSON `values` that its holder may read and cannot change."""
        ends = self._clock.now() + self._life_s * 1000
        text = json.dumps({**values, "ends": ends}, separators=(",", ":")).encode().hex()
        signed = f"{text}.{self._signer.sign(self._name, text)}"
        response.set_cookie(
            self._name,
            signed,
            max_age=self._life_s,
            path=self._path,
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )

    def read(self, request: Request) -> dict[str, Any] | None:
        """Return the values, None when there is no cookie of ours or its time has passed."""
        text, _, signature = request.cookies.get(self._name, "").partition(".")
        if not text or not self._signer.is_ours(self._name, text, signature):
            return None
        values: dict[str, Any] = json.loads(bytes.fromhex(text))
        return values if values["ends"] > self._clock.now() else None

    def clear(self, response: Response) -> None:
        """Take the cookie away."""
        response.delete_cookie(
            self._name, path=self._path, secure=self._secure, httponly=True, samesite="Lax"
        )
