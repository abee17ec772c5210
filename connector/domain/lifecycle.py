"""The life of a post: one closed table of states, and the pure choice of the next effect.

The table is the only place that knows what a state means to PM3K, to a waiting caller and to a trigger.
"""

from dataclasses import dataclass
from enum import StrEnum

TIKTOK_PUBLISHED = "PUBLISH_COMPLETE"
"""TikTok's word for a publish task that has become a post."""


class State(StrEnum):
    """Every state a post can be in."""

    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    DEFERRED = "deferred"
    QUEUED = "queued"
    FETCHING = "fetching"
    SENDING = "sending"
    PROCESSING = "processing"
    STALLED = "stalled"
    HELD = "held"
    INBOX_DELIVERED = "inbox_delivered"
    IN_MODERATION = "in_moderation"
    PUBLISHED_PRIVATE = "published_private"
    PUBLISHED_PUBLIC = "published_public"
    REMOVED = "removed"
    INBOX_EXPIRED = "inbox_expired"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNCONFIRMED = "unconfirmed"


class Until(StrEnum):
    """What a caller waits for."""

    SETTLED = "settled"
    ACCEPTED = "accepted"
    PROCESSED = "processed"
    PUBLIC = "public"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What one state means.

    `may_follow`: the states that may come next by themselves; `by_person`: those to which a person's word
    moves the post. `settled`: answers a wait. `final`: nothing follows, by itself or by anybody's word.
    `pm3k`: PM3K's word (`pending`, `done`, `failed`). `tiktok`: TikTok's status while in it.
    `trigger`: the event that entering it fires.
    """

    may_follow: frozenset[State]
    by_person: frozenset[State] = frozenset()
    settled: bool
    final: bool
    pm3k: str
    tiktok: str | None = None
    trigger: str = "post_state_changed"


_S = State
_WORKING = frozenset({_S.FAILED, _S.CANCELLED, _S.HELD})
_OUTCOMES = frozenset(
    {
        _S.INBOX_DELIVERED,
        _S.IN_MODERATION,
        _S.PUBLISHED_PRIVATE,
        _S.PUBLISHED_PUBLIC,
        _S.FAILED,
        _S.UNCONFIRMED,
    }
)


_VERDICTS = frozenset({_S.PUBLISHED_PRIVATE, _S.PUBLISHED_PUBLIC, _S.FAILED})
"""What a person may say has become of a post, where TikTok does not tell."""


def _pending(*follow: State, tiktok: str | None = None, by_person: frozenset[State] = frozenset()) -> Facts:
    return Facts(
        may_follow=frozenset(follow) | _WORKING,
        by_person=by_person,
        settled=False,
        final=False,
        pm3k="pending",
        tiktok=tiktok,
    )


TABLE: dict[State, Facts] = {
    _S.AWAITING_APPROVAL: _pending(_S.SCHEDULED, _S.QUEUED),
    _S.SCHEDULED: _pending(_S.QUEUED, _S.DEFERRED),
    _S.DEFERRED: _pending(_S.QUEUED),
    # A post that is tried anew may have its files here already.
    _S.QUEUED: _pending(_S.FETCHING, _S.SENDING, _S.DEFERRED),
    _S.FETCHING: _pending(_S.SENDING),
    _S.SENDING: _pending(_S.PROCESSING, _S.STALLED, *_OUTCOMES),
    _S.PROCESSING: _pending(_S.STALLED, _S.SENDING, *_OUTCOMES, tiktok="PROCESSING_UPLOAD"),
    _S.STALLED: _pending(_S.PROCESSING, _S.SENDING, *_OUTCOMES, tiktok="PROCESSING_UPLOAD"),
    _S.HELD: _pending(_S.QUEUED, *_OUTCOMES, by_person=_VERDICTS),
    _S.INBOX_DELIVERED: Facts(
        may_follow=frozenset(
            {
                _S.PUBLISHED_PUBLIC,
                _S.PUBLISHED_PRIVATE,
                _S.IN_MODERATION,
                _S.INBOX_EXPIRED,
                _S.FAILED,
                _S.UNCONFIRMED,
                _S.HELD,
            }
        ),
        settled=True,
        final=False,
        pm3k="done",
        tiktok="SEND_TO_USER_INBOX",
        trigger="post_inbox_delivered",
    ),
    _S.IN_MODERATION: Facts(
        may_follow=frozenset(
            {_S.PUBLISHED_PUBLIC, _S.PUBLISHED_PRIVATE, _S.REMOVED, _S.FAILED, _S.UNCONFIRMED, _S.HELD}
        ),
        settled=False,
        final=False,
        pm3k="done",
        tiktok=TIKTOK_PUBLISHED,
    ),
    _S.PUBLISHED_PRIVATE: Facts(
        may_follow=frozenset({_S.PUBLISHED_PUBLIC, _S.REMOVED}),
        settled=True,
        final=False,
        pm3k="done",
        tiktok=TIKTOK_PUBLISHED,
        trigger="post_published",
    ),
    _S.PUBLISHED_PUBLIC: Facts(
        may_follow=frozenset({_S.REMOVED}),
        settled=True,
        final=False,
        pm3k="done",
        tiktok=TIKTOK_PUBLISHED,
        trigger="post_published",
    ),
    _S.REMOVED: Facts(may_follow=frozenset(), settled=True, final=True, pm3k="done", trigger="post_removed"),
    _S.INBOX_EXPIRED: Facts(may_follow=frozenset(), settled=True, final=True, pm3k="done"),
    _S.FAILED: Facts(
        # TikTok may report as published what has failed: a person must look before it is tried anew.
        may_follow=frozenset({_S.HELD}),
        by_person=frozenset({_S.QUEUED}),
        settled=True,
        final=False,
        pm3k="failed",
        tiktok="FAILED",
        trigger="post_failed",
    ),
    _S.CANCELLED: Facts(may_follow=frozenset({_S.HELD}), settled=True, final=False, pm3k="failed"),
    _S.UNCONFIRMED: Facts(
        may_follow=frozenset({_S.PROCESSING, _S.HELD, *_OUTCOMES}),
        by_person=_VERDICTS,
        settled=True,
        final=False,
        pm3k="pending",
    ),
}


def may_become(now: State, then: State) -> bool:
    """Tell whether a post may move from `now` to `then` by itself (staying is always allowed)."""
    return now == then or then in TABLE[now].may_follow


def may_be_made(now: State, then: State) -> bool:
    """Tell whether a person's word may move a post from `now` to `then`."""
    return then in TABLE[now].by_person


