"""TikTok's webhooks, pure: the signature held to the raw body, and the body read.

Sources: TikTok's pages on webhook verification and webhook events. The body's `content` is JSON inside a
string; the names of two events are misspelt on some pages, so each spelling is taken.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from connector.engine.ports_tiktok import EventKind, TikTokEvent, Verdict
from connector.kernel.errors import PostrailError
from connector.kernel.jsontext import digest
from connector.tiktok.wire import ReplyError, number_or_none, parse_object, text_or_none

_TIME = re.compile(r"[0-9]{1,12}")
_MAC = re.compile(r"[0-9a-f]{64}")

_SPELLINGS = {
    **{kind.value: kind for kind in EventKind if kind is not EventKind.UNKNOWN},
    "post.publish.publicaly_available": EventKind.PUBLICLY_AVAILABLE,
    "post.publish.no_longer_publicaly_available": EventKind.NO_LONGER_PUBLIC,
}
_FLOWS: dict[object, Literal["direct", "inbox"]] = {
    "DIRECT_PUBLISH": "direct",
    "DIRECT_POST": "direct",
    "INBOX_SHARE": "inbox",
}
"""`DIRECT_PUBLISH` is what TikTok sends; `DIRECT_POST` what several readers of its pages expect."""


def verify(header: str | None, raw: bytes, secret: str, *, now_ms: int, tolerance_s: int) -> Verdict:
    """Hold the `TikTok-Signature` header (`t=<unix seconds>,s=<64 hex>`) to the raw body, in constant time.

    `secret` is the app's client secret. `stale`: signed with it, but `t` is more than `tolerance_s` from now.
    """
    given = dict(part.strip().partition("=")[::2] for part in (header or "").split(","))
    signed_at, mac = given.get("t", ""), given.get("s", "").lower()
    if not _TIME.fullmatch(signed_at) or not _MAC.fullmatch(mac):
        return "malformed"
    if not secret or not hmac.compare_digest(sign(signed_at, raw, secret), mac):
        return "forged"
    return "stale" if abs(now_ms - int(signed_at) * 1000) > tolerance_s * 1000 else "genuine"


def sign(signed_at: str, raw: bytes, secret: str) -> str:
    """Return TikTok's signature of a body: hex HMAC-SHA256 over `<unix seconds>.<raw body>`."""
    return hmac.new(secret.encode(), f"{signed_at}.".encode() + raw, hashlib.sha256).hexdigest()


def read_event(raw: bytes) -> TikTokEvent:
    """Read a webhook's body, verified or not; an unknown event is kept whole.

    Raises PostrailError `bad_request` when it is no JSON object or lacks client_key, event or create_time.
    """
    try:
        body = parse_object(raw)
        name, client_key = _required(body, "event"), _required(body, "client_key")
        created_s = number_or_none(body.get("create_time"))
        if created_s is None:
            raise ReplyError("create_time is missing or no number")
        content = _content(body.get("content"))
        kind = _SPELLINGS.get(name, EventKind.UNKNOWN)
        open_id = text_or_none(body.get("user_openid"))
        mark = digest(
            {
                "event": name if kind is EventKind.UNKNOWN else kind.value,
                "client_key": client_key,
                "user_openid": open_id,
                "create_time": created_s,
                "content": content,
            }
        )
    except (ValueError, RecursionError) as error:
        raise PostrailError("bad_request", f"Not a webhook of TikTok's: {error}.") from error
    reason = content.get("reason")
    return TikTokEvent(
        kind=kind,
        name=name,
        client_key=client_key,
        open_id=open_id,
        created_at=created_s * 1000,
        digest=mark,
        content=content,
        publish_id=text_or_none(content.get("publish_id")),
        post_id=text_or_none(content.get("post_id")),
        flow=_FLOWS.get(content.get("publish_type")),
        fail_reason=text_or_none(reason) if kind is EventKind.PUBLISH_FAILED else None,
        removal_reason=number_or_none(reason) if kind is EventKind.AUTHORIZATION_REMOVED else None,
    )


def _required(body: Mapping[str, Any], name: str) -> str:
    found = body.get(name)
    if not isinstance(found, str) or not found:
        raise ReplyError(f"{name} is missing or no text")
    return found


def _content(found: object) -> dict[str, object]:
    """Read `content`: JSON in a string, or the object itself; ids become text.

    What is neither is kept as `{"text": ...}`: a genuine delivery is never refused for its content.
    """
    if isinstance(found, str):
        try:
            parsed = json.loads(found)
        except (ValueError, RecursionError):
            return {"text": found}
        found = parsed if isinstance(parsed, dict) else {"text": found}
    if not isinstance(found, dict):
        return {}
    return {key: _id_as_text(key, value) for key, value in found.items()}


def _id_as_text(key: str, value: object) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number and key.endswith("_id") else value
