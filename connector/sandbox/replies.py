"""An answer on its way to the wire, and the mishaps that can befall it there."""

from dataclasses import dataclass, field, replace

from flask import Response, request

from connector.sandbox.journal import ANSWERED, REPLY_LOST, RESET, TRUNCATED
from connector.sandbox.rules import Rule
from connector.sandbox.wire import Refusal

MISHAP = "sandbox.mishap"
"""WSGI environ key: the journal's word for what the server does instead of answering."""

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"

_AFTERWARDS = {"lose": REPLY_LOST, "reset": RESET, "truncate": TRUNCATED}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer; `code` is for the request log, `status` None there when nobody was left to answer."""

    status: int
    code: str | None
    body: bytes = b""
    content_type: str | None = JSON
    headers: dict[str, str] = field(default_factory=dict)
    log_id: str | None = None
    outcome: str = ANSWERED

    def on_the_wire(self) -> Response:
        """Return it for Flask, and tell the server about its mishap."""
        if self.outcome in _AFTERWARDS.values():
            request.environ[MISHAP] = self.outcome
        answer = Response(self.body, status=self.status, headers=self.headers)
        if self.content_type is not None:
            answer.content_type = self.content_type
        return answer


class Stopped(Exception):
    """A call that its caption's marker stops before it has any effect."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.what)
        self.rule = rule


def gateway(status: int) -> Reply:
    """Return the bare page of a gateway."""
    body = f"<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n".encode()
    return Reply(status=status, code="gateway", body=body, content_type=HTML)


def refusal_of(rule: Rule) -> Refusal:
    """Return the refusal that a rule gives."""
    return Refusal(rule.code, rule.message, status=rule.status)


def befallen(reply: Reply, rule: Rule) -> Reply:
    """Return what becomes of an answer whose connection a rule spoils."""
    return replace(reply, outcome=_AFTERWARDS.get(rule.what, reply.outcome))
