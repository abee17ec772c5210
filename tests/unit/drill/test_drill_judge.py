"""The judgement of a drill: each way in which a promise can be broken is seen, and a right run is let be."""

from dataclasses import replace

import pytest

from connector.drill.judge import PROMISES, Record, Sent, Shown, Told, broken, judge
from connector.drill.plan import Order, Plan, orders

ORDER: Order = orders(Plan(seed=1, posts=1))[0]
TITLE = ORDER.title
MEANT = Shown(title=TITLE, account="drill_1", files=("a" * 64,))
SENT = Sent(order=ORDER, post_ids=frozenset({"post_1"}), calls=1)
PUBLISHED = Told(kind="post_published", post_id="post_1", state="published_public")
FAILED = Told(kind="post_failed", post_id="post_1", state="failed")
WORKING = Told(kind="post_state_changed", post_id="post_1", state="processing")


def record(*titles: str, state: str | None = "published_public", events: tuple[Told, ...] = ()) -> Record:
    states = {} if state is None else {"post_1": state}
    shown = [replace(MEANT, title=title) for title in titles]
    return Record(shown=shown, meant=[MEANT], states=states, events=events or (WORKING, PUBLISHED))


def promises(sent: Sent, seen: Record) -> list[str]:
    return [violation.promise for violation in judge([sent], seen)]


def test_a_post_that_is_published_once_and_told_as_such_breaks_no_promise() -> None:
    assert judge([SENT], record(TITLE)) == []


@pytest.mark.parametrize(
    ("state", "published", "promise"),
    [
        ("published_public", 1, None),
        ("published_private", 1, None),
        ("removed", 1, None),
        ("published_public", 0, "wrongly_published"),
        ("published_public", 2, "twice"),
        ("failed", 0, "given_up"),
        ("failed", 1, "wrongly_failed"),
        ("failed", 2, "twice"),
        ("unconfirmed", 0, "unconfirmed"),
        ("unconfirmed", 1, "unconfirmed"),
        ("held", 1, "unconfirmed"),
        ("processing", 0, "unfinished"),
        ("in_moderation", 1, "unfinished"),
        ("processing", 3, "twice"),
        (None, 0, "lost"),
        (None, 1, "lost"),
    ],
)
def test_the_ledger_is_held_against_tiktok(state: str | None, published: int, promise: str | None) -> None:
    assert broken(state, published, 1) == promise


@pytest.mark.parametrize(("spent", "promise"), [(4, "given_up"), (5, None)])
def test_a_failure_is_right_once_every_attempt_is_spent(spent: int, promise: str | None) -> None:
    seen = replace(record(state="failed", events=(FAILED,)), spent={"post_1": spent})
    assert promises(SENT, seen) == ([] if promise is None else [promise])


@pytest.mark.parametrize(
    ("sent", "seen", "expected"),
    [
        (SENT, record(TITLE, TITLE), ["twice"]),
        (SENT, record(TITLE, state="failed", events=(FAILED,)), ["wrongly_failed"]),
        (SENT, record(state="failed", events=(FAILED,)), ["given_up"]),
        (SENT, record(), ["wrongly_published"]),
        (SENT, record(TITLE, state=None), ["lost"]),
        (SENT, record(TITLE, state="processing"), ["unfinished"]),
        (SENT, record(TITLE, events=(PUBLISHED, PUBLISHED)), ["event_twice"]),
        (SENT, record(TITLE, events=(WORKING,)), ["event_missing"]),
        (
            SENT,
            record(TITLE, events=(PUBLISHED, Told(kind="post_alarm", post_id="post_1", state=None))),
            ["alarm"],
        ),
        (SENT, record(TITLE, "a title that nobody sent"), ["stranger"]),
        (Sent(order=ORDER, post_ids=frozenset({"post_1", "post_2"})), record(TITLE), ["key_broken"]),
        (Sent(order=ORDER, refusal="HTTP 400"), record(), ["refused"]),
        (Sent(order=ORDER, refusal="HTTP 400"), record(TITLE), ["refused", "stranger"]),
        (Sent(order=ORDER), record(), ["unanswered"]),
        (Sent(order=ORDER), record(TITLE), ["unanswered"]),
        (Sent(order=ORDER), record(TITLE, TITLE), ["unanswered", "twice"]),
    ],
)
def test_each_broken_promise_is_seen(sent: Sent, seen: Record, expected: list[str]) -> None:
    assert promises(sent, seen) == expected
    assert set(expected) <= set(PROMISES)


def test_the_events_of_one_post_say_nothing_about_another() -> None:
    stray = Told(kind="post_published", post_id="post_2", state="published_public")
    assert promises(SENT, record(TITLE, events=(PUBLISHED, stray))) == []


def test_a_violation_says_what_both_sides_say() -> None:
    found = judge([SENT], record(state="published_public"))
    assert found[0].detail == "the ledger says published_public, TikTok has it 0 times"
    assert (found[0].title, found[0].post_id) == (TITLE, "post_1")


@pytest.mark.parametrize("wrong", [{"account": "drill_2"}, {"files": ("b" * 64,)}, {"files": ()}])
def test_a_post_with_other_bytes_or_of_another_account_is_seen(wrong: dict[str, object]) -> None:
    shown = replace(MEANT, **wrong)  # type: ignore[arg-type]  # any member
    seen = replace(record(TITLE), shown=[shown])
    assert promises(SENT, seen) == ["garbled"]
