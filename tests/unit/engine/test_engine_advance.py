"""A post's way from accepted to settled, with a TikTok that follows a script."""

from dataclasses import replace

import pytest

from connector.domain.chunks import CHUNK_SIZE
from connector.domain.lifecycle import AttemptState, State
from connector.domain.retry import (
    GIVE_UP_MS,
    MAX_ATTEMPTS,
    MAX_FETCHES,
    MAX_SLOW_FETCHES,
    MAX_STATUS_TRIES,
    SLOWEST_LOOK_MS,
    SOUGHT_FOR_MS,
)
from connector.engine.advance import advance
from connector.engine.model import Change
from connector.engine.ports import Call, LeaseLost, Uploaded
from connector.kernel.errors import PostrailError, Problem
from tests.fakes.scripted import CREATOR, Scene, refusal, status
from tests.ledgers import NOTE

pytest_plugins = ("tests.engine_scene",)


def source_error(problem: str) -> PostrailError:
    """A refusal of the media room."""
    return PostrailError("fetch_error", "no", details=[Problem(field="source_url", problem=problem)])


def test_a_video_is_uploaded_and_becomes_public_with_its_ids_as_text(scene: Scene) -> None:
    scene.tiktok.statuses = [
        status("PROCESSING_UPLOAD"),
        status("PUBLISH_COMPLETE"),
        status("PUBLISH_COMPLETE", ids=("76",)),
    ]
    post = scene.accept_video()
    scene.run()
    now = scene.now(post)
    assert (now.state, now.public_ids, now.publish_id) == (State.PUBLISHED_PUBLIC, ("76",), "pub-1")
    assert now.next_at is None
    assert scene.tiktok.calls[:3] == ["creator open-a", "init video", "put 0-999"]


def test_photos_are_pulled_from_urls_that_carry_the_attempts_gate(scene: Scene) -> None:
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("77",))]
    post = scene.accept_photos()
    scene.run()
    (attempt,) = scene.stage.ledger.attempts(post.id)
    assert scene.tiktok.urls == [
        f"https://posts.example/media/{attempt.id}/{index}.jpg" for index in range(2)
    ]
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_nothing_but_the_init_happens_before_the_publish_id_is_stored(scene: Scene) -> None:
    seen: list[AttemptState] = []
    post = scene.accept_photos()
    scene.tiktok.during_init = lambda: seen.extend(scene.stage.attempt_states(post.id))
    scene.tiktok.statuses = [status("PROCESSING_DOWNLOAD")]
    scene.step()
    assert seen == [AttemptState.SENDING]
    assert scene.stage.attempt_states(post.id) == [AttemptState.ACCEPTED]


def test_an_owner_that_lost_its_attempt_while_tiktok_answered_sends_no_byte(scene: Scene) -> None:
    scene.accept_video()
    claim = scene.stage.claim()

    def taken_over() -> None:
        scene.stage.clock.advance(60_000)
        (successor,) = scene.stage.ledger.claim("other", limit=1, ttl_ms=10_000)
        scene.stage.ledger.begin_attempt(successor.lease, "gate-2", "upload", NOTE)

    scene.tiktok.during_init = taken_over
    with pytest.raises(LeaseLost):
        advance(scene.context, claim)
    assert [call for call in scene.tiktok.calls if call.startswith("put")] == []


def test_what_tiktok_said_of_a_chunk_is_told_though_the_post_is_anothers_by_then(scene: Scene) -> None:
    post = scene.accept_video()
    claim = scene.stage.claim()

    def taken_over() -> None:
        scene.stage.clock.advance(60_000)
        assert scene.stage.ledger.claim("other", limit=1, ttl_ms=10_000)

    scene.tiktok.during_put = taken_over
    with pytest.raises(LeaseLost):
        advance(scene.context, claim)
    assert scene.stage.ledger.timeline(post.id)[-1].decision == "1000 of 1000 bytes"


