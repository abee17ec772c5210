"""Describes an operation as one account may use it right now."""

from connector.contract.narrow import narrow
from connector.engine.accounts import resolve_account
from connector.engine.context import Context
from connector.engine.creator import ask_creator
from connector.engine.model import Principal


def describe_for(context: Context, principal: Principal, key: str, account: str) -> dict[str, object]:
    """Return an operation's manifest with the input schema narrowed to what TikTok lets the account do.

    Raises PostrailError `not_found`, and as `resolve_account` and `ask_creator` do.
    """
    document = context.contract.describe(key)
    found = resolve_account(context.access, principal, account)
    limits = ask_creator(context, found)
    action = document["operation"]
    if isinstance(action, dict):
        action["inputSchema"] = narrow(action["inputSchema"], limits)
    document["account"] = {"open_id": found.open_id, "username": limits.username}
    return document
