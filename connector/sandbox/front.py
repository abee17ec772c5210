"""The front desk of every endpoint: the request log, the script's mishaps, bearer, scope, rate, the envelope.

Order of the checks: reference 9.2. Failed calls count against the minute, except those it refused.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Literal

from flask import Response, g, request

from connector.kernel.ids import Ids
from connector.kernel.jsontext import Json
from connector.kernel.log import get_log
from connector.sandbox.accounts import Account
from connector.sandbox.journal import ANSWERED, BROKEN_OFF, REPLY_LOST, RESET
from connector.sandbox.replies import Reply, Stopped, befallen, gateway, refusal_of
from connector.sandbox.rules import Rule
from connector.sandbox.uploads import drain
from connector.sandbox.wire import BAD_AUTHORIZATION, Refusal, answer, flat_refusal, new_log_id, refusal
from connector.sandbox.world import World

IS_CONNECTED = "sandbox.is_connected"
"""WSGI environ key: a callable that looks whether the client is still there."""
MAX_BODY = 1024 * 1024
"""Bytes of a JSON body."""
FORM = "application/x-www-form-urlencoded"
NOT_A_FORM = f"Only `{FORM}` is accepted as Content-Type."
SERVER_ERROR = "server_error"

Handler = Callable[[Account, object], dict[str, Json] | None]
FormHandler = Callable[[Mapping[str, str]], dict[str, Json] | None]

_log = get_log("sandbox")


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One TikTok endpoint: its short name, the scopes of which one is needed, and its calls per minute."""

    name: str
    scopes: tuple[str, ...]
    per_minute: int | None = None
    family: Literal["publish", "display"] = "publish"


class OAuthRefusal(Exception):
    """An OAuth call that is refused: TikTok's `error` and `error_description` (reference 2.8)."""

    def __init__(self, error: str, description: str, *, status: int | None = None) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status


