"""Which TikTok account a request means."""

from connector.engine.model import Account, Principal
from connector.engine.ports import AccessStore
from connector.kernel.errors import PostrailError, Problem

_OTHER_WAYS = "or the id or open_id that list_accounts tells of it"


def _is_meant(account: Account, ref: str) -> bool:
    handle = ref.removeprefix("@").lower()
    return ref in {account.id, account.open_id} or handle == account.username.lower()


def resolve_account(access: AccessStore, principal: Principal, ref: str | None) -> Account:
    """Find the account by our id, `open_id` or @handle; without `ref`, the only one that is connected.

    Of two accounts that had a handle one after the other, that for which an app may act is meant. One that
    was disconnected is found where it is named, and neither taken nor offered. One whose consent has ended
    still counts: a post that named nobody must not go to another account because of it.

    Raises PostrailError `tiktok_not_connected` (the workspace has none, or all of several were disconnected),
    `account_not_found`, or `account_required` (there are several and the request names none).
    """
    known = access.accounts(principal.workspace_id)
    if principal.account_id is not None:
        known = [account for account in known if account.id == principal.account_id]
    if not known:
        raise PostrailError("tiktok_not_connected", "No TikTok account is connected to this workspace.")
    connected = [account for account in known if not account.disconnected]
    names = ", ".join(f"@{account.username}" for account in (connected or known)[:20])
    if ref is not None:
        meant = [account for account in known if _is_meant(account, ref)]
        if meant:
            return next((account for account in meant if account.access_token), meant[0])
        problem = Problem(
            field="account",
            problem="unknown_account",
            got=ref,
            expected=f"one of {names}",
            fix=f"send one of them, {_OTHER_WAYS}",
            code="account_not_found",
        )
        raise PostrailError("account_not_found", f"There is no account {ref} here.", details=[problem])
    if len(connected) > 1:
        problem = Problem(
            field="account",
            problem="required",
            got="nothing",
            expected=f"one of {names}",
            fix=f"send account with one of them, {_OTHER_WAYS}",
            code="account_required",
        )
        raise PostrailError("account_required", "Say which TikTok account is meant.", details=[problem])
    if not connected and len(known) > 1:
        raise PostrailError(
            "tiktok_not_connected", "None of this workspace's accounts is connected any more."
        )
    return (connected or known)[0]
