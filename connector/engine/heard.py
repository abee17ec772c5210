"""What all of TikTok's webhooks about one publish task say together, whatever order they came in. Pure.

Deliveries come at least once and in any order, so each is read with all the others that are known, and the
same conclusion is drawn from the same set.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from connector.domain.lifecycle import TABLE, TIKTOK_PUBLISHED, AttemptState, State, may_become
from connector.domain.retry import RETRYABLE_FAIL_REASONS
from connector.engine.model import Attempt, Change, Failure, Post
from connector.engine.ports_tiktok import EventKind, TikTokEvent

OVER = frozenset({AttemptState.VOID, AttemptState.REJECTED})
"""States of an attempt under which nothing can be published: its bytes never left, or TikTok refused them."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What the webhooks say: ids that are public, ids that no longer are, and how the task went."""

    public_ids: tuple[str, ...] = ()
    gone_ids: tuple[str, ...] = ()
    complete: bool = False
    delivered: bool = False
    failed: bool = False
    fail_reason: str | None = None

    @property
    def published(self) -> bool:
        """Whether something of the task has been published."""
        return self.complete or bool(self.public_ids or self.gone_ids)


class Act(StrEnum):
    """What follows from a webhook: a line of the timeline alone, TikTok's word shown, a question, an end."""

    NOTE = "note"
    SHOW = "show"
    LOOK = "look"
    SETTLE = "settle"
    ALARM = "alarm"


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """What to do about a post, and why; `changes` are made one after the other.

    `word` is what TikTok says of a post that waits for a person: they must see it before they decide.
    """

    act: Act
    why: str
    changes: tuple[Change, ...] = ()
    word: Change | None = None


def hear(events: Iterable[TikTokEvent]) -> Heard:
    """Put together what the webhooks about one publish task say; the last word on each public id counts."""
    told = tuple(events)
    kinds = {event.kind for event in told}
    shown = _visibility(told)
    failures = [event for event in told if event.kind is EventKind.PUBLISH_FAILED]
    return Heard(
        public_ids=tuple(post_id for post_id, public in shown.items() if public),
        gone_ids=tuple(post_id for post_id, public in shown.items() if not public),
        complete=bool(kinds & {EventKind.PUBLISH_COMPLETE, EventKind.PUBLICLY_AVAILABLE}),
        delivered=EventKind.INBOX_DELIVERED in kinds,
        failed=bool(failures),
        fail_reason=failures[-1].fail_reason if failures else None,
    )


def _visibility(told: Iterable[TikTokEvent]) -> dict[str, bool]:
    """Return by public id whether it is public now; of two words in one second, the sadder one is later."""
    gone = EventKind.NO_LONGER_PUBLIC
    words = [event for event in told if event.kind in {EventKind.PUBLICLY_AVAILABLE, gone} and event.post_id]
    words.sort(key=lambda event: (event.created_at, event.kind is gone))
    return {event.post_id: event.kind is not gone for event in words if event.post_id}


def react(post: Post, attempt: Attempt, heard: Heard) -> Reaction:
    """Decide what the webhooks about the publish task of `attempt` mean for its post."""
    if attempt.state in OVER:
        return _of_what_is_over(post, f"attempt {attempt.number}, which is {attempt.state}", heard)
    if TABLE[post.state].pm3k == "failed":
        return _of_what_is_over(post, f"a post that is {post.state}", heard)
    if post.state is State.HELD:
        return _shown(post, heard, "the post is held: a person decides", known=Act.NOTE)
    if heard.public_ids or heard.gone_ids:
        return _of_visibility(post, heard)
    if heard.failed:
        return _of_failure(post, heard)
    return _of_completion(post, heard) if heard.complete else _of_delivery(post)


def _of_what_is_over(post: Post, what: str, heard: Heard) -> Reaction:
    """Raise the alarm where TikTok has published it: whoever trusts our word might send it again."""
    if heard.published:
        return Reaction(act=Act.ALARM, why=f"TikTok has published {what}", word=_word(post, heard))
    return Reaction(act=Act.NOTE, why=f"about {what}")


