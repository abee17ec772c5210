"""Holds what a drill saw against what it was promised. Pure.

TikTok's own record says what is published; the ledger's answers say what Postrail tells of it.

    ledger says          on TikTok: none      once                twice or more
    published            wrongly_published    kept                twice
    failed               given_up             wrongly_failed      twice
    asks a person        unconfirmed          unconfirmed         twice
    still at it          unfinished           unfinished          twice
    nothing              lost                 lost                twice

A post that failed because TikTok had been tried as often as it may be is told truly: that is counted apart.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connector.domain.lifecycle import TABLE, State
from connector.domain.retry import MAX_ATTEMPTS
from connector.drill.plan import Order

PROMISES: Mapping[str, str] = {
    "twice": "on TikTok twice",
    "lost": "accepted, and unknown afterwards",
    "given_up": "failed, though every fault passed and attempts were left",
    "wrongly_failed": "told as failed, and on TikTok",
    "wrongly_published": "told as published, and not on TikTok",
    "unconfirmed": "left to a person",
    "unfinished": "not settled in time",
    "refused": "refused, though nothing is wrong with it",
    "unanswered": "never answered",
    "key_broken": "two posts for one key",
    "stranger": "on TikTok, and never accepted",
    "garbled": "on TikTok with other bytes, or for another account",
    "event_twice": "its outcome told by more than one event",
    "event_missing": "its outcome told by no event",
    "alarm": "an orphan at TikTok was published",
}
"""What may not happen to any post, and how it is told."""

PUBLISHED = frozenset({State.PUBLISHED_PUBLIC, State.PUBLISHED_PRIVATE, State.REMOVED})
ASKED = frozenset({State.UNCONFIRMED, State.HELD})
ALARM = "post_alarm"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What came of sending an order: the post ids that its key was answered with, or why it was refused."""

    order: Order
    post_ids: frozenset[str] = frozenset()
    refusal: str | None = None
    calls: int = 0
    replays: int = 0


@dataclass(frozen=True, kw_only=True)
class Told:
    """One event of the ledger: its kind, its post, and the state that it tells of (None: of none)."""

    kind: str
    post_id: str
    state: str | None


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A post as TikTok shows it, or as it is meant: its title, the account's name, SHA-256 of each file."""

    title: str
    account: str
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is known at the end: the posts on TikTok, states by post id, and every event of a post.

    `meant` are the posts that were sent, as they should be shown; `spent` counts, by post id, the attempts
    that TikTok may have seen.
    """

    shown: Sequence[Shown]
    meant: Sequence[Shown]
    states: Mapping[str, str]
    events: Sequence[Told]
    spent: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One promise that was not kept; `promise` is a key of PROMISES."""

    promise: str
    title: str
    post_id: str | None
    detail: str


def judge(sent: Iterable[Sent], record: Record) -> list[Violation]:
    """Return every broken promise, in the order of the posts."""
    on_tiktok = Counter(post.title for post in record.shown)
    told: dict[str, list[Told]] = {}
    for event in record.events:
        told.setdefault(event.post_id, []).append(event)
    found: list[Violation] = []
    known: set[str] = set()
    for one in sent:
        known.add(one.order.title)
        found += _of_order(one, on_tiktok[one.order.title], record, told)
    strangers = sorted(title for title in on_tiktok if title not in known)
    found += [_violation("stranger", title, None, "nobody sent it") for title in strangers]
    return found + _garbled(record)


def _garbled(record: Record) -> list[Violation]:
    """Return the posts on TikTok that are not what was sent."""
    meant = {post.title: post for post in record.meant}
    wrong = [post for post in record.shown if post.title in meant and post != meant[post.title]]
    return [_violation("garbled", post.title, None, f"@{post.account}: {post.files}") for post in wrong]


def _of_order(
    sent: Sent, published: int, record: Record, told: Mapping[str, Sequence[Told]]
) -> list[Violation]:
    title = sent.order.title
    if not sent.post_ids:
        return _never_accepted(sent, published)
    ids = sorted(sent.post_ids)
    found = []
    if len(ids) > 1:
        found.append(_violation("key_broken", title, ids[0], f"{sent.order.key}: {', '.join(ids)}"))
    state = record.states.get(ids[0])
    promise = broken(state, published, record.spent.get(ids[0], 0))
    if promise is not None:
        detail = f"the ledger says {state or 'nothing'}, TikTok has it {published} times"
        found.append(_violation(promise, title, ids[0], detail))
    return found + _of_events(title, ids[0], state, told.get(ids[0], ()))


def _never_accepted(sent: Sent, published: int) -> list[Violation]:
    """Judge an order that no answer accepted; one whose answers were all lost may well be published once."""
    title, times = sent.order.title, f"TikTok has it {published} times"
    promise = "unanswered" if sent.refusal is None else "refused"
    found = [_violation(promise, title, None, f"{sent.refusal or 'no answer'}; {times}")]
    if published > 1:
        found.append(_violation("twice", title, None, times))
    elif published and sent.refusal is not None:
        found.append(_violation("stranger", title, None, times))
    return found


def broken(state: str | None, published: int, spent: int) -> str | None:
    """Return the promise that is broken for an accepted post, None when all are kept.

    `published` is how often TikTok has it, `spent` how many attempts TikTok may have seen.
    """
    if published > 1:
        return "twice"
    if state is None:
        return "lost"
    if state in PUBLISHED:
        return None if published else "wrongly_published"
    if state == State.FAILED:
        return _of_failure(published, spent)
    return "unconfirmed" if state in ASKED else "unfinished"


def _of_failure(published: int, spent: int) -> str | None:
    if published:
        return "wrongly_failed"
    return None if spent >= MAX_ATTEMPTS else "given_up"


def _of_events(title: str, post_id: str, state: str | None, told: Iterable[Told]) -> list[Violation]:
    """Hold a post's events against its state: an outcome is told exactly once."""
    events = list(told)
    found = [_violation("alarm", title, post_id, event.kind) for event in events if event.kind == ALARM]
    if state is None or not TABLE[State(state)].settled:
        return found
    outcomes = [event for event in events if event.state == state]
    if len(outcomes) != 1:
        promise = "event_twice" if outcomes else "event_missing"
        found.append(_violation(promise, title, post_id, f"{len(outcomes)} events say {state}"))
    return found


def _violation(promise: str, title: str, post_id: str | None, detail: str) -> Violation:
    return Violation(promise=promise, title=title, post_id=post_id, detail=detail)
