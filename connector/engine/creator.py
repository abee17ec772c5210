"""Asks TikTok what an account may post right now, within its budget."""

from connector.engine.budget import take
from connector.engine.context import Context
from connector.engine.model import Account
from connector.engine.ports import CreatorInfo, TikTokError
from connector.engine.steps import usable
from connector.kernel.errors import PostrailError


def ask_creator(context: Context, account: Account) -> CreatorInfo:
    """Return TikTok's answer.

    Raises PostrailError: `account_needs_reconnect`, `rate_limit_exceeded` while the account's budget is used
    up, TikTok's own code where TikTok refuses, and `tiktok_unreachable` where it does not answer.
    """
    if wait := take(context, usable(account), "creator_info"):
        message = f"@{account.username} has been asked about as often as TikTok allows in a minute."
        raise PostrailError("rate_limit_exceeded", message, retry_at=context.clock.now() + wait)
    try:
        return context.tiktok.creator_info(account)
    except TikTokError as error:
        code = error.code if error.outcome == "refused" else "tiktok_unreachable"
        message = error.message or f"TikTok does not say what @{account.username} may post."
        raise PostrailError(code, message, tiktok_log_id=error.call.log_id) from error
