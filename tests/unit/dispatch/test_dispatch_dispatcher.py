"""What the dispatcher sends, what it takes back, and when it gives up."""

import pytest
from structlog.testing import capture_logs

from connector.dispatch.crew import LEFT, STALE, UNKNOWN, WORKED
from connector.dispatch.dispatcher import AFTER_TROUBLE_S, LONGEST_NAP_S, LOOK_AGAIN_S, MOST_UNREAD
from connector.dispatch.line import LineLost
from connector.dispatch.queues import LIGHT, MEDIA
from connector.dispatch.watchdog import LOOKS
from connector.domain.lifecycle import State
from connector.engine.claim import work_on
from connector.engine.model import Post
from connector.engine.reach import YIELDS_MS
from connector.kernel.errors import PostrailError
from tests.fakes.scripted import status
from tests.unit.dispatch.dispatch_scene import EVERY_S, LATE_S, LEASE_S, SIZE, Desk

pytest_plugins = ("tests.engine_scene", "tests.unit.dispatch.dispatch_scene")

OVERDUE_S = 2 * LEASE_S


def test_a_due_post_is_sent_by_table_id_and_token_to_the_queue_of_its_work(desk: Desk) -> None:
    post = desk.scene.accept_video()
    assert desk.dispatcher.look() == 0.0
    ((queue, table, row_id, token),) = desk.line.sent
    assert (queue, table, row_id) == (MEDIA, "posts", post.id)
    assert [lease.token for lease in desk.window.leases()] == [token]


def test_a_post_under_way_is_nobody_else_s_for_as_long_as_its_dispatcher_lives(desk: Desk) -> None:
    desk.scene.accept_video()
    desk.dispatcher.look()
    desk.pass_s(LEASE_S - 1)
    desk.pass_s(LEASE_S - 1)
    assert desk.scene.stage.ledger.claim("thief", limit=1, ttl_ms=1) == []
    assert desk.dispatcher.look() == LOOK_AGAIN_S
    assert len(desk.line.sent) == 1


def test_whoever_has_the_message_works_on_the_post_and_makes_room(desk: Desk) -> None:
    desk.scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    post = desk.scene.accept_video()
    desk.dispatcher.look()
    assert desk.deliver(desk.line.sent[0], desk.crew_of("other")) == WORKED
    assert desk.scene.now(post).state is State.PUBLISHED_PUBLIC
    assert desk.dispatcher.look() == LONGEST_NAP_S
    assert desk.window.room(MEDIA) == SIZE
    assert desk.in_hand.all() == []


def test_a_message_that_comes_again_or_late_takes_nothing(desk: Desk) -> None:
    desk.scene.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    desk.scene.accept_video()
    desk.dispatcher.look()
    assert desk.deliver(desk.line.sent[0]) == WORKED
    calls = list(desk.scene.tiktok.calls)
    assert desk.deliver(desk.line.sent[0]) == STALE
    assert desk.deliver(desk.line.sent[0], desk.crew_of("other")) == STALE
    assert desk.scene.tiktok.calls == calls


def test_a_message_of_another_table_takes_nothing(desk: Desk) -> None:
    desk.scene.accept_video()
    desk.dispatcher.look()
    queue, _, row_id, token = desk.line.sent[0]
    assert desk.crew.work(queue, "accounts", row_id, token) == UNKNOWN
    assert len(desk.window.leases()) == 1


def test_a_ledger_that_fails_when_a_message_comes_leaves_the_post_under_way(desk: Desk) -> None:
    def away(*_: object, **__: object) -> None:
        raise PostrailError("not_ready", "away")

    desk.scene.accept_video()
    desk.dispatcher.look()
    desk.scene.stage.ledger.hand_over = away  # type: ignore[method-assign] # the database is away
    assert desk.deliver(desk.line.sent[0]) == "failed"
    assert len(desk.window.leases()) == 1


def test_no_more_are_sent_than_the_window_holds(desk: Desk) -> None:
    for _ in range(SIZE + 2):
        desk.scene.accept_video()
    desk.dispatcher.look()
    assert desk.dispatcher.look() == LOOK_AGAIN_S
    assert len(desk.line.sent) == SIZE
    desk.deliver(desk.line.sent[0])
    desk.dispatcher.look()
    assert len(desk.line.sent) == SIZE + 1


def test_nothing_is_leased_while_the_broker_is_away(desk: Desk) -> None:
    desk.line.up = False
    desk.scene.accept_video()
    assert desk.dispatcher.look() == AFTER_TROUBLE_S
    assert len(desk.scene.stage.ledger.claim("local", limit=1, ttl_ms=1)) == 1


def test_what_cannot_be_sent_is_given_back_at_once_and_its_message_takes_nothing(desk: Desk) -> None:
    for _ in range(3):
        desk.scene.accept_video()
    desk.line.breaks_after = 1
    assert desk.dispatcher.look() == AFTER_TROUBLE_S
    assert len(desk.window.leases()) == len(desk.in_hand.all()) == 1
    assert len(desk.scene.stage.ledger.claim("local", limit=9, ttl_ms=1)) == 2


