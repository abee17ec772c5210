"""Webhook bodies and their signature, pure (reference 7 and 7.1)."""

import hashlib
import hmac
import json

from connector.kernel.jsontext import Json
from connector.sandbox.behaviour import Behaviour

REMOVED = "authorization.removed"
FAILED = "post.publish.failed"
COMPLETE = "post.publish.complete"
INBOX_DELIVERED = "post.publish.inbox_delivered"
PUBLIC = "post.publish.publicly_available"
NO_LONGER_PUBLIC = "post.publish.no_longer_publicaly_available"
"""The last one misspelt, as the page has it."""

USER_DISCONNECTED = 1
DEVELOPER_REVOKED = 5
REASONS = range(6)
"""Reasons of `authorization.removed`: unknown, disconnected, deleted, age changed, banned, revoked."""

RETRY_FOR = 72 * 3600 * 1000
"""Milliseconds after which an event is dropped."""

_SPELLINGS = {
    "documented": {},
    "corrected": {NO_LONGER_PUBLIC: "post.publish.no_longer_publicly_available"},
    "old": {PUBLIC: "post.publish.publicaly_available"},
}


def spelt(event: str, behaviour: Behaviour) -> str:
    """Return an event's name in the chosen spelling."""
    return _SPELLINGS[behaviour.event_names].get(event, event)


def publish_type(flow: str, behaviour: Behaviour) -> str:
    """Return `publish_type` of a flow; INBOX_SHARE is documented, the other was captured (U17)."""
    return "INBOX_SHARE" if flow == "inbox" else behaviour.direct_publish_type


def body_of(client_key: str, event: str, open_id: str, content: dict[str, Json], at: int) -> str:
    """Spell a webhook body; `at` is UTC ms, and `content` is JSON within JSON."""
    body: dict[str, Json] = {
        "client_key": client_key,
        "event": event,
        "create_time": at // 1000,
        "user_openid": open_id,
        "content": json.dumps(content, separators=(",", ":")),
    }
    return json.dumps(body, separators=(",", ":"))


def signature(secret: str, body: bytes, t: int) -> str:
    """Return the `TikTok-Signature` header of a body sent at `t` (seconds since the epoch)."""
    digest = hmac.new(secret.encode(), f"{t}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={t},s={digest}"


def retry_at(created_at: int, now: int, tries: int, first_wait_s: float) -> int | None:
    """Return when to try again after `tries` failures, all in UTC ms; None: 72 hours are over."""
    wait = round(first_wait_s * 1000) * 2 ** min(tries - 1, 30)
    at = now + wait
    return at if at < created_at + RETRY_FOR else None
