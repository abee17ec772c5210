"""TikTok's answers as they stand on the wire: the envelope, the log id, and every refusal's text.

Shape A of the reference: `{"data": {...}, "error": {"code", "message", "log_id"}}`; success: `code == "ok"`.
The wire messages were collected from production logs (reference 4.10 and 1.2).
"""

import hashlib
from datetime import UTC, datetime

from connector.kernel.ids import Ids
from connector.kernel.jsontext import Json

GUIDELINES = (
    "Please review our integration guidelines at "
    "https://developers.tiktok.com/doc/content-sharing-guidelines/"
)
OWNERSHIP = (
    "Please review our URL ownership verification rules at "
    "https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide/#pull_from_url"
)
BAD_POST_INFO = "The request post info is empty or incorrect"
BAD_SOURCE_INFO = "The request source info is empty or incorrect"
BAD_MEDIA_TYPE = "Invalid media_type or post_mode"
BAD_CHUNK_COUNT = "The total chunk count is invalid"
BAD_CHUNK_SIZE = "The chunk size is invalid"
BAD_AUTHORIZATION = "Invalid authorization header. Please check the format."
BAD_FIELDS = "Fields is invalid or empty"

_KNOWN: dict[str, tuple[int, str]] = {
    "access_token_invalid": (401, "The access token is invalid or not found in the request."),
    "scope_not_authorized": (
        401,
        "The user did not authorize the scope required for completing this request.",
    ),
    "invalid_params": (400, "The request parameters are invalid."),
    "invalid_param": (400, "The request parameters are invalid."),
    "invalid_file_upload": (400, "The file does not meet the API specification."),
    "scope_permission_missed": (400, "Access token is invalid, some fields need additional scopes."),
    "app_version_check_failed": (400, "The user's TikTok app is older than version 31.8."),
    "invalid_publish_id": (400, "invalid_publish_id"),
    "token_not_authorized_for_specified_publish_id": (
        400,
        "The access token is not authorized for the specified publish_id.",
    ),
    "publish_not_cancellable": (400, "The publish can no longer be cancelled."),
    "spam_risk_too_many_posts": (403, GUIDELINES),
    "spam_risk_user_banned_from_posting": (403, GUIDELINES),
    "spam_risk_too_many_pending_share": (403, GUIDELINES),
    "reached_active_user_cap": (403, GUIDELINES),
    "unaudited_client_can_only_post_to_private_accounts": (403, GUIDELINES),
    "url_ownership_unverified": (403, OWNERSHIP),
    "privacy_level_option_mismatch": (403, GUIDELINES),
    "rate_limit_exceeded": (429, "The API rate limit was exceeded. Please try again later."),
    "internal_error": (500, "Something is wrong on our side. Please try again later."),
    "unsupported_path": (404, "Unsupported path."),
}


class Refusal(Exception):
    """A call that TikTok answers with an error: its code, HTTP status and wire message.

    Status and message default to what was seen on the wire for `code`; an unknown code is a 400.
    """

    def __init__(self, code: str, message: str | None = None, *, status: int | None = None) -> None:
        known_status, known_message = _KNOWN.get(code, (400, code))
        self.code = code
        self.status = known_status if status is None else status
        self.message = known_message if message is None else message
        super().__init__(f"{self.status} {self.code}: {self.message}")


def new_log_id(now: int, ids: Ids) -> str:
    """Return a log id as TikTok spells it: 14 digits of UTC time and 20 hex characters. `now` is in ms."""
    stamp = datetime.fromtimestamp(now / 1000, tz=UTC).strftime("%Y%m%d%H%M%S")
    return stamp + hashlib.sha256(ids.token().encode()).hexdigest()[:20].upper()


def answer(data: dict[str, Json] | None, log_id: str) -> dict[str, Json]:
    """Return the envelope of a success; `data` None leaves the member out, as the cancel call does."""
    error: Json = {"code": "ok", "message": "", "log_id": log_id}
    return {"error": error} if data is None else {"data": data, "error": error}


def refusal(refused: Refusal, log_id: str, *, with_data: bool = True) -> dict[str, Json]:
    """Return the envelope of a refusal; most captures show an empty `data`, some none."""
    error: Json = {"code": refused.code, "message": refused.message, "log_id": log_id}
    return {"data": {}, "error": error} if with_data else {"error": error}


def flat_refusal(error: str, description: str, log_id: str) -> dict[str, Json]:
    """Return shape B, the refusal of an OAuth endpoint (reference 1.1)."""
    return {"error": error, "error_description": description, "log_id": log_id}
