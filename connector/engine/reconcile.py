"""Looks for posts of whose outcome TikTok does not tell among the public videos of their account.

One look serves all unconfirmed posts of the account. What is found for certain is published; everything else
stays as it is, is looked for again now and then, and is for a person to settle in the end. Nothing is ever
sent again because of what a list does not show.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace

from connector.domain.lifecycle import State
from connector.domain.matching import evidence, known_again, why_not_sought
from connector.domain.retry import SOUGHT_FOR_MS, seek_again
from connector.domain.scopes import VIDEO_LIST
from connector.engine.budget import BUDGETS, take
from connector.engine.context import Context
from connector.engine.listing import Listed, list_public, rivals_of, sought_of, texts_of
from connector.engine.model import Account, Change, Claim, Entry, Failure
from connector.engine.ports import LeaseLost, TikTokError
from connector.engine.ports_tiktok import Video
from connector.engine.steps import decided, note
from connector.kernel.clock import to_iso
from connector.kernel.log import get_log

log = get_log("engine")

AT_ONCE = 100
"""Other posts that one look serves."""

LEASE_MS = 10_000
"""The lease of another post that a look serves: a write or two, in milliseconds."""

NOT_SEEN_MS = 300_000
"""Wait after a look that TikTok had no answer to, in milliseconds: it shows nothing, so it is no look."""

SCOPE_CODES = frozenset({"scope_not_authorized", "scope_permission_missed"})
"""TikTok's codes where an account has not granted what a call needs."""