def test_a_line_with_a_defect_keeps_no_post_either(desk: Desk) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    desk.scene.accept_video()
    desk.line.send = broken  # type: ignore[assignment, method-assign] # a defect
    with pytest.raises(ZeroDivisionError):
        desk.dispatcher.look()
    assert desk.in_hand.all() == []
    assert len(desk.scene.stage.ledger.claim("local", limit=1, ttl_ms=1)) == 1


def test_what_a_line_with_a_defect_refuses_is_worked_on_here_at_once(desk: Desk) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    desk.scene.accept_video()
    desk.line.send = broken  # type: ignore[assignment, method-assign] # a defect
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            desk.dispatcher.look()
        (claim,) = desk.net.claim()
        assert desk.dispatcher.look() == AFTER_TROUBLE_S
        desk.scene.stage.ledger.release(claim.lease, next_at=desk.scene.stage.clock.now())
        desk.pass_s(AFTER_TROUBLE_S)


def test_what_nobody_takes_for_two_leases_is_worked_on_here(desk: Desk) -> None:
    desk.scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    post = desk.scene.accept_video()
    desk.dispatcher.look()
    desk.pass_s(OVERDUE_S - 1)
    assert desk.net.claim() == []
    assert desk.net.due_in_s() == 1.0
    desk.pass_s(1)
    (claim,) = desk.net.claim()
    work_on(desk.scene.context, claim, desk.in_hand)
    assert desk.scene.now(post).state is State.PUBLISHED_PUBLIC
    assert desk.deliver(desk.line.sent[0]) == STALE


def test_a_message_that_comes_at_the_last_moment_wins(desk: Desk) -> None:
    desk.scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
    desk.scene.accept_video()
    desk.dispatcher.look()
    desk.pass_s(OVERDUE_S)
    assert desk.deliver(desk.line.sent[0]) == WORKED
    assert desk.dispatcher.overlooked({MEDIA, LIGHT}) is None


def test_a_database_that_fails_while_a_post_is_taken_back_is_asked_again(desk: Desk) -> None:
    ledger_hand_over = desk.scene.stage.ledger.hand_over

    def away(*_: object, **__: object) -> None:
        raise PostrailError("not_ready", "away")

    desk.scene.accept_video()
    desk.dispatcher.look()
    desk.pass_s(OVERDUE_S)
    desk.scene.stage.ledger.hand_over = away  # type: ignore[method-assign] # the database is away
    with pytest.raises(PostrailError):
        desk.net.claim()
    desk.scene.stage.ledger.hand_over = ledger_hand_over  # type: ignore[method-assign] # and back
    assert len(desk.net.claim()) == 1


@pytest.mark.parametrize(("is_busy", "level"), [(False, "warning"), (True, "info")])
def test_it_warns_of_what_nobody_took_only_where_somebody_waited(
    desk: Desk, is_busy: bool, level: str
) -> None:
    desk.scene.accept_video()
    desk.scene.stage.clock.advance(1)
    desk.dispatcher.look()
    desk.pass_s(OVERDUE_S)
    if is_busy:
        desk.crew.work(MEDIA, "accounts", "something else", "arrives")
    with capture_logs() as logs:
        assert len(desk.net.claim()) == 1
    assert [line["log_level"] for line in logs if line["event"] == "dispatched_not_taken"] == [level]


def test_what_nobody_has_dispatched_is_worked_on_here_once_it_is_late(desk: Desk) -> None:
    desk.scene.accept_video()
    desk.scene.stage.clock.advance(round(LATE_S * 1000) - 1)
    assert desk.net.claim() == []
    desk.scene.stage.clock.advance(1)
    assert len(desk.net.claim()) == 1


def test_everything_is_worked_on_here_while_the_broker_is_away(desk: Desk) -> None:
    desk.scene.accept_video()
    desk.line.up = False
    assert desk.net.due_in_s() == 0.0
    assert len(desk.net.claim()) == 1


def test_what_is_due_soon_is_looked_at_soon(desk: Desk) -> None:
    desk.scene.accept_video()
    claim = desk.scene.stage.claim()
    desk.scene.stage.ledger.release(claim.lease, next_at=desk.scene.stage.clock.now() + 200)
    assert desk.dispatcher.look() == pytest.approx(0.2)
    assert desk.net.due_in_s() == pytest.approx(LATE_S + 0.2)


def test_what_is_lost_again_and_again_without_lying_anywhere_is_no_reason_to_end(desk: Desk) -> None:
    """Five messages lie, one each, with five neighbours whose threads are all busy; others were revoked."""
    for _ in range(3 * LOOKS):
        desk.scene.accept_video()
        desk.scene.stage.clock.advance(1)
        desk.dispatcher.look()
        desk.pass_s(OVERDUE_S)
        assert len(desk.net.claim()) == 1
    assert desk.alarms == []


