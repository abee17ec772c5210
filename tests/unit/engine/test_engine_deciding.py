"""What a person may decide about a post: tables over states, attempts and errors."""

from dataclasses import replace
from typing import Any

import pytest

from connector.contract import load_contract
from connector.domain.lifecycle import AttemptState, State
from connector.engine.deciding import danger, deed_of, may_hold_all, published_as, why_not_retry
from connector.engine.model import Attempt, Failure, Post, Principal
from tests.tiktok_posts import post

CONTRACT = load_contract()
PUBLIC, FRIENDS = "PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS"


def attempt(state: AttemptState, **changes: Any) -> Attempt:  # noqa: ANN401 - any member of Attempt
    """An attempt of a video that is uploaded."""
    plain = Attempt(
        id="gate",
        post_id="post_1",
        account_id="a",
        number=1,
        state=state,
        transfer="upload",
        created_at=0,
        publish_id="pub-1",
    )
    return replace(plain, **changes)


def failed(code: str, **changes: Any) -> Post:  # noqa: ANN401 - any member of Post
    """A video that has failed."""
    plain = post("video", {"privacy": PUBLIC})
    return replace(plain, state=State.FAILED, failure=Failure(code=code, message="no"), **changes)


REJECTED, VOID = attempt(AttemptState.REJECTED), attempt(AttemptState.VOID, publish_id=None)
SENT = attempt(AttemptState.ACCEPTED, final_chunk_started=True)
HALF = attempt(AttemptState.ACCEPTED)
PULLED = attempt(AttemptState.ACCEPTED, transfer="pull")


@pytest.mark.parametrize(
    ("known", "attempts", "why"),
    [
        # Nothing was sent: whatever it failed of.
        (failed("fetch_error"), [], None),
        (failed("image_too_large"), [], None),
        # TikTok can never publish it, and the error passes.
        (failed("attempts_exhausted"), [VOID], None),
        (failed("internal", tiktok_status="FAILED"), [SENT], None),
        (failed("video_pull_failed", tiktok_status="FAILED"), [PULLED], None),
        (failed("spam_risk_too_many_posts"), [REJECTED], None),
        (failed("tiktok_upload_failed"), [HALF], None),
        # Somebody else had to act, and may have.
        (failed("scope_not_authorized"), [REJECTED], None),
        (failed("unaudited_client_can_only_post_to_private_accounts"), [REJECTED], None),
        (failed("url_ownership_unverified"), [REJECTED], None),
        # What is wrong is in the post itself, or TikTok has refused it for good.
        (failed("duration_check_failed", tiktok_status="FAILED"), [SENT], "retry_useless"),
        (failed("spam_risk"), [REJECTED], "retry_useless"),
        (failed("privacy_level_option_mismatch"), [REJECTED], "retry_useless"),
        (failed("a_code_that_nobody_knows"), [REJECTED], "retry_useless"),
        # TikTok could still publish it.
        (failed("internal_error"), [SENT], "retry_unsafe"),
        (failed("tiktok_upload_failed"), [SENT], "retry_unsafe"),
        (failed("internal_error"), [PULLED], "retry_unsafe"),
        # A person has said that it is not there.
        (failed("resolved_not_published"), [replace(SENT, state=AttemptState.REJECTED)], None),
        # What it had before it was tried anew counts no more.
        (failed("image_too_large", attempts_before=1), [REJECTED], None),
    ],
)
def test_a_failed_post_is_tried_anew_only_where_that_is_safe_and_may_help(
    known: Post, attempts: list[Attempt], why: str | None
) -> None:
    refused = why_not_retry(known, attempts, CONTRACT.error)
    assert (refused.code if refused else None) == why


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (State.UNCONFIRMED, "post_unresolved"),
        (State.HELD, "post_unresolved"),
        *[
            (state, "post_not_failed")
            for state in State
            if state not in {State.UNCONFIRMED, State.HELD, State.FAILED}
        ],
    ],
)
def test_what_has_not_failed_is_not_tried_anew(state: State, why: str) -> None:
    refused = why_not_retry(replace(failed("internal"), state=state), [], CONTRACT.error)
    assert refused is not None
    assert (refused.code, refused.extra["status"]) == (why, state.value)


@pytest.mark.parametrize(
    ("one", "may"),
    [
        (HALF, False),
        (SENT, True),
        (PULLED, True),
        (replace(PULLED, state=AttemptState.UNCERTAIN), True),
        (replace(SENT, state=AttemptState.REJECTED), False),
        (replace(PULLED, state=AttemptState.SENDING), False),
        (VOID, False),
    ],
)
def test_tiktok_may_hold_all_bytes_of_what_it_pulled_or_of_a_last_chunk_that_left(
    one: Attempt, may: bool
) -> None:
    assert may_hold_all(one) is may


def test_the_danger_names_the_attempt_and_says_what_to_do() -> None:
    told = danger(replace(failed("unconfirmed"), state=State.UNCONFIRMED), [VOID, replace(SENT, number=2)])
    assert told is not None
    assert "attempt 2 (pub-1)" in told
    assert "it could still publish it" in told
    assert danger(replace(failed("unconfirmed"), state=State.UNCONFIRMED), [HALF]) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, False),
        ({"tiktok_status": "PROCESSING_UPLOAD"}, False),
        ({"tiktok_status": "FAILED"}, False),
        ({"tiktok_status": "PUBLISH_COMPLETE"}, True),
        ({"public_ids": ("76",)}, True),
        ({"failure": Failure(code="unexpected_publish", message="no")}, True),
    ],
)
def test_tiktok_has_said_that_a_post_is_published_by_its_word_an_id_or_an_alarm(
    changes: dict[str, Any], said: bool
) -> None:
    assert replace(failed("internal_error"), **changes).is_said_published is said


def test_a_public_post_that_tiktok_alone_has_seen_counts_as_private() -> None:
    seen = post("video", {"privacy": PUBLIC})
    assert published_as(seen, has_url=False, is_said=True)[0] is State.PUBLISHED_PRIVATE
    assert published_as(seen, has_url=True, is_said=True)[0] is State.PUBLISHED_PUBLIC


@pytest.mark.parametrize(
    ("mode", "privacy", "has_url", "state"),
    [
        ("direct", PUBLIC, True, State.PUBLISHED_PUBLIC),
        ("direct", PUBLIC, False, State.PUBLISHED_PUBLIC),
        ("direct", FRIENDS, True, State.PUBLISHED_PRIVATE),
        ("direct", "SELF_ONLY", False, State.PUBLISHED_PRIVATE),
        ("inbox", None, True, State.PUBLISHED_PUBLIC),
        ("inbox", None, False, State.PUBLISHED_PRIVATE),
    ],
)
def test_the_privacy_of_a_post_says_whether_it_counts_as_public(
    mode: str, privacy: str | None, has_url: bool, state: State
) -> None:
    found, why = published_as(post("video", {"privacy": privacy}, mode), has_url=has_url, is_said=False)
    assert found is state
    assert "counts as" in why


def test_a_deed_names_its_doer_and_hides_secrets() -> None:
    caller = Principal(workspace_id="w", key_id="key_1", name="n8n")
    deed = deed_of(caller, "pause", "workspace w", " because of access_token=abc123 ")
    assert (deed.who, deed.who_name, deed.workspace_id) == ("key_1", "n8n", "w")
    assert "abc123" not in deed.note
    operator = replace(caller, is_operator=True)
    assert deed_of(operator, "pause", "all", everywhere=True).workspace_id is None
    assert deed_of(operator, "pause", "all").who == "cli"
