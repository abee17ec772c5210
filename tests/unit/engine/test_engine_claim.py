"""What happens to a post on which something goes wrong inside this process."""

import pytest

from connector.domain.lifecycle import AttemptState, State
from connector.domain.retry import MAX_DEFECTS
from connector.engine.claim import InHand, work_on
from connector.kernel.errors import PostrailError
from tests.fakes.scripted import CREATOR, Scene, status

pytest_plugins = ("tests.engine_scene",)


def work(scene: Scene, times: int) -> None:
    """Work on whatever is due, `times` times, however long it takes to become due."""
    for _ in range(times):
        due = scene.stage.ledger.next_due()
        assert due is not None
        scene.stage.clock.advance(max(0, due - scene.stage.clock.now()))
        work_on(scene.context, scene.stage.claim(), InHand())


def test_a_defect_before_anything_was_sent_ends_as_failed_after_some_tries(scene: Scene) -> None:
    scene.media.refuse["https://m.example/v.mp4"] = ZeroDivisionError()  # type: ignore[assignment] # a defect
    post = scene.accept_video()
    work(scene, MAX_DEFECTS)
    failure = scene.now(post).failure
    assert failure is not None
    assert failure.code == "internal_error"
    assert scene.stage.ledger.next_due() is None


def test_a_defect_after_something_was_sent_holds_the_post_for_a_person(scene: Scene) -> None:
    scene.tiktok.statuses = [ZeroDivisionError()]
    post = scene.accept_video()
    work(scene, MAX_DEFECTS)
    assert scene.now(post).state is State.HELD


def test_a_post_recovers_when_the_defect_goes_away(scene: Scene) -> None:
    scene.tiktok.statuses = [ZeroDivisionError(), status("PUBLISH_COMPLETE", ids=("76",))]
    post = scene.accept_video()
    work(scene, 2)
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_a_refusal_by_a_rule_fails_the_post_with_its_code(scene: Scene) -> None:
    scene.tiktok.creators = [PostrailError("tiktok_not_connected", "gone")]
    post = scene.accept_video()
    work(scene, 1)
    failure = scene.now(post).failure
    assert failure is not None
    assert failure.code == "tiktok_not_connected"


def test_a_lost_lease_ends_the_work_without_a_trace(scene: Scene) -> None:
    scene.accept_video()
    claim = scene.stage.claim()
    scene.stage.clock.advance(60_000)
    scene.stage.claim("other")
    in_hand = InHand()
    in_hand.add([claim.lease])
    work_on(scene.context, claim, in_hand)
    assert in_hand.all() == []
    assert scene.tiktok.calls == []


def test_a_draining_process_gives_a_post_back_untouched(scene: Scene) -> None:
    post = scene.accept_video()
    scene.draining = True
    work(scene, 1)
    assert scene.now(post).state is State.QUEUED
    assert scene.stage.ledger.next_due() == pytest.approx(scene.stage.clock.now())


def test_a_ledger_that_is_out_of_order_for_a_while_fails_no_post(scene: Scene) -> None:
    scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    scene.tiktok.creators = [PostrailError("not_ready", "the ledger does not answer"), CREATOR]
    post = scene.accept_video()
    work(scene, 2)
    assert scene.now(post).state is State.PUBLISHED_PUBLIC


def test_a_disk_that_stays_full_never_fails_a_post(scene: Scene) -> None:
    scene.media.refuse["https://m.example/v.mp4"] = PostrailError("disk_full", "no space left")
    post = scene.accept_video()
    work(scene, 3 * MAX_DEFECTS)
    assert scene.now(post).state is State.FETCHING


def test_a_post_whose_files_were_on_their_way_when_the_process_drained_is_due_at_once(scene: Scene) -> None:
    scene.media.refuse["https://m.example/v.mp4"] = PostrailError("server_draining", "shutting down")
    post = scene.accept_video()
    work_on(scene.context, scene.stage.claim(), InHand())
    assert scene.now(post).state is State.FETCHING
    assert scene.stage.ledger.next_due() == scene.stage.clock.now()


def test_a_post_that_waits_after_a_defect_does_not_keep_its_account_busy(scene: Scene) -> None:
    scene.tiktok.inits = [ZeroDivisionError(), "then as usual"]
    post = scene.accept_video()
    work(scene, 1)
    assert scene.stage.attempt_states(post.id) == [AttemptState.VOID]