def _word(post: Post, heard: Heard) -> Change:
    """Return what TikTok says, for a post that waits for a person; that it was published is never unsaid.

    An id that is no longer public is no address of it.
    """
    if heard.published or post.is_said_published:
        known = dict.fromkeys((*post.public_ids, *heard.public_ids))
        ids = tuple(public_id for public_id in known if public_id not in heard.gone_ids)
        return Change(tiktok_status=TIKTOK_PUBLISHED, public_ids=ids)
    return Change(tiktok_status="FAILED" if heard.failed else "SEND_TO_USER_INBOX")


def _shown(post: Post, heard: Heard, why: str, *, known: Act) -> Reaction:
    """Show TikTok's word on a post, unless it is shown already: then do what is done with what is `known`."""
    word = _word(post, heard)
    if (word.tiktok_status, word.public_ids or ()) == (post.tiktok_status, post.public_ids):
        return Reaction(act=known, why=why)
    return Reaction(act=Act.SHOW, why=why, word=word)


def _of_visibility(post: Post, heard: Heard) -> Reaction:
    """TikTok names the public ids: that says all."""
    if TABLE[post.state].final:
        return Reaction(act=Act.NOTE, why=f"the post is {post.state} already")
    ids = heard.public_ids or heard.gone_ids
    shown = Change(state=State.PUBLISHED_PUBLIC, public_ids=ids, tiktok_status="PUBLISH_COMPLETE")
    if heard.public_ids:
        if (post.state, post.public_ids) == (State.PUBLISHED_PUBLIC, ids):
            return Reaction(act=Act.NOTE, why="known to be public already")
        return _settled(post, "public", shown)
    removed = Change(state=State.REMOVED, public_ids=ids)
    if may_become(post.state, State.REMOVED):
        return _settled(post, "no longer public", removed)
    return _settled(post, "it was public and is no longer", shown, removed)


def _of_failure(post: Post, heard: Heard) -> Reaction:
    """Settle on a final reason; where a new attempt may help, or a draft was posted, ask TikTok."""
    if _is_only_taken_for_published(post) and not heard.published:
        why = "TikTok says FAILED of a post that was taken for published without its word"
        return Reaction(act=Act.ALARM, why=why)
    reason = heard.fail_reason
    unclear = heard.complete or heard.delivered or post.mode == "inbox" or reason is None
    if unclear or reason in RETRYABLE_FAIL_REASONS or not may_become(post.state, State.FAILED):
        why = "the status will tell how it failed"
        if heard.complete and post.state is State.UNCONFIRMED:
            return _shown(post, heard, why, known=Act.LOOK)
        return Reaction(act=Act.LOOK, why=why)
    failure = Failure(code=str(reason), message=f"TikTok refused the post: {reason}.", fail_reason=reason)
    change = Change(state=State.FAILED, failure=failure, tiktok_status="FAILED")
    return _settled(post, f"FAILED, {reason}", change)


def _is_only_taken_for_published(post: Post) -> bool:
    """Whether a list or a person gave a post its id, and TikTok has never said that it is published.

    A draft is another thing: it may have failed once, and have been posted after that.
    """
    told = post.tiktok_status == TIKTOK_PUBLISHED
    return post.state is State.PUBLISHED_PUBLIC and post.mode == "direct" and not told


def _of_completion(post: Post, heard: Heard) -> Reaction:
    """Ask TikTok who may see it; of an unconfirmed post its status may never tell, so its word is kept."""
    if post.state in {State.PUBLISHED_PUBLIC, State.PUBLISHED_PRIVATE, State.REMOVED}:
        return Reaction(act=Act.NOTE, why=f"the post is {post.state} already")
    why = "published: the status will tell to whom"
    if post.state is State.UNCONFIRMED:
        return _shown(post, heard, why, known=Act.LOOK)
    return Reaction(act=Act.LOOK, why=why)


def _of_delivery(post: Post) -> Reaction:
    if post.state is State.INBOX_DELIVERED:
        return Reaction(act=Act.NOTE, why="known to be in the inbox already")
    change = Change(state=State.INBOX_DELIVERED, tiktok_status="SEND_TO_USER_INBOX")
    return _settled(post, "in the creator's inbox", change)


def _settled(post: Post, why: str, *changes: Change) -> Reaction:
    """Return the changes where the lifecycle knows the way, else a note: what is final stays."""
    first = changes[0].state or post.state
    if may_become(post.state, first):
        return Reaction(act=Act.SETTLE, why=why, changes=changes)
    return Reaction(act=Act.NOTE, why=f"{why}, but the post is {post.state}")
