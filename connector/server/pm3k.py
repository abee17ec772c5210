"""How PM3K answers (its document, sections 4.6, 5.3 and 8)."""

from collections.abc import Callable

from connector.domain.lifecycle import TABLE, State
from connector.engine.model import Post
from connector.engine.perform import Told
from connector.kernel.errors import PostrailError, Problem

PUBLIC_IDS = ("publicaly_available_post_id", "publicly_available_post_id")
"""TikTok's names for the public ids in its reply: as it writes it, and as it is spelt."""

BEFORE_TIKTOK = "PUBLISHING"
"""PM3K's word for a post that TikTok has not spoken of yet."""


def _post(told: Told) -> Post:
    """Return the post of an answer: every operation that PM3K has is about one."""
    if told.post is None:
        raise AssertionError("an answer of PM3K's without a post")
    return told.post


def direct_post(told: Told) -> dict[str, object]:
    """Answer with the `publish_id` to ask about.

    Until TikTok has given one it is our post id, which `status` takes as well. A dry run, which PM3K has not,
    is answered as everywhere. Raises PostrailError with the post's own code when the post has already failed.
    """
    if told.post is None:
        return told.body
    post = told.post
    if post.failure is not None and TABLE[post.state].pm3k == "failed":
        raise PostrailError(
            post.failure.code,
            post.failure.message,
            details=[Problem.of(item) for item in post.failure.details],
            tiktok_log_id=post.failure.tiktok_log_id,
            extra={"post_id": post.id, "publish_id": post.publish_id},
        )
    receipt = {name: told.body[name] for name in ("coerced", "ignored", "warnings")}
    return {"ok": True, "publish_id": post.publish_id or post.id, "post_id": post.id, **receipt}


def status(told: Told) -> dict[str, object]:
    """Answer with TikTok's status, PM3K's state, and TikTok's own reply in `raw`.

    A webhook may have told more than the last reply: `raw` then carries TikTok's later word, and the public
    ids that it has given.
    """
    post = _post(told)
    facts = TABLE[post.state]
    raw = dict(post.raw_status or {})
    if post.tiktok_status:
        raw["status"] = post.tiktok_status
    if post.public_ids and post.state is not State.REMOVED:
        raw[next((name for name in PUBLIC_IDS if name in raw), PUBLIC_IDS[0])] = list(post.public_ids)
    return {
        "ok": True,
        "status": post.tiktok_status or facts.tiktok or BEFORE_TIKTOK,
        "state": facts.pm3k,
        "fail_reason": (post.failure.fail_reason or post.failure.code) if post.failure else None,
        "raw": {"data": raw} if raw else {},
        "post_id": post.id,
        "post_url": told.body["post_url"],
    }


SHAPES: dict[str, Callable[[Told], dict[str, object]]] = {"publish": direct_post, "check_status": status}
"""PM3K's answer by use case."""