@pytest.mark.parametrize(
    ("outcome", "ended"),
    [
        ("unknown", AttemptState.VOID),
        ("unsent", AttemptState.REJECTED),
        ("retry", AttemptState.REJECTED),
    ],
)
def test_an_init_without_an_answer_is_closed_and_a_new_attempt_follows(
    scene: Scene, outcome: str, ended: AttemptState
) -> None:
    scene.tiktok.inits = [refusal("tiktok_unreachable", outcome), "then as usual"]
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    post = scene.accept_video()
    scene.run()
    assert scene.stage.attempt_states(post.id) == [ended, AttemptState.ACCEPTED]
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_attempts_are_capped(scene: Scene) -> None:
    scene.tiktok.inits = [refusal("tiktok_unreachable", "unknown")]
    post = scene.accept_video()
    scene.run(steps=40)
    failure = scene.now(post).failure
    assert failure is not None
    assert failure.code == "attempts_exhausted"
    assert len(scene.stage.attempt_states(post.id)) == MAX_ATTEMPTS


def test_a_refused_init_fails_the_post_with_tiktoks_own_code_and_log_id(scene: Scene) -> None:
    scene.tiktok.inits = [refusal("spam_risk_too_many_posts")]
    post = scene.accept_video()
    scene.run()
    failure = scene.now(post).failure
    assert failure is not None
    assert (failure.code, failure.tiktok_log_id) == ("spam_risk_too_many_posts", "log-9")
    assert scene.stage.attempt_states(post.id) == [AttemptState.REJECTED]


def test_an_audience_that_the_account_does_not_offer_is_refused_before_any_init(scene: Scene) -> None:
    scene.tiktok.creators = [replace(CREATOR, privacy_level_options=("SELF_ONLY",))]
    post = scene.accept_video()
    scene.run()
    failure = scene.now(post).failure
    assert failure is not None
    assert failure.code == "privacy_level_option_mismatch"
    assert scene.tiktok.calls == ["creator open-a"]


def test_every_problem_of_every_file_is_told_at_once(scene: Scene) -> None:
    for index in (0, 2):
        problem = Problem(field=f"photo_images[{index}]", problem="too_wide")
        scene.media.refuse[f"https://m.example/{index}.jpg"] = PostrailError(
            "image_too_large_px", "wide", details=[problem]
        )
    post = scene.accept_photos(3)
    scene.run()
    failure = scene.now(post).failure
    assert failure is not None
    assert [item["field"] for item in failure.details] == ["photo_images[0]", "photo_images[2]"]
    assert scene.tiktok.calls == []


def test_a_source_that_may_recover_is_tried_again_a_few_times(scene: Scene) -> None:
    scene.media.refuse["https://m.example/v.mp4"] = source_error("unreachable")
    post = scene.accept_video()
    scene.run(steps=30)
    assert scene.now(post).state is State.FAILED
    fetches = [entry for entry in scene.stage.ledger.timeline(post.id) if entry.call == "media/fetch"]
    assert len(fetches) == MAX_FETCHES


def test_a_source_that_is_no_media_fails_at_once(scene: Scene) -> None:
    scene.media.refuse["https://m.example/v.mp4"] = source_error("html_page")
    post = scene.accept_video()
    scene.run(steps=1)
    assert scene.now(post).state is State.FAILED


def test_a_large_video_goes_in_chunks_and_a_failed_chunk_is_sent_again(scene: Scene) -> None:
    scene.media.size = 7 * CHUNK_SIZE + 5
    lost = refusal("tiktok_unreachable", "unknown", "PUT upload")
    stored = Uploaded(uploaded=CHUNK_SIZE, complete=False, call=Call(name="PUT upload", status=206))
    scene.tiktok.chunks = [stored, lost]
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    post = scene.accept_video()
    scene.run()
    puts = [call for call in scene.tiktok.calls if call.startswith("put")]
    assert len(puts) == 8
    assert puts[1] == puts[2] == f"put {CHUNK_SIZE}-{2 * CHUNK_SIZE - 1}"
    assert puts[-1] == f"put {6 * CHUNK_SIZE}-{7 * CHUNK_SIZE + 4}"
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_tiktoks_word_on_what_it_holds_decides_where_an_upload_goes_on(scene: Scene) -> None:
    scene.media.size = 7 * CHUNK_SIZE
    ahead = Uploaded(uploaded=5 * CHUNK_SIZE, complete=False, call=Call(name="PUT upload", status=416))
    scene.tiktok.chunks = [ahead]
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    scene.accept_video()
    scene.run()
    puts = [call for call in scene.tiktok.calls if call.startswith("put")]
    assert puts[1].startswith(f"put {5 * CHUNK_SIZE}-")


