"""What webhooks about one publish task say together: a table, and the promise that order means nothing."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.lifecycle import TABLE, AttemptState, State, may_become
from connector.engine.heard import Act, Heard, hear, react
from connector.engine.model import Attempt, Mode, Post
from connector.engine.ports_tiktok import EventKind, TikTokEvent

K = EventKind
S = State


def event(
    kind: EventKind, at_s: int = 0, *, post_id: str | None = None, reason: str | None = None
) -> TikTokEvent:
    """A webhook as read."""
    return TikTokEvent(
        kind=kind,
        name=str(kind),
        client_key="aw",
        open_id="-000",
        created_at=at_s * 1000,
        digest=f"{kind} {at_s} {post_id}",
        content={},
        publish_id="pub-1",
        post_id=post_id,
        fail_reason=reason,
    )


def post(
    state: State,
    *,
    mode: Mode = "direct",
    public_ids: tuple[str, ...] = (),
    tiktok_status: str | None = None,
) -> Post:
    """A post in a state."""
    return Post(
        id="post_1",
        workspace_id="w",
        account_id="a",
        operation="post_video",
        kind="video",
        mode=mode,
        transfer="upload",
        state=state,
        input={},
        receipt={},
        created_at=0,
        updated_at=0,
        public_ids=public_ids,
        tiktok_status=tiktok_status,
    )


def attempt(state: AttemptState = AttemptState.ACCEPTED) -> Attempt:
    """An attempt in a state."""
    return Attempt(
        id="gate", post_id="post_1", account_id="a", number=1, state=state, transfer="upload", created_at=0
    )


COMPLETE = event(K.PUBLISH_COMPLETE)
PUBLIC = event(K.PUBLICLY_AVAILABLE, 1, post_id="76")
GONE = event(K.NO_LONGER_PUBLIC, 2, post_id="76")
DELIVERED = event(K.INBOX_DELIVERED)
FAILED = event(K.PUBLISH_FAILED, reason="file_format_check_failed")


@pytest.mark.parametrize(
    ("state", "told", "act", "then"),
    [
        (S.PROCESSING, [COMPLETE], Act.LOOK, None),
        (S.STALLED, [COMPLETE], Act.LOOK, None),
        (S.IN_MODERATION, [COMPLETE], Act.LOOK, None),
        (S.INBOX_DELIVERED, [DELIVERED, COMPLETE], Act.LOOK, None),
        (S.UNCONFIRMED, [COMPLETE], Act.SHOW, None),
        (S.UNCONFIRMED, [FAILED, COMPLETE], Act.SHOW, None),
        (S.PUBLISHED_PRIVATE, [COMPLETE], Act.NOTE, None),
        (S.PUBLISHED_PUBLIC, [COMPLETE], Act.NOTE, None),
        (S.SENDING, [PUBLIC], Act.SETTLE, [S.PUBLISHED_PUBLIC]),
        (S.PROCESSING, [PUBLIC], Act.SETTLE, [S.PUBLISHED_PUBLIC]),
        (S.IN_MODERATION, [COMPLETE, PUBLIC], Act.SETTLE, [S.PUBLISHED_PUBLIC]),
        (S.PUBLISHED_PRIVATE, [COMPLETE, PUBLIC], Act.SETTLE, [S.PUBLISHED_PUBLIC]),
        (S.INBOX_DELIVERED, [PUBLIC], Act.SETTLE, [S.PUBLISHED_PUBLIC]),
        (S.UNCONFIRMED, [PUBLIC], Act.SETTLE, [S.PUBLISHED_PUBLIC]),
        (S.REMOVED, [PUBLIC], Act.NOTE, None),
        (S.PUBLISHED_PUBLIC, [PUBLIC, GONE], Act.SETTLE, [S.REMOVED]),
        (S.IN_MODERATION, [GONE], Act.SETTLE, [S.REMOVED]),
        (S.PROCESSING, [GONE], Act.SETTLE, [S.PUBLISHED_PUBLIC, S.REMOVED]),
        (S.REMOVED, [PUBLIC, GONE], Act.NOTE, None),
        (S.PROCESSING, [DELIVERED], Act.SETTLE, [S.INBOX_DELIVERED]),
        (S.INBOX_DELIVERED, [DELIVERED], Act.NOTE, None),
        (S.PUBLISHED_PUBLIC, [DELIVERED], Act.NOTE, None),
        (S.PROCESSING, [FAILED], Act.SETTLE, [S.FAILED]),
        (S.SENDING, [FAILED], Act.SETTLE, [S.FAILED]),
        (S.PROCESSING, [event(K.PUBLISH_FAILED, reason="internal")], Act.LOOK, None),
        (S.PROCESSING, [event(K.PUBLISH_FAILED)], Act.LOOK, None),
        (S.PROCESSING, [FAILED, COMPLETE], Act.LOOK, None),
        (S.FAILED, [FAILED], Act.NOTE, None),
        (S.FAILED, [COMPLETE], Act.ALARM, None),
        (S.CANCELLED, [PUBLIC], Act.ALARM, None),
        (S.HELD, [PUBLIC], Act.SHOW, None),
        (S.HELD, [FAILED], Act.SHOW, None),
    ],
)
def test_each_state_reacts_to_what_is_told(
    state: State, told: list[TikTokEvent], act: Act, then: list[State] | None
) -> None:
    reaction = react(post(state), attempt(), hear(told))
    assert reaction.act is act
    assert [change.state for change in reaction.changes] == (then or [])
    assert reaction.why


@pytest.mark.parametrize(
    ("known", "told", "word", "ids"),
    [
        ((None, ()), [COMPLETE], "PUBLISH_COMPLETE", ()),
        (("PROCESSING_UPLOAD", ()), [PUBLIC], "PUBLISH_COMPLETE", ("76",)),
        ((None, ()), [PUBLIC, GONE], "PUBLISH_COMPLETE", ()),
        (("PUBLISH_COMPLETE", ("75", "76")), [GONE], "PUBLISH_COMPLETE", ("75",)),
        ((None, ()), [FAILED], "FAILED", ()),
        ((None, ()), [DELIVERED], "SEND_TO_USER_INBOX", ()),
        # That it was published is never unsaid, and no id that is public is forgotten.
        (("PUBLISH_COMPLETE", ("75",)), [PUBLIC], "PUBLISH_COMPLETE", ("75", "76")),
    ],
)
def test_a_person_sees_tiktoks_word_on_a_held_post(
    known: tuple[str | None, tuple[str, ...]], told: list[TikTokEvent], word: str, ids: tuple[str, ...]
) -> None:
    held = post(S.HELD, tiktok_status=known[0], public_ids=known[1])
    shown = react(held, attempt(), hear(told)).word
    assert shown is not None
    assert (shown.tiktok_status, shown.public_ids or ()) == (word, ids)
    again = post(S.HELD, tiktok_status=word, public_ids=ids)
    assert react(again, attempt(), hear(told)).act is Act.NOTE


def test_a_word_that_is_known_leaves_an_unconfirmed_post_to_its_status() -> None:
    assert (
        react(post(S.UNCONFIRMED, tiktok_status="PUBLISH_COMPLETE"), attempt(), hear([COMPLETE])).act
        is Act.LOOK
    )


def test_a_failure_never_hides_that_something_of_the_post_was_published() -> None:
    held = post(S.HELD, tiktok_status="PUBLISH_COMPLETE", public_ids=("75",))
    assert react(held, attempt(), hear([FAILED])).act is Act.NOTE


@pytest.mark.parametrize("over", [AttemptState.VOID, AttemptState.REJECTED])
def test_an_attempt_that_is_over_can_fail_again_but_not_publish(over: AttemptState) -> None:
    assert react(post(S.PROCESSING), attempt(over), hear([FAILED])).act is Act.NOTE
    for told in (COMPLETE, PUBLIC, GONE):
        assert react(post(S.PROCESSING), attempt(over), hear([told])).act is Act.ALARM


@pytest.mark.parametrize(
    ("changes", "told", "act"),
    [
        ({}, [FAILED], Act.ALARM),
        ({"tiktok_status": "PUBLISH_COMPLETE"}, [FAILED], Act.LOOK),
        ({"mode": "inbox"}, [FAILED], Act.LOOK),
        ({}, [FAILED, COMPLETE], Act.LOOK),
    ],
)
def test_a_failure_alarms_where_nothing_but_a_list_or_a_person_has_said_published(
    changes: dict[str, Any], told: list[TikTokEvent], act: Act
) -> None:
    found = post(S.PUBLISHED_PUBLIC, public_ids=("76",), **changes)
    assert react(found, attempt(), hear(told)).act is act


def test_a_draft_that_failed_once_may_be_posted_still() -> None:
    assert react(post(S.PROCESSING, mode="inbox"), attempt(), hear([FAILED])).act is Act.LOOK


def test_one_draft_posted_twice_is_public_while_one_of_its_posts_is() -> None:
    second = event(K.PUBLICLY_AVAILABLE, 3, post_id="77")
    heard = hear([GONE, second, PUBLIC])
    assert (heard.public_ids, heard.gone_ids) == (("77",), ("76",))
    reaction = react(post(S.PUBLISHED_PUBLIC, public_ids=("76",)), attempt(), heard)
    assert reaction.changes[0].public_ids == ("77",)


def test_the_last_word_on_an_id_counts_and_the_sadder_one_within_a_second() -> None:
    again = event(K.PUBLICLY_AVAILABLE, 3, post_id="76")
    assert hear([again, GONE, PUBLIC]).public_ids == ("76",)
    same_second = replace(GONE, created_at=PUBLIC.created_at)
    assert hear([same_second, PUBLIC]).gone_ids == ("76",)


def test_nothing_told_is_nothing_heard() -> None:
    assert hear([]) == Heard()


@pytest.mark.parametrize("order", list(permutations([COMPLETE, PUBLIC, GONE, DELIVERED])))
def test_no_order_changes_what_is_heard(order: tuple[TikTokEvent, ...]) -> None:
    assert hear(order) == hear([COMPLETE, PUBLIC, GONE, DELIVERED])


@given(
    state=st.sampled_from(State),
    gate=st.sampled_from(AttemptState),
    told=st.permutations([COMPLETE, PUBLIC, GONE, DELIVERED, FAILED]).flatmap(
        lambda told: st.integers(0, 5).map(lambda count: told[:count])
    ),
)
def test_a_reaction_only_ever_walks_ways_of_the_lifecycle(
    state: State, gate: AttemptState, told: list[TikTokEvent]
) -> None:
    reaction = react(post(state), attempt(gate), hear(told))
    now = state
    for change in reaction.changes:
        assert change.state is not None
        assert may_become(now, change.state)
        now = change.state
    if reaction.changes:
        assert not TABLE[state].final
        assert react(
            post(now, public_ids=reaction.changes[-1].public_ids or ()), attempt(gate), hear(told)
        ).act in {
            Act.NOTE,
            Act.LOOK,
        }