def test_a_process_that_hears_nothing_of_what_lies_ends_whoever_else_takes_messages(desk: Desk) -> None:
    desk.line.lying = 2
    for _ in range(2 * LOOKS):
        desk.scene.tiktok.statuses = [status("PUBLISH_COMPLETE", ids=("76",))]
        desk.scene.accept_video()
        desk.pass_s(EVERY_S)
        desk.dispatcher.look()
        assert desk.deliver(desk.line.sent[-1], desk.crew_of("other")) == WORKED
    assert desk.alarms == ["give up"]


def test_nothing_is_sent_for_a_while_to_a_broker_that_does_not_tell_what_lies(desk: Desk) -> None:
    def away(queue: str) -> int:
        raise LineLost(queue)

    desk.line.depth = away  # type: ignore[method-assign] # the broker is lost in that instant
    desk.pass_s(EVERY_S)
    desk.dispatcher.look()
    desk.scene.accept_video()
    desk.pass_s(EVERY_S)
    assert desk.dispatcher.look() == AFTER_TROUBLE_S
    assert (desk.line.sent, desk.dispatcher.is_up()) == ([], False)
    assert len(desk.net.claim()) == 1


def test_a_machine_cut_off_from_tiktok_hands_a_message_back_and_spends_nothing(desk: Desk) -> None:
    post = desk.scene.accept_video()
    desk.dispatcher.look()
    desk.yields_ms = YIELDS_MS
    assert desk.deliver(desk.line.sent[0]) == LEFT
    assert (desk.scene.tiktok.calls, desk.scene.now(post).tries) == ([], 0)
    desk.dispatcher.look()
    assert (desk.window.leases(), desk.in_hand.all()) == ([], [])
    ledger = desk.scene.stage.ledger
    assert ledger.claim("other", limit=1, ttl_ms=1) == []
    desk.scene.stage.clock.advance(YIELDS_MS)
    assert len(ledger.claim("other", limit=1, ttl_ms=1)) == 1


def test_a_machine_cut_off_from_tiktok_sends_nothing_and_tries_only_what_others_leave(desk: Desk) -> None:
    desk.scene.accept_video()
    desk.yields_ms = YIELDS_MS
    desk.line.lying = 2
    for _ in range(2 * LOOKS):
        assert desk.dispatcher.look() == AFTER_TROUBLE_S
        assert desk.net.claim() == []
        desk.pass_s(YIELDS_MS / 4 / LOOKS / 1000)
    desk.pass_s(YIELDS_MS / 1000)
    assert (desk.line.sent, desk.alarms) == ([], [])
    assert len(desk.net.claim()) == 1


def a_poll_behind_many_videos(desk: Desk) -> Post:
    """Return a post that is to be asked about, due after more videos than the window holds."""
    desk.scene.tiktok.statuses = [status("PROCESSING_UPLOAD")]
    poll = desk.scene.accept_video()
    desk.dispatcher.look()
    desk.deliver(desk.line.sent.pop(), desk.crew_of("other"))
    for _ in range(2 * SIZE):
        desk.scene.accept_video()
    while desk.dispatcher.look() == 0.0:
        pass
    desk.pass_s(LEASE_S)
    return poll


def test_light_work_is_dispatched_while_media_work_waits(desk: Desk) -> None:
    poll = a_poll_behind_many_videos(desk)
    assert desk.dispatcher.look() == 0.0
    assert [queue for queue, *_ in desk.line.sent] == [MEDIA] * SIZE + [LIGHT]
    assert desk.line.sent[-1][2] == poll.id
    assert desk.dispatcher.look() == LOOK_AGAIN_S


def test_what_is_late_of_its_own_comes_before_what_others_left_and_that_one_at_a_time(desk: Desk) -> None:
    poll = a_poll_behind_many_videos(desk)
    desk.pass_s(LATE_S)
    net = desk.net_of(frozenset({LIGHT}))
    (own,) = net.claim()
    assert own.post.id == poll.id
    (foreign,) = net.claim()
    assert net.claim() == []
    assert net.due_in_s() == LOOK_AGAIN_S
    desk.in_hand.remove(foreign.lease)
    assert len(net.claim()) == 1


def test_no_message_is_added_to_those_that_lie_where_nobody_takes_any(desk: Desk) -> None:
    desk.line.lying = MOST_UNREAD
    desk.scene.accept_video()
    desk.dispatcher.look()
    desk.pass_s(OVERDUE_S)
    assert len(desk.net.claim()) == 1
    desk.scene.accept_video()
    assert desk.dispatcher.look() == LOOK_AGAIN_S
    assert len(desk.line.sent) == 1
    desk.line.lying -= 1
    assert desk.dispatcher.look() == 0.0
    assert len(desk.line.sent) == 2


def test_once_a_message_of_ours_is_taken_a_queue_may_be_as_long_as_it_is(desk: Desk) -> None:
    for _ in range(2):
        desk.scene.accept_video()
        desk.dispatcher.look()
        desk.scene.stage.clock.advance(1)
    desk.line.lying = MOST_UNREAD
    desk.pass_s(OVERDUE_S - 0.001)
    assert len(desk.net.claim()) == 1
    assert desk.deliver(desk.line.sent[1], desk.crew_of("other")) == WORKED
    desk.scene.accept_video()
    desk.dispatcher.look()
    assert len(desk.line.sent) == 3
