"""HTTP as the drill's parts use it: one connection for each thread, and no proxy of this machine."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

CALL_S = 60.0


class NoAnswer(Exception):
    """No answer came, or none that is JSON: it may have been lost on its way back."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP status, the JSON object that came with it, and whether a key replayed it."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


class Line:
    """Calls over HTTP, from any thread."""

    def __init__(self) -> None:
        self._local = threading.local()

    def call(
        self,
        method: str,
        url: str,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = CALL_S,
    ) -> Answer:
        """Make one call. Raises NoAnswer."""
        try:
            reply = self._session().request(
                method, url, json=body, headers=headers, timeout=timeout_s, allow_redirects=False
            )
            found = reply.json()
        except (requests.RequestException, ValueError) as error:
            raise NoAnswer(f"{method} {url}: {type(error).__name__}") from error
        replayed = reply.headers.get("Idempotency-Replayed") == "true"
        return Answer(
            status=reply.status_code, body=found if isinstance(found, dict) else {}, replayed=replayed
        )

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
        return session
