"""Unconfirmed posts looked for among their account's videos, with a TikTok that follows a script."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connector.domain.lifecycle import AttemptState, State
from connector.domain.matching import WITHIN_MS, Sought
from connector.domain.retry import SOUGHT_FOR_MS
from connector.engine.advance import advance
from connector.engine.listing import MOST_PAGES, Listed
from connector.engine.model import Post, Principal
from connector.engine.ports import Call
from connector.engine.ports_tiktok import Video, VideoPage
from connector.engine.reconcile import NOT_SEEN_MS
from connector.engine.resolving import resolve_post, retry_post
from tests.fakes.scripted import Scene, refusal, status
from tests.ledgers import TTL, new_app, new_grant, new_tokens

pytest_plugins = ("tests.engine_scene",)

HOUR = 3_600_000
CAPTION = "Grüße 🌻"
SILENT = refusal("token_not_authorized_for_specified_publish_id", name="status/fetch")
SCOPES = frozenset({"user.info.basic", "video.publish", "video.list"})
ID = "7602997517160123666"
KEY = Principal(workspace_id="w", key_id="key_1", name="n8n", scopes=frozenset({"posts:read", "posts:write"}))


@pytest.fixture
def seeing(scene: Scene) -> Scene:
    """Give a scene whose account `a` lets its videos be listed, and of whose posts TikTok tells nothing."""
    scene.stage.grants.connect(new_grant("a", tokens=new_tokens(scopes=SCOPES)))
    scene.tiktok.statuses = [SILENT]
    return scene


def sent(scene: Scene, title: str = CAPTION, **given: Any) -> Post:  # noqa: ANN401 - any field of the input
    """Have a video accepted."""
    plain = {"source_url": "https://m.example/v.mp4", "privacy": "PUBLIC_TO_EVERYONE", "title": title}
    return scene.accept_video(input={**plain, **given}, input_hash=f"{title}{given}".ljust(64))


def in_doubt(scene: Scene, title: str = CAPTION, **given: Any) -> Post:  # noqa: ANN401 - any field of the input
    """Have a video that TikTok has taken and tells nothing of."""
    post = sent(scene, title, **given)
    until(scene, lambda: scene.now(post).state is State.UNCONFIRMED)
    return scene.now(post)


def until(scene: Scene, over: Callable[[], bool], *, steps: int = 240) -> None:
    """Work, moving the clock, until something is so."""
    for _ in range(steps):
        if over():
            return
        scene.run(steps=1, move_ms=13 * HOUR)
    raise AssertionError("it never became so")


def shown(scene: Scene, post: Post, **changes: Any) -> Video:  # noqa: ANN401 - any member of Video
    """Return the video that TikTok shows of a post."""
    (attempt,) = scene.stage.ledger.attempts(post.id)
    plain = Video(
        id=ID,
        created_at=attempt.created_at + 5_000,
        description=str(post.input.get("title")),
        share_url=f"https://www.tiktok.com/@user_a/video/{ID}?utm_source=aw1",
        duration_s=5,
    )
    return replace(plain, **changes)


def page(*videos: Video, next_before: int | None = None) -> VideoPage:
    """Return an answer of video/list."""
    call = Call(name="video/list", status=200, code="ok", log_id="log-7")
    return VideoPage(videos=videos, next_before=next_before, call=call)


def give_back(scene: Scene, post: Post, *, due: int | None) -> None:
    """Have a post be due at a time, or never."""
    claim = scene.stage.ledger.take(post.id, "me", ttl_ms=TTL)
    assert claim is not None
    scene.stage.ledger.release(claim.lease, next_at=due)


def lists(scene: Scene) -> list[str]:
    """Return the calls that listed videos."""
    return [call for call in scene.tiktok.calls if call.startswith("list")]


def message(scene: Scene, post: Post) -> str:
    """Return what is said to be wrong with a post."""
    failure = scene.now(post).failure
    assert failure is not None
    assert failure.code == "unconfirmed"
    return failure.message


def test_a_post_that_the_account_shows_is_published_with_its_id_and_the_evidence(seeing: Scene) -> None:
    post = in_doubt(seeing)
    assert "looked for among the account's public posts until 20" in message(seeing, post)
    seeing.tiktok.pages = [page(shown(seeing, post))]
    until(seeing, lambda: seeing.now(post).state is not State.UNCONFIRMED)
    now = seeing.now(post)
    assert (now.state, now.public_ids, now.failure, now.next_at) == (
        State.PUBLISHED_PUBLIC,
        (ID,),
        None,
        None,
    )
    (line,) = [entry for entry in seeing.stage.ledger.timeline(post.id) if entry.decision.startswith("found")]
    assert (line.call, line.status, line.log_id) == ("video/list", 200, "log-7")
    assert line.decision.startswith(f"found as {ID}, the same caption, made 5 s after the attempt began, 5 s")
    assert seeing.tiktok.calls.count("init video") == 1


def test_a_post_that_is_found_at_the_first_look_is_never_in_doubt(seeing: Scene) -> None:
    post = sent(seeing)
    seeing.step()
    seeing.tiktok.pages = [page(shown(seeing, post))]
    until(seeing, lambda: seeing.now(post).state is not State.PROCESSING)
    assert seeing.now(post).state is State.PUBLISHED_PUBLIC
    states = [entry.decision for entry in seeing.stage.ledger.timeline(post.id) if entry.call == "state"]
    assert "unconfirmed" not in states


def test_what_is_never_found_is_looked_for_a_while_left_to_a_person_and_never_sent_again(
    seeing: Scene,
) -> None:
    post = in_doubt(seeing)
    began = seeing.stage.ledger.attempts(post.id)[0].created_at
    until(seeing, lambda: seeing.now(post).next_at is None)
    now = seeing.now(post)
    assert (now.state, seeing.tiktok.calls.count("init video")) == (State.UNCONFIRMED, 1)
    assert seeing.stage.clock.now() - began >= SOUGHT_FOR_MS
    assert seeing.stage.attempt_states(post.id) == [AttemptState.ACCEPTED]
    assert "It was looked for among the account's public posts until" in message(seeing, post)
    assert message(seeing, post).endswith("a person must settle it.")
    assert 10 < len(lists(seeing)) < 40
    assert "none of 0 public posts is like it" in [e.decision for e in seeing.stage.ledger.timeline(post.id)]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"privacy": "SELF_ONLY"}, "TikTok lists public posts alone, and this one is for SELF_ONLY"),
        ({"privacy": "MUTUAL_FOLLOW_FRIENDS"}, "this one is for MUTUAL_FOLLOW_FRIENDS"),
        ({"title": ""}, "no caption"),
    ],
)
def test_what_the_list_cannot_show_is_put_to_a_person_at_once(
    seeing: Scene, given: dict[str, Any], why: str
) -> None:
    post = in_doubt(seeing, **given)
    assert why in message(seeing, post)
    assert message(seeing, post).endswith("a person must look at the account.")
    assert lists(seeing) == []
    assert "a person must look" in [entry.decision for entry in seeing.stage.ledger.timeline(post.id)]


def test_an_account_without_the_permission_says_so_and_another_look_comes_with_the_permission(
    scene: Scene,
) -> None:
    scene.tiktok.statuses = [SILENT]
    post = in_doubt(scene)
    assert "the account was connected without video.list: a person must look" in message(scene, post)
    until(scene, lambda: scene.now(post).next_at is None)
    assert lists(scene) == []
    scene.tiktok.pages = [page(shown(scene, post))]
    scene.stage.grants.connect(new_grant("a", tokens=new_tokens(scopes=SCOPES)))
    scene.step()
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_another_app_that_may_list_the_videos_looks_for_the_post(scene: Scene) -> None:
    scene.tiktok.statuses = [SILENT]
    post = sent(scene)
    scene.step()
    scene.stage.apps.keep(new_app(id="app-2", client_key="aw2", audit="audited"))
    second = new_grant("a", id="grant-a2", app_id="app-2", tokens=new_tokens(scopes=SCOPES))
    scene.stage.grants.connect(second)
    scene.tiktok.pages = [page(shown(scene, post))]
    until(scene, lambda: scene.now(post).state is State.PUBLISHED_PUBLIC)


def test_an_app_that_may_list_the_videos_looks_though_another_one_is_better(scene: Scene) -> None:
    scene.tiktok.statuses = [SILENT]
    scene.stage.grants.connect(new_grant("a", tokens=new_tokens()))
    scene.stage.apps.keep(new_app(audit="audited"))
    scene.stage.apps.keep(new_app(id="app-2", client_key="aw2"))
    second = new_grant("a", id="grant-a2", app_id="app-2", tokens=new_tokens(scopes=SCOPES))
    scene.stage.grants.connect(second)
    post = in_doubt(scene)
    assert len(lists(scene)) == 1
    scene.tiktok.pages = [page(shown(scene, post))]
    until(scene, lambda: scene.now(post).state is State.PUBLISHED_PUBLIC)


def test_a_permission_that_tiktok_denies_is_said_in_the_post(seeing: Scene) -> None:
    seeing.tiktok.pages = [refusal("scope_not_authorized", name="video/list")]
    post = in_doubt(seeing)
    assert "TikTok says that the account has not granted video.list" in message(seeing, post)


def test_a_list_that_does_not_come_is_asked_for_again(seeing: Scene) -> None:
    seeing.tiktok.pages = [refusal("tiktok_unreachable", "unsent", "video/list")]
    post = in_doubt(seeing)
    assert "looked for among" in message(seeing, post)
    seeing.tiktok.pages = [page(shown(seeing, post))]
    until(seeing, lambda: seeing.now(post).state is State.PUBLISHED_PUBLIC)


def test_a_look_that_tiktok_does_not_answer_is_none_however_old_the_post_is(seeing: Scene) -> None:
    post = in_doubt(seeing)
    seeing.stage.clock.advance(SOUGHT_FOR_MS)
    seeing.tiktok.pages = [refusal("rate_limit_exceeded", "retry", "video/list")]
    seeing.step()
    due = seeing.now(post).next_at
    assert due is not None
    assert due - seeing.stage.clock.now() <= NOT_SEEN_MS
    assert "once more; a person may settle it now" in message(seeing, post)
    seeing.tiktok.pages = [page(shown(seeing, post))]
    until(seeing, lambda: seeing.now(post).state is State.PUBLISHED_PUBLIC)


@pytest.mark.parametrize(
    ("back_to", "up_to", "is_covered"),
    [
        (0, None, True),
        (0, HOUR, False),
        (0, 2 * HOUR, True),
        (3_300_000, 2 * HOUR, True),
        (HOUR, None, False),
    ],
)
def test_a_list_tells_of_a_post_only_where_it_shows_the_whole_time_of_its_attempt(
    back_to: int, up_to: int | None, is_covered: bool
) -> None:
    sought = Sought(kind="video", texts=("x",), since=HOUR, until=HOUR + 600_000, duration_ms=1)
    call = Call(name="video/list")
    assert Listed(videos=(), back_to=back_to, up_to=up_to, around=(), call=call).covers(sought) is is_covered


def test_one_look_serves_every_unconfirmed_post_of_the_account(seeing: Scene) -> None:
    first, second = in_doubt(seeing, "one"), in_doubt(seeing, "two")
    before = len(lists(seeing))
    videos = [shown(seeing, first, id="1" * 19), shown(seeing, second, id="2" * 19)]
    seeing.tiktok.pages = [page(*videos)]
    until(seeing, lambda: len(lists(seeing)) > before)
    assert [seeing.now(post).public_ids for post in (first, second)] == [("1" * 19,), ("2" * 19,)]
    assert len(lists(seeing)) == before + 1


def test_a_post_that_is_not_found_beside_another_keeps_its_own_time(seeing: Scene) -> None:
    first, second = in_doubt(seeing, "one"), in_doubt(seeing, "two")
    due = seeing.stage.clock.now() + 5 * HOUR
    give_back(seeing, second, due=due)
    seeing.tiktok.pages = [page(shown(seeing, first))]
    until(seeing, lambda: seeing.now(first).state is State.PUBLISHED_PUBLIC)
    assert (seeing.now(second).state, seeing.now(second).next_at) == (State.UNCONFIRMED, due)


def test_posts_that_are_in_hand_while_another_looks_are_looked_for_as_soon_as_somebody_may(
    seeing: Scene,
) -> None:
    made = [in_doubt(seeing, name) for name in ("one", "two", "three")]
    until(seeing, lambda: all(seeing.now(post).next_at is None for post in made), steps=600)
    seeing.tiktok.pages = [
        page(*[shown(seeing, post, id=f"{number}" * 19) for number, post in enumerate(made)])
    ]
    seeing.stage.grants.connect(new_grant("a", tokens=new_tokens(scopes=SCOPES)))
    for claim in seeing.stage.ledger.claim("dispatcher", limit=9, ttl_ms=TTL):
        advance(seeing.context, claim)
    seeing.run(steps=6, move_ms=100_000)
    assert {seeing.now(post).state for post in made} == {State.PUBLISHED_PUBLIC}


def test_posts_that_are_due_together_take_one_look_and_are_asked_about_in_turn(seeing: Scene) -> None:
    made = [in_doubt(seeing, name) for name in ("one", "two", "three")]
    seeing.run(steps=20, move_ms=600_000)
    seeing.tiktok.calls.clear()
    until(seeing, lambda: len(lists(seeing)) == 6)
    asked = [call for call in seeing.tiktok.calls if call.startswith("status")]
    assert set(asked) == {f"status {post.publish_id}" for post in made}
    assert len(asked) <= 8


def test_two_posts_of_one_caption_are_not_told_apart(seeing: Scene) -> None:
    first, second = in_doubt(seeing), in_doubt(seeing, disable_duet=True)
    seeing.tiktok.pages = [page(shown(seeing, first))]
    until(seeing, lambda: seeing.now(first).next_at is seeing.now(second).next_at is None)
    for post in (first, second):
        assert seeing.now(post).state is State.UNCONFIRMED
        decisions = [entry.decision for entry in seeing.stage.ledger.timeline(post.id)]
        assert f"{ID} is like it, and may be another post that was sent for this account" in decisions


def test_a_video_that_another_post_of_ours_holds_is_not_taken_from_it(seeing: Scene) -> None:
    known = sent(seeing)
    seeing.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=(ID,))]
    seeing.run()
    assert seeing.now(known).public_ids == (ID,)
    seeing.tiktok.statuses = [SILENT]
    post = in_doubt(seeing, disable_duet=True)
    seeing.tiktok.pages = [page(shown(seeing, post))]
    seeing.run(steps=12, move_ms=HOUR)
    assert seeing.now(post).state is State.UNCONFIRMED


def test_a_post_that_waits_to_be_tried_anew_may_still_be_what_is_found(seeing: Scene) -> None:
    first = in_doubt(seeing)
    late = shown(seeing, first)
    settled, _ = resolve_post(seeing.context, KEY, first, "not_published", None)
    second = in_doubt(seeing, disable_duet=True)
    retry_post(seeing.context, KEY, settled, allow_repeat=True)
    assert seeing.now(first).publish_id is None
    seeing.tiktok.pages = [page(replace(late, created_at=shown(seeing, second).created_at))]
    before = len(lists(seeing))
    give_back(seeing, first, due=None)
    until(seeing, lambda: len(lists(seeing)) > before)
    assert seeing.now(second).state is State.UNCONFIRMED


def test_a_post_that_may_have_taken_more_than_four_hours_may_be_what_is_found(seeing: Scene) -> None:
    first = in_doubt(seeing)
    until(seeing, lambda: seeing.now(first).next_at is None)
    give_back(seeing, first, due=None)
    second = in_doubt(seeing, disable_duet=True)
    seeing.tiktok.pages = [page(shown(seeing, second))]
    before = len(lists(seeing))
    until(seeing, lambda: len(lists(seeing)) > before)
    assert seeing.now(second).state is State.UNCONFIRMED


def test_a_list_that_does_not_reach_back_to_the_attempt_proves_nothing(seeing: Scene) -> None:
    post = in_doubt(seeing)
    made = shown(seeing, post)
    newer = shown(
        seeing, post, id="1" * 19, description="another", created_at=(made.created_at or 0) + 60_000
    )
    seeing.tiktok.pages = [page(made, newer, next_before=newer.created_at)]
    before = len(lists(seeing))
    until(seeing, lambda: len(lists(seeing)) > before)
    assert len(lists(seeing)) == before + MOST_PAGES
    assert seeing.now(post).state is State.UNCONFIRMED
    seeing.tiktok.pages = [page(newer, next_before=newer.created_at), page(made)]
    until(seeing, lambda: seeing.now(post).state is State.PUBLISHED_PUBLIC)


def test_a_video_that_two_pages_show_is_one_video(seeing: Scene) -> None:
    post = in_doubt(seeing)
    made = shown(seeing, post)
    seeing.tiktok.pages = [page(made, next_before=made.created_at), page(made)]
    until(seeing, lambda: seeing.now(post).state is State.PUBLISHED_PUBLIC)


def test_a_long_account_is_read_from_the_time_of_the_attempt_on(seeing: Scene) -> None:
    post = in_doubt(seeing)
    began = seeing.stage.ledger.attempts(post.id)[0].created_at
    until(seeing, lambda: seeing.stage.clock.now() > began + 2 * WITHIN_MS)
    asked = int(lists(seeing)[-1].removeprefix("list "))
    assert began + WITHIN_MS <= asked < seeing.stage.clock.now()


def test_tiktoks_status_settles_an_unconfirmed_post_before_any_list(seeing: Scene) -> None:
    post = in_doubt(seeing)
    before = len(lists(seeing))
    seeing.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    until(seeing, lambda: seeing.now(post).state is not State.UNCONFIRMED)
    assert (seeing.now(post).state, seeing.now(post).public_ids) == (State.PUBLISHED_PUBLIC, ("76",))
    assert len(lists(seeing)) == before


def test_an_unconfirmed_post_that_tiktok_still_works_on_says_so_and_is_looked_for(seeing: Scene) -> None:
    post = in_doubt(seeing)
    seeing.stage.clock.advance(2 * HOUR)
    seeing.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    seeing.step()
    assert message(seeing, post).startswith("TikTok says PROCESSING_UPLOAD, and does not say how it ended.")
    assert seeing.now(post).tiktok_status == "PROCESSING_UPLOAD"
    seeing.tiktok.pages = [page(shown(seeing, post))]
    until(seeing, lambda: seeing.now(post).state is State.PUBLISHED_PUBLIC)


def test_a_last_chunk_that_may_not_have_arrived_is_looked_for_after_four_hours(seeing: Scene) -> None:
    seeing.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    post = sent(seeing)
    until(seeing, lambda: seeing.now(post).state is State.UNCONFIRMED, steps=600)
    assert message(seeing, post).startswith("The last chunk of the upload may or may not have arrived")
    assert len(lists(seeing)) == 1
    seeing.tiktok.pages = [page(shown(seeing, post))]
    until(seeing, lambda: seeing.now(post).state is State.PUBLISHED_PUBLIC)
