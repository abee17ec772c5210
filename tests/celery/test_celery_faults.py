"""What may happen to workers and to the broker: each post that Celery shares out is published once."""

import signal
from contextlib import ExitStack

import pytest
from celery.app.control import Control

from connector.dispatch.consumer import HELD_BACK
from connector.dispatch.dispatcher import MOST_UNREAD
from connector.dispatch.queues import LIGHT, MEDIA
from tests.celery.celery_house import (
    READY,
    CeleryHouse,
    celery_working,
    greedy_listener,
    ids_of_lying,
    leave_lying,
    refusing_media,
    supervised,
    tell,
)
from tests.running import STOP_S, House, eventually, part_sizes

pytest_plugins = ("tests.databases", "tests.running", "tests.celery.celery_house")

HALF = 65_536
SOME = 6


def keep_both_threads_busy(house: House) -> list[str]:
    """Post two videos that TikTok takes no further than half; return their ids."""
    house.witness.set_faults(hold_upload_after_bytes=HALF)
    rows = [house.video(f"held {number}", source_url=f"{house.media_url}/big.mp4") for number in range(2)]
    ids = [house.run("post_video", row).body["post_id"] for row in rows]
    eventually(lambda: part_sizes(house.witness.home).count(HALF) == len(ids), what="two uploads that hang")
    return ids


def test_a_post_of_a_worker_killed_in_mid_upload_goes_on_at_another(celery_house: CeleryHouse) -> None:
    house = celery_house.house
    house.witness.set_faults(hold_upload_after_bytes=HALF)
    with ExitStack() as stack:
        first = stack.enter_context(celery_working(celery_house))
        rows = house.video("killed", source_url=f"{house.media_url}/big.mp4")
        post_id = house.run("post_video", rows).body["post_id"]
        eventually(lambda: house.witness.bytes_in_flight() >= HALF, what="half a video at the sandbox")
        stack.enter_context(celery_working(celery_house))
        first.process.kill()
        house.witness.set_faults()
        assert house.wait(post_id)["status"] == "published_public"
    assert len(house.witness.posts()) == house.witness.inits() == 1


def test_a_worker_that_is_asked_to_end_does_so_while_an_upload_hangs(celery_house: CeleryHouse) -> None:
    house = celery_house.house
    house.witness.set_faults(hold_upload_after_bytes=HALF)
    with celery_working(celery_house) as first:
        rows = house.video("given back", source_url=f"{house.media_url}/big.mp4")
        post_id = house.run("post_video", rows).body["post_id"]
        eventually(lambda: house.witness.bytes_in_flight() >= HALF, what="half a video at the sandbox")
        first.process.send_signal(signal.SIGTERM)
        assert first.process.wait(40) == 0
    house.witness.set_faults()
    with celery_working(celery_house):
        assert house.wait(post_id)["status"] == "published_public"
    assert len(house.witness.posts()) == house.witness.inits() == 1


def test_a_message_that_is_purged_costs_two_leases_and_nothing_else(celery_house: CeleryHouse) -> None:
    house = celery_house.house
    with celery_working(celery_house, "--queue", "light") as worker:
        post_id = house.run("post_video", house.video("purged")).body["post_id"]
        eventually(lambda: celery_house.broker.depth(MEDIA), what="a message nobody listens for")
        celery_house.broker.purge(MEDIA)
        assert house.wait(post_id)["status"] == "published_public"
        assert worker.said("dispatched_not_taken")
        assert worker.process.poll() is None
    assert len(house.witness.posts()) == house.witness.inits() == 1


def test_queues_that_are_deleted_under_live_workers_are_made_anew(celery_house: CeleryHouse) -> None:
    house = celery_house.house
    with supervised(celery_house), supervised(celery_house):
        ids = []
        for number in range(9):
            if number % 3 == 1:
                celery_house.broker.delete(MEDIA)
                celery_house.broker.delete(LIGHT)
            ids.append(house.run("post_video", house.video(f"deleted {number}")).body["post_id"])
        assert [house.wait(post_id)["status"] for post_id in ids] == ["published_public"] * 9
    assert [len(house.witness.posts(f"deleted {number}")) for number in range(9)] == [1] * 9


def test_a_broker_that_dies_and_comes_back_empty_loses_nothing(celery_house: CeleryHouse) -> None:
    house = celery_house.house
    with celery_working(celery_house) as worker:
        assert house.wait(house.run("post_video", house.video("before")).body["post_id"])
        celery_house.broker.stop_hard()
        try:
            eventually(lambda: worker.said("broker_link_lost") or worker.said("broker_lost"), what="noticed")
            during = house.run("post_video", house.video("during")).body["post_id"]
            assert house.wait(during)["status"] == "published_public"
        finally:
            celery_house.broker.start()
        eventually(lambda: worker.said("broker_linked") == 2, within_s=60, what="linked again")
        after = house.run("post_video", house.video("after")).body["post_id"]
        assert house.wait(after)["status"] == "published_public"
        assert worker.process.poll() is None
    titles = ("before", "during", "after")
    assert [len(house.witness.posts(title)) for title in titles] == [1, 1, 1]