NOT_GRANTED = f"It cannot be looked for: TikTok says that the account has not granted {VIDEO_LIST}"
NO_ATTEMPT = "It cannot be looked for: no attempt of it is alive"


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a look at an account went: what it shows, why nobody can look, or when somebody may again.

    `entry` is the line of the timeline of a call that brought nothing; `wait_ms` are milliseconds.
    """

    listed: Listed | None = None
    hindrance: str | None = None
    wait_ms: int | None = None
    entry: Entry | None = None


def leave_in_doubt(
    context: Context, account: Account, claim: Claim, change: Change, doubt: str, *entries: Entry
) -> None:
    """Look for a post in hand of which TikTok does not tell, and give it back: published, or unconfirmed.

    `doubt` says in a sentence what is not known; `change` and `entries` are stored as well.
    """
    look = _look(context, account, claim)
    if look.listed is None:
        lines = (*entries, look.entry) if look.entry else entries
        _leave(context, claim, change, doubt, look, *lines)
    else:
        found = _find(claim, look.listed)
        if isinstance(found, Video):
            _publish(context, claim, change, look.listed, found, *entries)
        else:
            _leave(context, claim, change, doubt, look, *entries, note(look.listed.call, found))
        _serve_others(context, claim, look.listed)
    context.wake()


def _look(context: Context, account: Account, claim: Claim) -> Look:
    """Read what the account shows, where that can tell anything about the post in hand.

    An account that was looked at a moment ago is passed by: this post may have been in hand then.
    """
    attempt, reader = claim.attempt, _reader(context, account)
    why = _hindrance(claim, reader.scopes)
    if attempt is None or why is not None:
        return Look(hindrance=why)
    if wait := take(context, reader, "video_list"):
        return Look(wait_ms=wait)
    try:
        listed = list_public(context, reader, attempt)
    except TikTokError as error:
        refused = error.outcome == "refused"
        entry = note(error.call, f"the account's posts cannot be looked at: {error.code}")
        if refused and error.code in SCOPE_CODES:
            return Look(hindrance=NOT_GRANTED, entry=entry)
        return Look(wait_ms=None if refused else NOT_SEEN_MS, entry=entry)
    return Look(listed=listed)


def _reader(context: Context, account: Account) -> Account:
    """Return the account as one of its apps may act for it that may list its videos, where there is one."""
    if account.scopes is None or VIDEO_LIST in account.scopes:
        return account
    for grant in context.desk.grants.grants(account.workspace_id):
        if (grant.account_id, grant.state) == (account.id, "live") and VIDEO_LIST in grant.scopes:
            other = context.access.account(account.id, grant.app_id)
            if other is not None and other.access_token:
                return other
    return account


def _hindrance(claim: Claim, scopes: Collection[str] | None) -> str | None:
    if claim.attempt is None:
        return NO_ATTEMPT
    post = claim.post
    privacy, texts = post.input.get("privacy"), texts_of(post)
    return why_not_sought(mode=post.mode, privacy=privacy, texts=texts, scopes=scopes)


def _find(claim: Claim, listed: Listed) -> Video | str:
    """Return the video that must be the post, else in plain words why none must be."""
    why, attempt = _hindrance(claim, None), claim.attempt
    if attempt is None or why is not None:
        return str(why)
    sought = sought_of(claim.post, attempt)
    if not listed.covers(sought):
        return f"{len(listed.videos)} public posts could be read, and not all from the time of the attempt"
    mine = claim.post.id
    taken = {known for other, _ in listed.around if other.id != mine for known in other.public_ids}
    return known_again(sought, rivals_of(mine, listed.around), listed.videos, taken)


def _publish(
    context: Context, claim: Claim, change: Change, listed: Listed, video: Video, *entries: Entry
) -> None:
    said = evidence(sought_of(claim.post, claim.attempt), video) if claim.attempt else video.id
    published = replace(change, state=State.PUBLISHED_PUBLIC, public_ids=(video.id,), tries=0)
    context.ledger.save(claim.lease, published, *entries, note(listed.call, said))
    context.ledger.release(claim.lease, next_at=None)
    log.info("post_settled", post_id=claim.post.id, state=str(State.PUBLISHED_PUBLIC), by="video/list")


def _leave(context: Context, claim: Claim, change: Change, doubt: str, look: Look, *entries: Entry) -> None:
    """Say that a post is unconfirmed; give it back for the next look, or for a person alone."""
    since = claim.attempt.created_at if claim.attempt else claim.post.created_at
    age = context.ledger.now() - since
    wait = seek_again(age) if look.wait_ms is None else look.wait_ms
    failure = Failure(code="unconfirmed", message=f"{doubt} {_prospect(look, since, wait, age)}")
    is_news = claim.post.state is not State.UNCONFIRMED
    lines = (*entries, decided("a person must look")) if is_news and look.hindrance else entries
    unconfirmed = replace(change, state=State.UNCONFIRMED, failure=failure)
    context.ledger.save(claim.lease, unconfirmed, *lines)
    context.ledger.release(claim.lease, next_at=None if wait is None else context.ledger.now() + wait)


def _prospect(look: Look, since: int, wait: int | None, age: int) -> str:
    """Say what becomes of an unconfirmed post whose attempt began at `since` (UTC ms), `age` ms ago.

    `wait` are the milliseconds until the next look; None where there is none.
    """
    if look.hindrance is not None:
        return f"{look.hindrance}: a person must look at the account."
    until = to_iso(since + SOUGHT_FOR_MS)
    if wait is None:
        return f"It was looked for among the account's public posts until {until}: a person must settle it."
    if age > SOUGHT_FOR_MS:
        return "It is looked for among the account's public posts once more; a person may settle it now."
    return (
        f"It is looked for among the account's public posts until {until}; "
        "a person may settle it before, and must after that."
    )


def _serve_others(context: Context, claim: Claim, listed: Listed) -> None:
    """Hold what the account shows against its other unconfirmed posts; those not found stay as they are."""
    account_id, owner = claim.post.account_id, claim.lease.owner
    others = context.ledger.claim_doubtful(account_id, owner, limit=AT_ONCE, ttl_ms=LEASE_MS)
    for turn, other in enumerate(sorted(others, key=lambda one: one.post.next_at or 0)):
        # Whoever has taken it meanwhile looks for it.
        with suppress(LeaseLost):
            found = _find(other, listed)
            if isinstance(found, Video):
                _publish(context, other, Change(), listed, found)
            else:
                context.ledger.release(other.lease, next_at=_next_turn(context, other, listed, turn))


def _next_turn(context: Context, other: Claim, listed: Listed, turn: int) -> int | None:
    """Return when a post that was not found beside another one is due, UTC milliseconds.

    Where that is before the account may be looked at again, a list that covers it was its own look. It comes
    in its `turn` before the post that was looked for now, so that TikTok is asked about each in the end.
    """
    due, now = other.post.next_at, context.ledger.now()
    if due is None or due > now + BUDGETS["video_list"].gap_ms or other.attempt is None:
        return due
    if _hindrance(other, None) or not listed.covers(sought_of(other.post, other.attempt)):
        return due
    wait = seek_again(now - other.attempt.created_at)
    return due if wait is None else now + wait - LEASE_MS + turn