class Front:
    """Serves TikTok's endpoints from a world."""

    def __init__(self, world: World, *, ids: Ids) -> None:
        self._world = world
        self._ids = ids

    def serve(self, endpoint: Endpoint, handler: Handler) -> Response:
        """Answer the present request by `handler`, which gets the account and the JSON body (or None)."""
        log_id = self.new_log_id()
        return self.carry_out(
            endpoint.name,
            lambda: self._enveloped(endpoint, handler, log_id),
            lambda refused: self._refused(endpoint, refused, log_id),
        )

    def serve_form(self, name: str, handler: FormHandler) -> Response:
        """Answer the present request of an OAuth endpoint by `handler`, which gets the form's fields."""
        log_id = self.new_log_id()
        return self.carry_out(
            name,
            lambda: self._flat(name, handler, log_id),
            lambda refused: self._flatly_refused(_as_oauth(refused), log_id),
        )

    def new_log_id(self) -> str:
        """Return a fresh log id."""
        return new_log_id(self._world.clock.now(), self._ids)

    def carry_out(self, name: str, work: Callable[[], Reply], refuse: Callable[[Refusal], Reply]) -> Response:
        """Log the present call, let the script spoil it, and answer it."""
        number = self._world.journal.begin(request.method, request.full_path.rstrip("?"))
        g.mishap = self._world.strike(name)
        reply = self._played(work, refuse)
        if reply.outcome == ANSWERED and self._world.knobs.spend_lost_reply(name):
            reply = replace(reply, outcome=REPLY_LOST)
        nobody = reply.outcome in (BROKEN_OFF, RESET)
        self._world.journal.end(
            number,
            status=None if nobody else reply.status,
            code=reply.code,
            log_id=reply.log_id,
            publish_id=g.get("publish_id"),
            outcome=reply.outcome,
        )
        return reply.on_the_wire()

    def _played(self, work: Callable[[], Reply], refuse: Callable[[Refusal], Reply]) -> Reply:
        """Do the work, unless a mishap comes first, and let one befall its answer."""
        before: Rule | None = g.mishap
        if before is not None and before.stops:
            return _instead(before, refuse)
        if before is not None and before.what == "slow" and not before.after_effect:
            self._world.pause(before.seconds)
        try:
            reply = work()
        except Stopped as stopped:
            return _instead(stopped.rule, refuse)
        after: Rule | None = g.mishap
        if after is None:
            return reply
        if after.what == "slow" and after.after_effect:
            self._world.pause(after.seconds)
        if after.what in ("refuse", "gateway"):
            return _instead(after, refuse)
        return befallen(reply, after)

    def _enveloped(self, endpoint: Endpoint, handler: Handler, log_id: str) -> Reply:
        try:
            account = self._bearer()
            self._admit(endpoint, account)
            body = answer(handler(account, _json_body()), log_id)
            return _json_reply(200, "ok", body, log_id)
        except Refusal as refused:
            return self._refused(endpoint, refused, log_id)
        except Stopped:
            raise
        except Exception:  # noqa: BLE001 - the last line of defence: every call gets an answer
            _log.exception("endpoint_failed", endpoint=endpoint.name)
            return self._refused(endpoint, Refusal("internal_error"), log_id)

    def _refused(self, endpoint: Endpoint, refused: Refusal, log_id: str) -> Reply:
        behaviour = self._world.knobs.behaviour
        if refused.code == "invalid_params" and endpoint.family == "publish":
            refused = Refusal(behaviour.bad_params_code, refused.message, status=refused.status)
        body = refusal(refused, log_id, with_data=behaviour.empty_data_on_error)
        return _json_reply(refused.status, refused.code, body, log_id)

    def _flat(self, name: str, handler: FormHandler, log_id: str) -> Reply:
        try:
            self._admit_form(name)
            body = handler(request.form)
        except OAuthRefusal as refused:
            return self._flatly_refused(refused, log_id)
        except Exception:  # noqa: BLE001 - the last line of defence: every call gets an answer
            _log.exception("endpoint_failed", endpoint=name)
            return self._flatly_refused(_as_oauth(Refusal("internal_error")), log_id)
        if body is None:
            return Reply(status=200, code="ok", headers=_headers(log_id), log_id=log_id)
        return _json_reply(200, "ok", body, log_id)

    def _admit_form(self, name: str) -> None:
        fault = self._world.knobs.spend_refusal(name)
        if fault is not None:
            raise _as_oauth(fault)
        if request.mimetype != FORM:
            raise OAuthRefusal("invalid_request", NOT_A_FORM)

    def _flatly_refused(self, refused: OAuthRefusal, log_id: str) -> Reply:
        status = refused.status or self._world.knobs.behaviour.oauth_error_status
        body = flat_refusal(refused.error, refused.description, log_id)
        return _json_reply(status, refused.error, body, log_id)

    def _bearer(self) -> Account:
        header = request.headers.get("Authorization")
        if header is None:
            raise Refusal("access_token_invalid")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refusal("invalid_params", BAD_AUTHORIZATION)
        account = self._world.login.bearer(token.strip())
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
        if not self._world.rates.take(account.seen_as, endpoint.name, endpoint.per_minute):
            raise Refusal("rate_limit_exceeded")


def _instead(rule: Rule, refuse: Callable[[Refusal], Reply]) -> Reply:
    """Return the answer that a rule puts in place of the true one."""
    if rule.what in ("lose", "reset"):
        return befallen(Reply(status=500, code=None), rule)
    drain(request.environ["wsgi.input"])
    if rule.what == "gateway":
        return gateway(rule.status or HTTPStatus.BAD_GATEWAY)
    return refuse(refusal_of(rule))


def _as_oauth(refused: Refusal) -> OAuthRefusal:
    """Return a planted refusal in the words of an OAuth endpoint."""
    if refused.code == "internal_error":
        return OAuthRefusal(SERVER_ERROR, refused.message, status=refused.status)
    known_status = refused.status if refused.status != HTTPStatus.BAD_REQUEST else None
    return OAuthRefusal(refused.code, refused.message, status=known_status)


def _headers(log_id: str) -> dict[str, str]:
    return {"x-tt-logid": log_id, "Cache-Control": "no-store"}


def _json_reply(status: int, code: str, body: dict[str, Json], log_id: str) -> Reply:
    return Reply(
        status=status, code=code, body=json.dumps(body).encode(), headers=_headers(log_id), log_id=log_id
    )


def _json_body() -> object:
    if (request.content_length or 0) > MAX_BODY:
        raise Refusal("invalid_params")
    try:
        return json.loads(request.get_data() or b"null")
    except ValueError:
        return None
