"""The ledger's port, unconfirmed posts: leased for a look at their account, with what was sent for it."""

from dataclasses import replace
from typing import Any

import pytest

from connector.domain.lifecycle import AttemptState, State
from connector.engine.model import Attempt, Change, Failure, Post
from tests.ledgers import NOTE, TTL, Stage, new_grant

pytest_plugins = ("tests.databases", "tests.ledgers")

DOUBT = Change(state=State.UNCONFIRMED, failure=Failure(code="unconfirmed", message="?"))


def doubtful(stage: Stage, name: str, *, next_at: int | None = None, **changes: Any) -> Post:  # noqa: ANN401 - any member of NewPost
    """Have a post that TikTok took as `name` and does not tell of."""
    claim = stage.open_gate(stage.begun(name, input_hash=name.ljust(64), **changes), name, f"pub-{name}")
    stage.ledger.release(claim.lease, next_at=next_at, change=DOUBT)
    found = stage.ledger.post("w", claim.post.id)
    assert found is not None
    return found


def around(stage: Stage, account_id: str = "a", since: int = 0) -> dict[str, Attempt]:
    """Return the attempts that were sent for an account, by post id."""
    return {post.id: attempt for post, attempt in stage.ledger.around(account_id, since)}


def test_unconfirmed_posts_of_an_account_are_leased_due_or_not_with_their_schedule(stage: Stage) -> None:
    later = stage.clock.now() + 50_000
    waiting, resting = doubtful(stage, "one", next_at=later), doubtful(stage, "two")
    claims = stage.ledger.claim_doubtful("a", "me", limit=9, ttl_ms=TTL)
    assert [(claim.post.id, claim.post.next_at) for claim in claims] == [
        (waiting.id, later),
        (resting.id, None),
    ]
    assert [claim.attempt.publish_id for claim in claims if claim.attempt] == ["pub-one", "pub-two"]
    assert stage.ledger.claim_doubtful("a", "you", limit=9, ttl_ms=TTL) == []
    for claim in claims:
        stage.ledger.release(claim.lease, next_at=claim.post.next_at)
    assert stage.ledger.post("w", waiting.id) == replace(waiting, next_at=later)
    assert len(stage.ledger.claim_doubtful("a", "you", limit=1, ttl_ms=TTL)) == 1


def test_posts_of_other_states_other_accounts_and_other_owners_are_left_alone(stage: Stage) -> None:
    doubtful(stage, "other", account_id="b")
    held = doubtful(stage, "held")
    assert stage.ledger.take(held.id, "worker", ttl_ms=TTL) is not None
    stage.open_gate(stage.begun("working", input_hash="c" * 64), "working", "pub-working")
    assert stage.ledger.claim_doubtful("a", "me", limit=9, ttl_ms=TTL) == []


def test_a_post_that_tiktok_has_just_told_of_is_left_to_whoever_asks_about_it(stage: Stage) -> None:
    post = doubtful(stage, "one")
    held = stage.ledger.take(post.id, "worker", ttl_ms=TTL)
    assert held is not None
    assert stage.ledger.take(post.id, "a webhook", ttl_ms=TTL) is None
    stage.ledger.release(held.lease, next_at=stage.clock.now() + 50_000)
    assert stage.ledger.claim_doubtful("a", "me", limit=9, ttl_ms=TTL) == []
    assert stage.claim().post.id == post.id


def test_a_lease_for_a_look_ends_like_any_other(stage: Stage) -> None:
    post = doubtful(stage, "one")
    stage.ledger.claim_doubtful("a", "me", limit=9, ttl_ms=TTL)
    stage.clock.advance(TTL)
    assert stage.claim("other").post.id == post.id


def test_what_was_sent_for_an_account_comes_with_the_attempt_that_tiktok_took(stage: Stage) -> None:
    post = doubtful(stage, "one")
    other = doubtful(stage, "other", account_id="b")
    stage.accept(input_hash="d" * 64)
    assert {name: one.publish_id for name, one in around(stage).items()} == {post.id: "pub-one"}
    assert set(around(stage, "b")) == {other.id}


def test_what_was_sent_before_is_left_out(stage: Stage) -> None:
    doubtful(stage, "old")
    stage.clock.advance(1_000)
    fresh = doubtful(stage, "new")
    assert set(around(stage, since=stage.clock.now())) == {fresh.id}


def test_a_post_that_is_tried_anew_comes_with_every_attempt_that_tiktok_took(stage: Stage) -> None:
    claim = stage.open_gate(stage.begun("one"), "one", "pub-one")
    claim = stage.ledger.resolve_attempt(claim.lease, "one", AttemptState.REJECTED, Change(), NOTE)
    stage.ledger.begin_attempt(claim.lease, "two", "upload", NOTE)
    stage.open_gate(claim, "two", "pub-two")
    found = [(post.id, attempt.publish_id) for post, attempt in stage.ledger.around("a", 0)]
    assert found == [(claim.post.id, "pub-one"), (claim.post.id, "pub-two")]


@pytest.mark.parametrize("known_by", [{"open_id": "open-a"}, {"open_id": "other", "union_id": "union-a"}])
def test_what_another_workspace_sent_for_the_same_tiktok_account_is_seen(
    stage: Stage, known_by: dict[str, str]
) -> None:
    stage.grants.connect(new_grant("a", union_id="union-a"))
    mine = doubtful(stage, "mine")
    stage.access.add_workspace("other", "Other")
    stage.grants.connect(new_grant("a2", workspace_id="other", **known_by))
    stage.grants.connect(new_grant("b2", workspace_id="other"))
    sent = {"workspace_id": "other", "input_hash": "e" * 64}
    there = stage.open_gate(stage.begun("there", account_id="a2", **sent), "there", "pub-there")
    stage.open_gate(stage.begun("elsewhere", account_id="b2", **sent), "elsewhere", "pub-elsewhere")
    assert set(around(stage)) == {mine.id, there.post.id}


@pytest.mark.parametrize("state", [State.UNCONFIRMED, State.HELD])
def test_connecting_an_account_anew_has_its_unconfirmed_posts_looked_for_again(
    stage: Stage, state: State
) -> None:
    post = doubtful(stage, "one")
    claim = stage.ledger.take(post.id, "me", ttl_ms=TTL)
    assert claim is not None
    stage.ledger.release(claim.lease, next_at=None, change=Change(state=state))
    stage.grants.connect(new_grant("a"))
    found = stage.ledger.post("w", post.id)
    assert found is not None
    assert found.next_at == (stage.clock.now() if state is State.UNCONFIRMED else None)