def test_an_upload_url_that_is_refused_early_opens_a_new_attempt(scene: Scene) -> None:
    scene.media.size = 7 * CHUNK_SIZE
    scene.tiktok.chunks = [refusal("tiktok_upload_failed", "refused", "PUT upload")]
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    post = scene.accept_video()
    scene.run()
    assert scene.stage.attempt_states(post.id) == [AttemptState.REJECTED, AttemptState.ACCEPTED]
    assert scene.now(post).publish_id == "pub-2"


def test_after_the_last_chunk_was_started_a_refused_url_opens_no_new_attempt(scene: Scene) -> None:
    scene.tiktok.chunks = [refusal("tiktok_upload_failed", "refused", "PUT upload")]
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    post = scene.accept_video()
    scene.run()
    assert scene.stage.attempt_states(post.id) == [AttemptState.ACCEPTED]
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_a_draining_process_stops_between_chunks_and_the_next_goes_on_there(scene: Scene) -> None:
    scene.media.size = 7 * CHUNK_SIZE
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    post = scene.accept_video()
    claim = scene.stage.claim()
    put = scene.tiktok.upload_chunk

    def drain_after(*args: object, **kwargs: object) -> Uploaded:
        scene.draining = True
        return put(*args, **kwargs)  # type: ignore[arg-type] # passed on as they came

    scene.tiktok.upload_chunk = drain_after  # type: ignore[method-assign] # the scripted fake is ours to bend
    advance(scene.context, claim)
    assert scene.stage.ledger.attempts(post.id)[0].uploaded == CHUNK_SIZE
    scene.draining = False
    scene.tiktok.upload_chunk = put  # type: ignore[method-assign] # bent back
    scene.run()
    assert scene.now(post).state is State.PUBLISHED_PUBLIC
    assert len({call for call in scene.tiktok.calls if call.startswith("put")}) == 7


@pytest.mark.parametrize(
    ("privacy", "state"),
    [("SELF_ONLY", State.PUBLISHED_PRIVATE), ("MUTUAL_FOLLOW_FRIENDS", State.PUBLISHED_PRIVATE)],
)
def test_a_post_that_is_not_public_settles_without_an_id(scene: Scene, privacy: str, state: State) -> None:
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE")]
    post = scene.accept_video(input={"source_url": "https://m.example/v.mp4", "privacy": privacy})
    scene.run()
    assert scene.now(post).state is state


def test_a_public_post_without_an_id_is_in_moderation_and_not_settled(scene: Scene) -> None:
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE")]
    post = scene.accept_video()
    scene.run(move_ms=5000)
    now = scene.now(post)
    assert (now.state, now.settled_at) == (State.IN_MODERATION, None)


def test_a_failure_that_tiktok_calls_passing_is_tried_again_as_a_new_attempt(scene: Scene) -> None:
    scene.tiktok.statuses = [status("FAILED", reason="internal"), status("PUBLISH_COMPLETE", ids=("76",))]
    post = scene.accept_video()
    scene.run()
    assert scene.stage.attempt_states(post.id) == [AttemptState.REJECTED, AttemptState.ACCEPTED]
    assert scene.now(post).publish_id == "pub-2"


@pytest.mark.parametrize("reason", ["frame_rate_check_failed", "spam_risk_text", "something_new"])
def test_any_other_failure_is_final_and_keeps_tiktoks_reason(scene: Scene, reason: str) -> None:
    scene.tiktok.statuses = [status("FAILED", reason=reason)]
    post = scene.accept_video()
    scene.run()
    failure = scene.now(post).failure
    assert failure is not None
    assert (failure.code, failure.fail_reason) == (reason, reason)
    assert len(scene.stage.attempt_states(post.id)) == 1


