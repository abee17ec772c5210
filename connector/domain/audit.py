"""What TikTok's audit of an app means for a post: pure.

TikTok tells nobody whether an app is audited; the first refusal does (reference pages "Direct Post" and
"Content sharing guidelines": an unaudited app posts to private accounts, with SELF_ONLY, for five users a
day).
"""

from collections.abc import Mapping
from typing import Literal

from connector.kernel.errors import Problem

UNAUDITED = "unaudited_client_can_only_post_to_private_accounts"
"""TikTok's refusal that says that an app has not passed its audit."""

USER_CAP = "reached_active_user_cap"
"""TikTok's refusal that says that an app has posted for as many users as it may today."""

LESSONS = frozenset({UNAUDITED, USER_CAP})
"""The refusals that say something of the app, not of the post."""

UNAUDITED_USERS = 5
"""Users for whom an unaudited app may post within 24 hours."""

CAP_WINDOW_MS = 24 * 3_600_000
CAP_HOLD_MS = 3_600_000
"""How long TikTok is not asked again for further users once it has said that the cap is reached."""

NOBODY_ELSE = "SELF_ONLY"


Audit = Literal["unknown", "unaudited", "audited"]
"""What is known of TikTok's audit of an app: nothing, that it is missing, or that it has been passed."""


def narrowed(content: Mapping[str, object], audit: Audit) -> list[Problem]:
    """Return what of a direct post an app without an audit may not do; nothing for any other app."""
    if audit != "unaudited":
        return []
    problems = []
    if content.get("privacy") != NOBODY_ELSE:
        problems.append(
            Problem(
                field="privacy",
                problem="app_not_audited",
                got=str(content.get("privacy")),
                expected=NOBODY_ELSE,
                fix="send SELF_ONLY with the account set to private, or post_mode: inbox",
                code=UNAUDITED,
            )
        )
    if content.get("brand_content_toggle"):
        problems.append(
            Problem(
                field="brand_content_toggle",
                problem="app_not_audited",
                got="true",
                expected="false: branded content cannot be private",
                fix="leave it out, or have the app audited by TikTok",
                code=UNAUDITED,
            )
        )
    return problems
