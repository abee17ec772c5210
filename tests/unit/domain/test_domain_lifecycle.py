"""The lifecycle's table and the choice of the next effect."""

import pytest

from connector.domain.lifecycle import (
    BADLY_OFF,
    PAST_DOUBT,
    TABLE,
    AttemptState,
    Effect,
    State,
    Until,
    View,
    may_be_made,
    may_become,
    next_effect,
    reached,
)


def view(state: State, **changes: object) -> View:
    """A post without media or attempt, with `changes`."""
    plain: dict[str, object] = {"has_media": False, "attempt": None, "uploads": False, "bytes_sent": False}
    return View(state=state, **{**plain, **changes})  # type: ignore[arg-type] # members of View


@pytest.mark.parametrize(
    ("seen", "effect"),
    [
        (view(State.QUEUED), Effect.FETCH),
        (view(State.FETCHING), Effect.FETCH),
        (view(State.FETCHING, has_media=True), Effect.SEND),
        (view(State.SENDING, has_media=True), Effect.SEND),
        (view(State.SENDING, has_media=True, attempt=AttemptState.SENDING), Effect.SEND),
        (view(State.SENDING, has_media=True, attempt=AttemptState.ACCEPTED, uploads=True), Effect.UPLOAD),
        (
            view(State.SENDING, has_media=True, attempt=AttemptState.ACCEPTED, uploads=True, bytes_sent=True),
            Effect.POLL,
        ),
        (view(State.SENDING, has_media=True, attempt=AttemptState.ACCEPTED), Effect.POLL),
        (view(State.PROCESSING), Effect.POLL),
        (view(State.IN_MODERATION), Effect.POLL),
        (view(State.PUBLISHED_PUBLIC), Effect.REST),
        (view(State.HELD), Effect.REST),
        (view(State.FAILED), Effect.REST),
    ],
)
def test_the_next_effect_follows_from_what_is_seen(seen: View, effect: Effect) -> None:
    assert next_effect(seen) is effect


def test_what_has_failed_or_was_cancelled_never_comes_back_by_itself_but_may_be_held_for_a_person() -> None:
    for ended in (State.FAILED, State.CANCELLED):
        assert {then for then in State if may_become(ended, then)} == {ended, State.HELD}
    assert not may_become(State.PUBLISHED_PUBLIC, State.FAILED)
    assert not may_become(State.PROCESSING, State.QUEUED)


@pytest.mark.parametrize("state", [state for state in State if next_effect(view(state)) is not Effect.REST])
def test_every_post_that_is_worked_on_can_be_held_for_a_person(state: State) -> None:
    assert may_become(state, State.HELD)


@pytest.mark.parametrize(
    ("state", "made"),
    [
        (State.UNCONFIRMED, {State.PUBLISHED_PUBLIC, State.PUBLISHED_PRIVATE, State.FAILED}),
        (State.HELD, {State.PUBLISHED_PUBLIC, State.PUBLISHED_PRIVATE, State.FAILED}),
        (State.FAILED, {State.QUEUED}),
        (State.CANCELLED, set()),
        (State.PROCESSING, set()),
        (State.PUBLISHED_PUBLIC, set()),
    ],
)
def test_a_persons_word_moves_what_nobody_knows_of_and_what_has_failed(
    state: State, made: set[State]
) -> None:
    assert {then for then in State if may_be_made(state, then)} == made


def test_nothing_follows_what_is_final_and_something_follows_all_else() -> None:
    for facts in TABLE.values():
        assert facts.final is not bool(facts.may_follow or facts.by_person)


def test_a_post_whose_files_are_here_can_be_sent_without_being_fetched_again() -> None:
    assert next_effect(view(State.QUEUED, has_media=True)) is Effect.SEND
    assert may_become(State.QUEUED, State.SENDING)


def test_staying_is_always_allowed() -> None:
    assert all(may_become(state, state) for state in State)


@pytest.mark.parametrize(
    ("state", "until", "has_publish_id", "done"),
    [
        (State.QUEUED, Until.ACCEPTED, False, False),
        (State.SENDING, Until.ACCEPTED, True, True),
        (State.IN_MODERATION, Until.SETTLED, True, False),
        (State.IN_MODERATION, Until.PROCESSED, True, True),
        (State.IN_MODERATION, Until.PUBLIC, True, False),
        (State.PUBLISHED_PRIVATE, Until.PUBLIC, True, True),
        (State.FAILED, Until.ACCEPTED, False, True),
        (State.UNCONFIRMED, Until.SETTLED, True, True),
    ],
)
def test_a_wait_is_over_when_its_state_is_reached_or_never_will_be(
    state: State,
    until: Until,
    done: bool,
    has_publish_id: bool,
) -> None:
    assert reached(state, until, has_publish_id=has_publish_id) is done


def test_pm3k_knows_three_words_only() -> None:
    assert {facts.pm3k for facts in TABLE.values()} == {"pending", "done", "failed"}


def test_nothing_leads_from_what_is_past_doubt_to_what_needs_a_word_of_tiktok_s() -> None:
    def beyond(states: frozenset[State]) -> frozenset[State]:
        more = states.union(*(TABLE[state].may_follow | TABLE[state].by_person for state in states))
        return more if more == states else beyond(more)

    assert {state for state in State if not beyond(frozenset({state})) & BADLY_OFF} == PAST_DOUBT
