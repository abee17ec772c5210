"""Output rows: what a caller is told about a post, in the shape of `schemas/output/`. Pure."""

from collections.abc import Iterable, Mapping

from connector.contract import Contract
from connector.domain.lifecycle import TABLE, State
from connector.domain.retry import stays_refused
from connector.engine.model import Account, Entry, Failure, Post
from connector.kernel.clock import to_iso, to_iso_or_none
from connector.kernel.errors import PostrailError

URL_REASONS: dict[State, str] = {
    State.IN_MODERATION: "in_moderation",
    State.PUBLISHED_PRIVATE: "not_public",
    State.INBOX_DELIVERED: "in_inbox",
    State.INBOX_EXPIRED: "inbox_expired",
    State.REMOVED: "removed",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
    State.UNCONFIRMED: "unconfirmed",
    State.STALLED: "stalled",
    State.HELD: "held",
}
"""Why there is no URL; `processing` for every other state without one."""


def post_url(post: Post, account: Account | None, web_url: str) -> str | None:
    """Return the public address of a post, None before TikTok gave a public id and once it is removed."""
    if not post.public_ids or account is None or post.state is State.REMOVED:
        return None
    return f"{web_url}/@{account.username}/{post.kind}/{post.public_ids[0]}"


def _url_reason(post: Post, paused: Mapping[str, object] | None) -> str:
    return "paused" if paused is not None else URL_REASONS.get(post.state, "processing")


def is_retryable(contract: Contract, code: str, problems: Iterable[str]) -> bool:
    """Tell whether the same request may succeed later, by its error's code and the words of its problems."""
    return contract.error(code).retryable and not stays_refused(code, frozenset(problems))


def failure_members(contract: Contract, failure: Failure) -> dict[str, object]:
    """Return the members of a failure answer for why a post failed."""
    entry = contract.error(failure.code)
    words = [str(item["problem"]) for item in failure.details]
    return {
        "error": failure.code,
        "message": failure.message,
        "details": [dict(item) for item in failure.details],
        "fix": entry.fix,
        "who": entry.who,
        "retryable": is_retryable(contract, failure.code, words),
        "retry_at": None,
        "tiktok_log_id": failure.tiktok_log_id,
        "fail_reason": failure.fail_reason,
    }


def error_body(contract: Contract, error: PostrailError, request_id: str) -> dict[str, object]:
    """Return the failure answer of a refused request."""
    entry = contract.error(error.code)
    return {
        "ok": False,
        "error": error.code,
        "message": error.message,
        "request_id": request_id,
        "details": [problem.as_dict() for problem in error.details],
        "fix": error.fix or entry.fix,
        "who": entry.who,
        "retryable": is_retryable(contract, error.code, (problem.problem for problem in error.details)),
        "retry_at": to_iso_or_none(error.retry_at),
        "tiktok_log_id": error.tiktok_log_id,
        **error.extra,
    }


def timeline_rows(entries: Iterable[Entry]) -> list[dict[str, object]]:
    """Return a post's journal as rows."""
    return [
        {
            "at": to_iso(entry.at),
            "call": entry.call,
            "status": entry.status,
            "code": entry.code,
            "tiktok_log_id": entry.log_id,
            "took_ms": entry.took_ms,
            "decision": entry.decision,
        }
        for entry in entries
    ]


def post_row(
    contract: Contract,
    post: Post,
    account: Account | None,
    web_url: str,
    *,
    receipt: Mapping[str, object],
    paused: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Return the answer about a post; `receipt` tells what the rows of this call became.

    `paused` tells of the pause that keeps it from being sent.
    """
    facts, url = TABLE[post.state], post_url(post, account, web_url)
    row: dict[str, object] = {
        "ok": facts.pm3k != "failed",
        "post_id": post.id,
        "publish_id": post.publish_id,
        "state": facts.pm3k,
        "status": post.state.value,
        "tiktok_status": post.tiktok_status,
        "tiktok_post_ids": list(post.public_ids),
        "post_url": url,
        "url_reason": None if url else _url_reason(post, paused),
        "account": {"open_id": account.open_id, "username": account.username} if account else None,
        "created_at": to_iso(post.created_at),
        "settled_at": to_iso_or_none(post.settled_at),
        **receipt,
    }
    if paused is not None:
        row["paused"] = paused
    if post.failure is not None:
        row.update(failure_members(contract, post.failure))
    return row