def test_messages_do_not_pile_up_where_nobody_takes_them(celery_house: CeleryHouse) -> None:
    house = celery_house.house
    with celery_working(celery_house, "--queue", "light") as worker:
        leave_lying(celery_house.broker, MOST_UNREAD)
        for number in range(3):
            post_id = house.run("post_video", house.video(f"lying {number}")).body["post_id"]
            assert house.wait(post_id)["status"] == "published_public"
        assert celery_house.broker.depth(MEDIA) == MOST_UNREAD + 1
        celery_house.broker.purge(MEDIA)
        celery_house.broker.delete(MEDIA)
        assert worker.said("dispatched_not_taken") == 1
        post_id = house.run("post_video", house.video("lying no more")).body["post_id"]
        assert house.wait(post_id)["status"] == "published_public"
        assert worker.said("dispatched_not_taken") == 2
        assert not worker.said("broker_lost")
    assert [len(house.witness.posts(f"lying {number}")) for number in range(3)] == [1] * 3


def test_a_broker_that_refuses_messages_keeps_no_post(celery_house: CeleryHouse) -> None:
    house = celery_house.house
    with celery_working(celery_house, "--queue", "light") as worker, refusing_media(celery_house.broker):
        post_id = house.run("post_video", house.video("refused")).body["post_id"]
        assert house.wait(post_id)["status"] == "published_public"
        assert worker.said("broker_lost")
        assert not worker.said("Traceback")
        assert worker.process.poll() is None
    assert len(house.witness.posts("refused")) == house.witness.inits() == 1


def test_a_worker_that_starts_without_its_broker_warns_and_works(celery_house: CeleryHouse) -> None:
    house = celery_house.house
    celery_house.broker.stop_hard()
    try:
        with celery_working(celery_house, until=READY) as worker:
            post_id = house.run("post_photos", house.photos("without")).body["post_id"]
            assert house.wait(post_id)["status"] == "published_public"
            assert worker.said("Cannot connect to")
    finally:
        celery_house.broker.start()
    assert len(house.witness.posts("without")) == 1


@pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True)
def test_a_worker_whose_messages_all_get_lost_goes_on_and_says_so(celery_house: CeleryHouse) -> None:
    """Somebody else takes every message; only RabbitMQ lets one listener go before another."""
    house = celery_house.house
    with greedy_listener(celery_house.broker.url), celery_working(celery_house) as worker:
        ids = [house.run("post_photos", house.photos(f"lost {n}")).body["post_id"] for n in range(6)]
        assert [house.wait(post_id)["status"] for post_id in ids] == ["published_public"] * 6
        assert worker.said("dispatched_not_taken") >= 6
        assert worker.process.poll() is None
    assert [len(house.witness.posts(f"lost {number}")) for number in range(6)] == [1] * 6


def test_a_worker_that_is_deaf_ends_though_another_takes_messages(celery_house: CeleryHouse) -> None:
    house = celery_house.house
    with celery_working(celery_house) as deaf, celery_working(celery_house) as other:
        tell(celery_house.broker, deaf, Control.cancel_consumer, MEDIA)
        ids = keep_both_threads_busy(house)
        waiting = [house.photos(f"unheard {number}") for number in range(SOME + HELD_BACK)]
        ids += [house.run("post_photos", rows).body["post_id"] for rows in waiting]
        assert deaf.process.wait(60) == 2
        assert deaf.said("No post is lost")
        assert not deaf.said("Traceback")
        assert other.process.poll() is None
        house.witness.set_faults()
        assert [house.wait(post_id)["status"] for post_id in ids] == ["published_public"] * len(ids)
    assert house.witness.inits() == len(house.witness.posts()) == len(ids)


def test_messages_that_are_revoked_cost_two_leases_and_end_nobody(celery_house: CeleryHouse) -> None:
    house = celery_house.house
    with celery_working(celery_house, LEASE_S="10") as worker:
        ids = keep_both_threads_busy(house)
        waiting = [house.photos(f"revoked {number}") for number in range(SOME + HELD_BACK)]
        ids += [house.run("post_photos", rows).body["post_id"] for rows in waiting]
        eventually(lambda: celery_house.broker.depth(MEDIA) == SOME, what="messages nobody can take yet")
        tell(celery_house.broker, worker, Control.revoke, ids_of_lying(celery_house.broker))
        house.witness.set_faults()
        assert [house.wait(post_id)["status"] for post_id in ids] == ["published_public"] * len(ids)
        assert worker.said("dispatched_not_taken") == SOME
        assert worker.process.poll() is None
    assert house.witness.inits() == len(house.witness.posts()) == len(ids)


@pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True)
def test_a_broker_that_refuses_the_password_ends_the_worker_with_the_reason(
    celery_house: CeleryHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = celery_house.broker.url.replace("guest:guest", "guest:wrong-guess")
    monkeypatch.setitem(celery_house.house.settings, "BROKER_URL", wrong)
    with celery_working(celery_house, until="never") as worker:
        assert worker.process.wait(STOP_S) == 2
        assert worker.said("ACCESS_REFUSED")
        assert worker.said("Celery could not go on")
        assert not worker.said("Traceback")
        assert not worker.said("wrong-guess")
