"""Which TikTok account a request means."""

from collections.abc import Sequence

from connector.engine.model import Account, Principal
from connector.engine.ports import AccessStore
from connector.kernel.errors import PostrailError, Problem

_OTHER_WAYS = "or the id or open_id that list_accounts tells of it"


def resolve_account(access: AccessStore, principal: Principal, ref: str | None) -> Account:
    """Find the account by our id, `open_id` or @handle; without `ref`, the only one that is connected.

    Of two accounts that had a handle one after the other, that for which an app may act is meant. One that
    was disconnected is found where it is named, and neither taken nor offered. One whose consent has ended
    still counts: a post that named nobody must not go to another account because of it.

    Raises PostrailError `tiktok_not_connected` (the workspace has none, or all of several were disconnected),
    `account_not_found`, or `account_required` (there are several and the request names none).
    """
    meant = _meant(access, principal, ref)
    if meant:
        return next((account for account in meant if account.access_token), meant[0])
    raise _refusal(_known(access, principal), ref)


def _meant(access: AccessStore, principal: Principal, ref: str | None) -> list[Account]:
    """Return the accounts that a request may mean, without a look at the others."""
    if ref is not None:
        # What cannot be written is nobody's name, and PostgreSQL takes no NUL.
        found = access.meant(principal.workspace_id, ref) if ref.isprintable() else []
        return [account for account in found if principal.account_id in {None, account.id}]
    if principal.account_id is not None:
        return _known(access, principal)
    only = access.only(principal.workspace_id)
    return [] if only is None else [only]


def _known(access: AccessStore, principal: Principal) -> list[Account]:
    """Return the accounts that a principal may post to."""
    if principal.account_id is None:
        return access.accounts(principal.workspace_id)
    bound = access.account(principal.account_id)
    return [bound] if bound is not None and bound.workspace_id == principal.workspace_id else []


def _refusal(known: Sequence[Account], ref: str | None) -> PostrailError:
    """Return why none of the accounts that are known is meant."""
    if not known:
        return PostrailError("tiktok_not_connected", "No TikTok account is connected to this workspace.")
    connected = [account for account in known if not account.disconnected]
    names = ", ".join(f"@{account.username}" for account in (connected or known)[:20])
    if ref is not None:
        problem = Problem(
            field="account",
            problem="unknown_account",
            got=ref,
            expected=f"one of {names}",
            fix=f"send one of them, {_OTHER_WAYS}",
            code="account_not_found",
        )
        return PostrailError("account_not_found", f"There is no account {ref} here.", details=[problem])
    if not connected:
        return PostrailError(
            "tiktok_not_connected", "None of this workspace's accounts is connected any more."
        )
    problem = Problem(
        field="account",
        problem="required",
        got="nothing",
        expected=f"one of {names}",
        fix=f"send account with one of them, {_OTHER_WAYS}",
        code="account_required",
    )
    return PostrailError("account_required", "Say which TikTok account is meant.", details=[problem])
