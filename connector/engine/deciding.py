"""What a person may decide about a post, as tables: settle it, or have it tried anew. Pure."""

from collections.abc import Callable, Sequence

from connector.contract import ErrorEntry
from connector.domain.lifecycle import RESOLVABLE, TABLE, AttemptState, State
from connector.engine.model import Attempt, Post, Principal
from connector.engine.model_incident import OPERATOR, Deed
from connector.kernel.errors import PostrailError
from connector.kernel.redact import redact

RESOLVED = "resolved_not_published"
"""Why a post failed of which a person says that TikTok has not published it."""

PUBLIC = "PUBLIC_TO_EVERYONE"
NOTE_LIMIT = 500
"""Characters of a reason that are kept."""

_AT_TIKTOK = frozenset({AttemptState.ACCEPTED, AttemptState.UNCERTAIN})


def deed_of(
    principal: Principal, action: str, target: str, note: str = "", *, everywhere: bool = False
) -> Deed:
    """Return what is written into the audit. `everywhere`: it touches every workspace."""
    return Deed(
        who=OPERATOR if principal.is_operator else principal.key_id,
        who_name=OPERATOR if principal.is_operator else principal.name,
        action=action,
        workspace_id=None if everywhere else principal.workspace_id,
        target=target,
        note=redact(note.strip())[:NOTE_LIMIT],
    )


def name_of(principal: Principal) -> str:
    """Return how people are told who did something."""
    if principal.is_operator:
        return OPERATOR
    return f"{principal.name} ({principal.key_id})" if principal.name else principal.key_id


def published_as(post: Post, *, has_url: bool, is_said: bool) -> tuple[State, str]:
    """Return the state of a post of which a person says that it is published, and why that one.

    Where TikTok has said so as well (`is_said`) and there is no address, not everybody may see it, or nobody
    any more.
    """
    if post.mode == "inbox":
        if has_url:
            return State.PUBLISHED_PUBLIC, "It was a draft, and there is a post_url: it counts as public."
        return State.PUBLISHED_PRIVATE, "It was a draft, and there is no post_url: it counts as private."
    privacy = str(post.input.get("privacy"))
    if privacy == PUBLIC and not has_url and is_said:
        why = "TikTok has said that it is published, and there is no post_url: it counts as private."
        return State.PUBLISHED_PRIVATE, why
    if privacy == PUBLIC:
        return State.PUBLISHED_PUBLIC, f"Its privacy is {privacy}: it counts as public."
    return State.PUBLISHED_PRIVATE, f"Its privacy is {privacy}: it counts as private."


def may_hold_all(attempt: Attempt) -> bool:
    """Tell whether TikTok may have every byte of an attempt: it pulled, or the last chunk was on its way."""
    return attempt.state in _AT_TIKTOK and (attempt.transfer == "pull" or attempt.final_chunk_started)


def danger(post: Post, attempts: Sequence[Attempt]) -> str | None:
    """Return in plain words why TikTok could still publish a post; None where it cannot."""
    if _tiktok_ended(post):
        return None
    risky = [attempt for attempt in attempts if may_hold_all(attempt)]
    if risky:
        last = risky[-1]
        return (
            f"TikTok has accepted attempt {last.number} ({last.publish_id}) and may hold all of its bytes: "
            "it could still publish it. Look at the account again before you post anew or send retry_post, "
            "or it may be published twice."
        )
    return None


def _tiktok_ended(post: Post) -> bool:
    """Tell whether TikTok itself has said that it will not publish what it has accepted of a post."""
    failure = post.failure
    if post.state is not State.FAILED or failure is None:
        return False
    return post.tiktok_status == "FAILED" or failure.fail_reason is not None


def why_not_retry(
    post: Post, attempts: Sequence[Attempt], entry_of: Callable[[str], ErrorEntry]
) -> PostrailError | None:
    """Return why a post must not be tried anew, None where it may. `attempts` are all that it has had.

    Safe is what TikTok can never publish any more: nothing was sent, TikTok refused or ended it, its bytes
    never left, or a person said so. Useful is what may end otherwise: the error passes, or somebody else
    than the caller had to act, and may have.

    `retry_unsafe` is a guard: the engine leaves a post of which TikTok may hold every byte to a person
    (`unconfirmed`, `held`) and never fails it by itself, and what a person settles has every attempt over.
    """
    if post.state is not State.FAILED or post.failure is None:
        return _has_not_failed(post)
    about = {"post_id": post.id, "status": post.state.value}
    code, entry = post.failure.code, entry_of(post.failure.code)
    if code == RESOLVED:
        return None
    if (why := danger(post, attempts)) is not None:
        return PostrailError("retry_unsafe", why, extra=about)
    nothing_sent = all(attempt.number <= post.attempts_before for attempt in attempts)
    if nothing_sent or entry.retryable or entry.who in {"creator", "operator"}:
        return None
    message = f"{post.id} has failed with {code}: sent again as it is, it would fail again. {entry.fix}"
    return PostrailError("retry_useless", message, extra=about)


def _has_not_failed(post: Post) -> PostrailError:
    """Say why a post is not tried anew that has not failed."""
    about = {"post_id": post.id, "status": post.state.value}
    if post.state in RESOLVABLE:
        message = f"It is not known whether TikTok has published {post.id}, which is {post.state}."
        return PostrailError("post_unresolved", message, extra=about)
    told = {"done": "it has not failed", "pending": "it is still under way, and goes on by itself"}
    why = told.get(TABLE[post.state].pm3k, "it does not come back")
    return PostrailError("post_not_failed", f"{post.id} is {post.state}: {why}.", extra=about)