def test_a_publish_id_that_tiktok_does_not_know_yet_is_asked_for_again(scene: Scene) -> None:
    unknown = refusal("invalid_params", "refused", "status/fetch")
    scene.tiktok.statuses = [unknown, status("PUBLISH_COMPLETE", ids=("76",))]
    post = scene.accept_video()
    scene.run()
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_a_post_that_tiktok_never_tells_of_is_left_to_a_person_and_never_sent_again(scene: Scene) -> None:
    scene.tiktok.statuses = [refusal("invalid_publish_id", "refused", "status/fetch")]
    post = scene.accept_video()
    scene.run(steps=300)
    assert scene.now(post).state is State.UNCONFIRMED
    assert len(scene.stage.attempt_states(post.id)) == 1
    assert len([call for call in scene.tiktok.calls if call.startswith("status")]) > MAX_STATUS_TRIES


def test_a_second_post_of_an_account_waits_while_the_first_is_in_its_init(scene: Scene) -> None:
    first, second = scene.accept_video(), scene.accept_video()
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    held = scene.stage.ledger.claim("other", limit=1, ttl_ms=600_000)[0]
    saved = scene.stage.ledger.save(held.lease, Change(state=State.FETCHING))
    scene.stage.ledger.begin_attempt(held.lease, "gate-1", "upload", NOTE)
    scene.run(steps=4, move_ms=300)
    waiting = first if saved.id == second.id else second
    assert scene.now(waiting).state is State.FETCHING
    assert "init video" not in scene.tiktok.calls


def test_calls_that_never_had_an_effect_do_not_use_up_the_attempts(scene: Scene) -> None:
    busy = refusal("rate_limit_exceeded", "retry")
    scene.tiktok.inits = [*([busy] * (MAX_ATTEMPTS + 3)), "then as usual"]
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    post = scene.accept_video()
    scene.run(steps=40)
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_an_upload_url_that_expired_before_any_byte_was_sent_opens_a_new_attempt(scene: Scene) -> None:
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    post = scene.accept_video()
    claim = scene.stage.claim()
    scene.tiktok.during_init = lambda: setattr(scene, "draining", True)
    advance(scene.context, claim)
    assert "put 0-999" not in scene.tiktok.calls
    scene.draining, scene.tiktok.during_init = False, lambda: None
    scene.stage.clock.advance(2 * 3_600_000)
    scene.run()
    assert scene.stage.attempt_states(post.id) == [AttemptState.REJECTED, AttemptState.ACCEPTED]
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_upload_urls_that_are_refused_are_not_asked_for_again_at_once(scene: Scene) -> None:
    scene.media.size = 7 * CHUNK_SIZE
    scene.tiktok.chunks = [refusal("tiktok_upload_failed", "refused", "PUT upload")]
    post = scene.accept_video()
    scene.step()
    due = scene.now(post).next_at
    assert due is not None
    assert due > scene.stage.clock.now()
    assert [call for call in scene.tiktok.calls if call.startswith("init")] == ["init video"]


def test_an_account_that_is_busy_costs_no_call_to_tiktok(scene: Scene) -> None:
    scene.accept_video()
    scene.accept_video()
    held = scene.stage.ledger.claim("other", limit=1, ttl_ms=600_000)[0]
    scene.stage.ledger.save(held.lease, Change(state=State.FETCHING))
    scene.stage.ledger.begin_attempt(held.lease, "gate-1", "upload", NOTE)
    scene.run(steps=8, move_ms=10_000)
    assert scene.tiktok.calls == []


def test_chunk_failures_that_are_not_in_a_row_never_add_up(scene: Scene) -> None:
    scene.media.size = 40 * CHUNK_SIZE
    lost = refusal("tiktok_unreachable", "unknown", "PUT upload")
    stored = [
        Uploaded(uploaded=(index + 1) * CHUNK_SIZE, complete=False, call=Call(name="PUT upload", status=206))
        for index in range(39)
    ]
    scene.tiktok.chunks = [answer for chunk in stored for answer in (lost, chunk)]
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    post = scene.accept_video()
    scene.run(steps=120)
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_while_a_new_attempt_is_to_come_nobody_is_told_that_tiktok_failed(scene: Scene) -> None:
    scene.tiktok.statuses = [status("FAILED", reason="internal")]
    post = scene.accept_video()
    scene.step()
    now = scene.now(post)
    assert (now.state, now.tiktok_status, now.raw_status) == (State.SENDING, None, None)


