"""The front desk of every TikTok endpoint: bearer, scope, rate, then the handler; the envelope; the log.

Order of the checks: reference 9.2. Failed calls count against the minute, except those it refused.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, g, request

from connector.kernel.clock import Clock
from connector.kernel.ids import Ids
from connector.kernel.jsontext import Json
from connector.kernel.log import get_log
from connector.sandbox.accounts import Account
from connector.sandbox.journal import ANSWERED, REPLY_LOST
from connector.sandbox.wire import BAD_AUTHORIZATION, Refusal, answer, new_log_id, refusal
from connector.sandbox.world import World

LOSE_REPLY = "sandbox.lose_reply"
"""WSGI environ key: the server closes the connection instead of answering."""
IS_CONNECTED = "sandbox.is_connected"
"""WSGI environ key: a callable that looks whether the client is still there."""
MAX_BODY = 1024 * 1024
"""Bytes of a JSON body."""

Handler = Callable[[Account, object], dict[str, Json] | None]

_log = get_log("sandbox")


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One TikTok endpoint: its short name, the scopes of which one is needed, and its calls per minute."""

    name: str
    scopes: tuple[str, ...]
    per_minute: int | None = None


class Front:
    """Serves TikTok's JSON endpoints from a world."""

    def __init__(self, world: World, *, clock: Clock, ids: Ids) -> None:
        self._world = world
        self._clock = clock
        self._ids = ids

    def serve(self, endpoint: Endpoint, handler: Handler) -> Response:
        """Answer the present request by `handler`, which gets the account and the JSON body (or None)."""
        number = self._world.journal.begin(request.method, request.full_path.rstrip("?"))
        log_id = new_log_id(self._clock.now(), self._ids)
        status, code, body = self._outcome(endpoint, handler, log_id)
        lost = self._world.knobs.spend_lost_reply(endpoint.name)
        request.environ[LOSE_REPLY] = lost
        self._world.journal.end(
            number,
            status=status,
            code=code,
            log_id=log_id,
            publish_id=g.get("publish_id"),
            outcome=REPLY_LOST if lost else ANSWERED,
        )
        return Response(
            json.dumps(body),
            status=status,
            content_type="application/json; charset=utf-8",
            headers={"x-tt-logid": log_id},
        )

    def _outcome(self, endpoint: Endpoint, handler: Handler, log_id: str) -> tuple[int, str, dict[str, Json]]:
        try:
            account = self._bearer()
            self._admit(endpoint, account)
            return 200, "ok", answer(handler(account, _json_body()), log_id)
        except Refusal as refused:
            return refused.status, refused.code, refusal(refused, log_id)
        except Exception:  # noqa: BLE001 - the last line of defence: every call gets an answer
            _log.exception("endpoint_failed", endpoint=endpoint.name)
            fault = Refusal("internal_error")
            return fault.status, fault.code, refusal(fault, log_id)

    def _bearer(self) -> Account:
        header = request.headers.get("Authorization")
        if header is None:
            raise Refusal("access_token_invalid")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refusal("invalid_params", BAD_AUTHORIZATION)
        account = self._world.accounts.holder(token.strip())
        if account is None:
            raise Refusal("access_token_invalid")
        return account

    def _admit(self, endpoint: Endpoint, account: Account) -> None:
        fault = self._world.knobs.spend_refusal(endpoint.name)
        if fault is not None:
            raise fault
        if not account.allows(*endpoint.scopes):
            raise Refusal("scope_not_authorized")
        if endpoint.per_minute is None or not account.traits.rate_limits:
            return
        if not self._world.rates.take(account.open_id, endpoint.name, endpoint.per_minute):
            raise Refusal("rate_limit_exceeded")


def _json_body() -> object:
    if (request.content_length or 0) > MAX_BODY:
        raise Refusal("invalid_params")
    try:
        return json.loads(request.get_data() or b"null")
    except ValueError:
        return None
