"""TikTok's envelope, pure: the endpoints, how a reply is split, and what an error says about the effect.

Source: TikTok's error handling page. Success is `error.code == "ok"`, whatever the HTTP status says:
creator_info answers some refusals with HTTP 200.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["refused", "unsent", "unknown", "retry"]

_DIGITS = re.compile(r"[0-9]{1,19}")

SUCCESS = "ok"
"""The `error.code` of an answer that is no error."""

HTTP_OK = 200
HTTP_TOO_MANY = 429
HTTP_SERVER_ERROR = 500


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One of TikTok's addresses; `repeatable` says that asking twice does no more than asking once."""

    name: str
    path: str
    method: Literal["GET", "POST"] = "POST"
    repeatable: bool = True


CREATOR_INFO = Endpoint(name="creator_info/query", path="/v2/post/publish/creator_info/query/")
VIDEO_INIT = Endpoint(name="video/init", path="/v2/post/publish/video/init/", repeatable=False)
INBOX_INIT = Endpoint(name="inbox/video/init", path="/v2/post/publish/inbox/video/init/", repeatable=False)
CONTENT_INIT = Endpoint(name="content/init", path="/v2/post/publish/content/init/", repeatable=False)
STATUS_FETCH = Endpoint(name="status/fetch", path="/v2/post/publish/status/fetch/")
CANCEL = Endpoint(name="cancel", path="/v2/post/publish/cancel/")
USER_INFO = Endpoint(name="user/info", path="/v2/user/info/", method="GET")
VIDEO_LIST = Endpoint(name="video/list", path="/v2/video/list/")
VIDEO_QUERY = Endpoint(name="video/query", path="/v2/video/query/")

_OURS = {"internal_error": "tiktok_internal_error", "invalid_request": "tiktok_invalid_request"}
"""TikTok's codes that mean something else in Postrail's own catalogue."""

_LATER = frozenset({"rate_limit_exceeded", "temporarily_unavailable"})
_BROKEN = frozenset({"internal_error", "server_error"})


class ReplyError(ValueError):
    """A reply that is not what TikTok's pages describe."""


def our_code(code: str, message: str = "") -> str:
    """Return the catalogue's name of a code of TikTok's: its own, unless that is taken by one of ours.

    An unknown publish id has a code of its own on TikTok's pages; on the wire that code is the message.
    """
    if (code, message) == ("invalid_params", "invalid_publish_id"):
        return message
    return _OURS.get(code, code)


def outcome_of(status: int, code: str | None, *, repeatable: bool) -> Outcome:
    """Say what an answer without success means; `code` is None when the body could not be read.

    A 5xx to a call that is not repeatable may have had its effect, and so may an unreadable answer.
    """
    if status == HTTP_TOO_MANY or code in _LATER:
        return "retry"
    if status >= HTTP_SERVER_ERROR or code is None or code in _BROKEN:
        return "retry" if repeatable else "unknown"
    return "refused"


def parse_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object; its integers keep all their digits. Raises ReplyError."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ReplyError("the reply is not JSON") from error
    if not isinstance(found, dict):
        raise ReplyError("the reply is no JSON object")
    return found


def parse_reply(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a reply into its `data` (empty when absent) and `error` objects.

    Raises ReplyError when the body is no JSON object with an `error.code`.
    """
    reply = parse_object(body)
    error, data = reply.get("error"), reply.get("data")
    if not isinstance(error, dict) or not isinstance(error.get("code"), str):
        raise ReplyError("the reply has no error object with a code")
    return (data if isinstance(data, dict) else {}), error


def log_id_of(error: Mapping[str, Any], headers: Mapping[str, str]) -> str | None:
    """Return TikTok's log id: `log_id` in the body (tables call it `logid`), else the `x-tt-logid` header."""
    found = error.get("log_id") or error.get("logid") or headers.get("x-tt-logid")
    return str(found) if found else None


def text_or_none(value: object) -> str | None:
    """Return a text or a whole number as text; None for nothing, for empty text and for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def number_or_none(value: object) -> int | None:
    """Return a whole number, also one of up to 19 digits that came as text; None for anything else."""
    if isinstance(value, str):
        return int(value) if _DIGITS.fullmatch(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