RESOLVABLE = frozenset(state for state, facts in TABLE.items() if facts.by_person.issuperset(_VERDICTS))
"""The states of a post of which a person must say what has become of it."""


UNSENT = frozenset({_S.QUEUED, _S.FETCHING})
"""The states of a post of which TikTok knows nothing, or nothing any more."""


BADLY_OFF = frozenset({_S.FAILED, _S.HELD, _S.UNCONFIRMED})
"""The states in which a post has a reason for what is wrong."""


def reached(state: State, until: Until, *, has_publish_id: bool) -> bool:
    """Tell whether a wait for `until` is over in `state`.

    A settled state ends every wait: what has settled as private or failed will not become what was asked for
    by waiting longer.
    """
    if TABLE[state].settled:
        return True
    if until is Until.ACCEPTED:
        return has_publish_id
    return until is Until.PROCESSED and state is State.IN_MODERATION


POLLED = frozenset({_S.PROCESSING, _S.STALLED, _S.INBOX_DELIVERED, _S.IN_MODERATION, _S.UNCONFIRMED})
"""The states of a post about which TikTok can be asked at any time, so that a webhook may make it due."""


DONE_WITH_FILES = frozenset(
    {
        _S.INBOX_DELIVERED,
        _S.INBOX_EXPIRED,
        _S.PUBLISHED_PRIVATE,
        _S.PUBLISHED_PUBLIC,
        _S.REMOVED,
        _S.FAILED,
        _S.CANCELLED,
    }
)
"""The states of a post whose files TikTok has, or will never want: nothing of ours is sent any more."""


PAST_DOUBT = frozenset({_S.PUBLISHED_PRIVATE, _S.PUBLISHED_PUBLIC, _S.REMOVED, _S.INBOX_EXPIRED})
"""The states from which no post fails, is put to a person or is tried anew: what was told of it is over."""


class Effect(StrEnum):
    """What the engine does next with a post."""

    FETCH = "fetch"
    SEND = "send"
    UPLOAD = "upload"
    POLL = "poll"
    REST = "rest"


class AttemptState(StrEnum):
    """The gate: bytes leave while an attempt is accepted, and in no other state."""

    SENDING = "sending"
    ACCEPTED = "accepted"
    VOID = "void"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, kw_only=True)
class View:
    """All that the choice of the next effect depends on."""

    state: State
    has_media: bool
    attempt: AttemptState | None
    uploads: bool
    """The live attempt sends bytes itself (TikTok's FILE_UPLOAD)."""
    bytes_sent: bool
    """TikTok has confirmed every byte of the live attempt's upload."""


def next_effect(view: View) -> Effect:
    """Choose the next effect for a post that has just been claimed."""
    if view.state in {State.QUEUED, State.FETCHING}:
        return Effect.SEND if view.has_media else Effect.FETCH
    if view.state is State.SENDING:
        if view.attempt is not AttemptState.ACCEPTED:
            return Effect.SEND
        return Effect.UPLOAD if view.uploads and not view.bytes_sent else Effect.POLL
    if view.state in POLLED:
        return Effect.POLL
    return Effect.REST
