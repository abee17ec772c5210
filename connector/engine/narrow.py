"""Describes an operation as one account may use it right now."""

from connector.contract.narrow import narrow
from connector.engine.accounts import resolve_account
from connector.engine.context import Context
from connector.engine.model import Principal
from connector.engine.ports import TikTokError
from connector.kernel.errors import PostrailError


def describe_for(context: Context, principal: Principal, key: str, account: str) -> dict[str, object]:
    """Return an operation's manifest with the input schema narrowed to what TikTok lets the account do.

    Raises PostrailError `not_found`, as `resolve_account` does, TikTok's own code where TikTok refuses to
    say, and `tiktok_unreachable` where it does not answer.
    """
    document = context.contract.describe(key)
    found = resolve_account(context.access, principal, account)
    try:
        limits = context.tiktok.creator_info(found)
    except TikTokError as error:
        code = error.code if error.outcome == "refused" else "tiktok_unreachable"
        message = error.message or f"TikTok does not say what @{found.username} may post."
        raise PostrailError(code, message, tiktok_log_id=error.call.log_id) from error
    action = document["operation"]
    if isinstance(action, dict):
        action["inputSchema"] = narrow(action["inputSchema"], limits)
    document["account"] = {"open_id": found.open_id, "username": limits.username}
    return document