def test_a_pull_that_tiktok_never_ends_is_put_to_a_person(scene: Scene) -> None:
    scene.tiktok.statuses = [status("PROCESSING_DOWNLOAD")]
    post = scene.accept_photos()
    scene.step()
    scene.stage.clock.advance(GIVE_UP_MS - 60_000)
    scene.step()
    assert scene.now(post).state is State.STALLED
    scene.stage.clock.advance(SLOWEST_LOOK_MS)
    scene.step()
    now = scene.now(post)
    assert now.failure is not None
    assert (now.state, now.failure.message.partition(".")[0]) == (
        State.UNCONFIRMED,
        "TikTok may have pulled every byte, and does not say how it ended",
    )
    scene.run(steps=60, move_ms=SOUGHT_FOR_MS)
    assert scene.now(post).next_at is None


def test_a_public_post_that_never_gets_an_id_is_put_to_a_person(scene: Scene) -> None:
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE")]
    post = scene.accept_video()
    scene.step()
    scene.stage.clock.advance(SOUGHT_FOR_MS - 60_000)
    scene.step()
    assert scene.now(post).state is State.IN_MODERATION
    scene.stage.clock.advance(SLOWEST_LOOK_MS)
    scene.step()
    now = scene.now(post)
    assert now.failure is not None
    assert (now.state, now.tiktok_status, now.next_at) == (State.UNCONFIRMED, "PUBLISH_COMPLETE", None)
    assert now.failure.message.startswith("TikTok says that it is published, and does not say where")


def test_a_post_in_moderation_that_tiktok_no_longer_tells_of_comes_to_rest(scene: Scene) -> None:
    gone = refusal("access_token_invalid", "refused", "status/fetch")
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE"), gone]
    post = scene.accept_video()
    scene.run(steps=100, move_ms=12 * 3_600_000)
    now = scene.now(post)
    assert (now.state, now.next_at) == (State.UNCONFIRMED, None)


def test_status_calls_that_are_not_answered_never_make_a_post_unconfirmed(scene: Scene) -> None:
    lost = refusal("tiktok_unreachable", "unsent", "status/fetch")
    scene.tiktok.statuses = [*([lost] * (MAX_STATUS_TRIES + 5)), status("PUBLISH_COMPLETE", ids=("76",))]
    post = scene.accept_video()
    scene.run(steps=60)
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_a_last_chunk_that_never_gets_an_answer_is_left_to_tiktoks_status(scene: Scene) -> None:
    scene.tiktok.chunks = [refusal("tiktok_unreachable", "unknown", "PUT upload") for _ in range(10)]
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    post = scene.accept_video()
    scene.run(steps=40)
    assert scene.stage.attempt_states(post.id) == [AttemptState.ACCEPTED]
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_once_the_last_chunk_was_started_no_silence_about_an_earlier_one_fails_the_post(scene: Scene) -> None:
    scene.media.size = 7 * CHUNK_SIZE
    lost = refusal("tiktok_unreachable", "unknown", "PUT upload")
    ahead, behind = (
        Uploaded(uploaded=count * CHUNK_SIZE, complete=False, call=Call(name="PUT upload", status=416))
        for count in (6, 5)
    )
    scene.tiktok.chunks = [ahead, lost, behind, *[lost] * 10]
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    post = scene.accept_video()
    scene.run(steps=40)
    assert scene.stage.attempt_states(post.id) == [AttemptState.ACCEPTED]
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


@pytest.mark.parametrize(
    ("problem", "tries"), [("unreachable", MAX_FETCHES), ("source_5xx", MAX_SLOW_FETCHES)]
)
def test_a_source_that_is_there_is_given_more_time_than_one_that_is_not(
    scene: Scene, problem: str, tries: int
) -> None:
    scene.media.refuse["https://m.example/v.mp4"] = source_error(problem)
    post = scene.accept_video()
    scene.run(steps=60)
    fetches = [entry for entry in scene.stage.ledger.timeline(post.id) if entry.call == "media/fetch"]
    assert len(fetches) == tries
