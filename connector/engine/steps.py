"""What every effect does at its end: note a call, give the post back for later, or fail it."""

from connector.domain.lifecycle import State
from connector.domain.retry import backoff
from connector.engine.budget import init_kind, reserve
from connector.engine.context import Context
from connector.engine.model import Account, Change, Claim, Entry, Failure
from connector.engine.ports import Call
from connector.kernel.errors import PostrailError
from connector.kernel.log import get_log

log = get_log("engine")


def note(call: Call, decision: str) -> Entry:
    """Turn a call to TikTok into a line of the timeline."""
    return Entry(
        call=call.name,
        status=call.status,
        code=call.code,
        log_id=call.log_id,
        took_ms=call.took_ms,
        decision=decision,
    )


def decided(decision: str) -> Entry:
    """Return a line of the timeline that records a decision of ours."""
    return Entry(call="decision", decision=decision)


def account_of(context: Context, claim: Claim) -> Account:
    """Return the account of a post in hand, as the app that the post is bound to may act for it.

    Raises PostrailError `tiktok_not_connected` when it is gone, `account_needs_reconnect` when that app may
    not act for it any more.
    """
    account = context.access.account(claim.post.account_id, claim.post.app_id)
    if account is None:
        raise PostrailError("tiktok_not_connected", "The post's TikTok account is no longer connected.")
    return usable(account)


def usable(account: Account) -> Account:
    """Return an account that an app may act for. Raises PostrailError `account_needs_reconnect`."""
    if account.access_token:
        return account
    raise PostrailError("account_needs_reconnect", f"@{account.username} must be connected again.")


def later(context: Context, claim: Claim, wait_ms: int, change: Change | None = None) -> None:
    """Give the post back, due in `wait_ms`."""
    context.ledger.release(claim.lease, next_at=context.ledger.lately() + wait_ms, change=change)


def again(context: Context, claim: Claim) -> None:
    """Give the post back after a failure that may pass; waits longer each time."""
    tries = claim.post.tries + 1
    later(context, claim, backoff(tries), Change(tries=tries))


def again_as_attempt(context: Context, claim: Claim, tries: int) -> None:
    """Give the post back for a new attempt: after a wait that grows, and in a slot of the account's own."""
    wait = reserve(context, account_of(context, claim), init_kind(claim.post))
    later(context, claim, max(backoff(tries), wait))


def failure_of(error: PostrailError, *, fail_reason: str | None = None) -> Failure:
    """Turn a refusal into what is stored on the post."""
    return Failure(
        code=error.code,
        message=error.message,
        details=tuple(problem.as_dict() for problem in error.details),
        fail_reason=fail_reason,
        tiktok_log_id=error.tiktok_log_id,
    )


def fail(context: Context, claim: Claim, failure: Failure, *entries: Entry) -> None:
    """End the post as failed, and say why."""
    log.info("post_failed", post_id=claim.post.id, code=failure.code, message=failure.message)
    change = Change(state=State.FAILED, failure=failure)
    context.ledger.release(claim.lease, next_at=None, change=change, entries=entries)
    context.wake()
