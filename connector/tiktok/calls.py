"""Sends one request to TikTok through guarded egress, times it, and says of a failure what it means."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.engine.blobs import Reading
from connector.engine.model import Account
from connector.engine.ports import Call, TikTokError
from connector.kernel.clock import Clock
from connector.kernel.errors import PostrailError
from connector.kernel.jsontext import canonical
from connector.net import Broken, Egress, Reply, Timeout, Unsent
from connector.tiktok import wire

API_TIMEOUT = Timeout(connect_s=10, idle_s=20, total_s=30)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request; `size` are the bytes of its body. `name` is how the journal calls it."""

    name: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | Reading = b""
    size: int = 0
    timeout: Timeout = API_TIMEOUT


class Caller:
    """Calls TikTok at `base_url` (no trailing slash)."""

    def __init__(self, egress: Egress, base_url: str, clock: Clock) -> None:
        self.base_url = base_url
        self._egress = egress
        self._clock = clock

    def api(
        self,
        endpoint: wire.Endpoint,
        account: Account,
        body: Mapping[str, object] | None = None,
        *,
        query: str = "",
    ) -> tuple[dict[str, Any], Call]:
        """Call an endpoint for an account and return its data. Raises TikTokError."""
        raw = canonical(body).encode() if body is not None else b""
        request = Request(
            name=endpoint.name,
            method=endpoint.method,
            url=f"{self.base_url}{endpoint.path}{'?' if query else ''}{query}",
            headers={
                "Authorization": f"Bearer {account.access_token}",
                "Content-Type": "application/json; charset=UTF-8",
            },
            body=raw,
            size=len(raw),
        )
        reply, call = self.send(request)
        try:
            data, error = wire.parse_reply(reply.body)
        except wire.ReplyError as problem:
            outcome = wire.outcome_of(reply.status, None, repeatable=endpoint.repeatable)
            raise TikTokError(outcome, call, "tiktok_error", f"HTTP {reply.status}: {problem}") from problem
        code = error["code"]
        call = replace(call, code=code, log_id=wire.log_id_of(error, reply.headers))
        if code != wire.SUCCESS:
            outcome = wire.outcome_of(reply.status, code, repeatable=endpoint.repeatable)
            message = str(error.get("message") or "")
            raise TikTokError(outcome, call, wire.our_code(code, message), message)
        return data, call

    def send(self, request: Request) -> tuple[Reply, Call]:
        """Send a request once and return its answer, whatever its status. Raises TikTokError.

        An address that egress refuses (a resolver gave a private one) is a call that never arrived.
        """
        started = self._clock.ticks()
        try:
            reply = self._egress.send(
                request.method,
                request.url,
                headers=request.headers,
                body=request.body if request.method != "GET" else None,
                content_length=request.size,
                timeout=request.timeout,
            )
        except (Unsent, PostrailError) as error:
            call = self._call(request.name, started)
            raise TikTokError("unsent", call, "tiktok_unreachable", str(error)) from error
        except Broken as error:
            call = self._call(request.name, started)
            raise TikTokError("unknown", call, "tiktok_unreachable", str(error)) from error
        return reply, self._call(request.name, started, reply)

    def _call(self, name: str, started: float, reply: Reply | None = None) -> Call:
        return Call(
            name=name,
            status=reply.status if reply else None,
            log_id=reply.headers.get("x-tt-logid") if reply else None,
            took_ms=round((self._clock.ticks() - started) * 1000),
        )
