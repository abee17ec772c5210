"""Waiting: an answer as soon as there is one, an honest `pending` when there is none in time."""

from datetime import datetime

import pytest

from connector.kernel.clock import SystemClock
from tests.running import Answer, BuildHouse, House, eventually

pytest_plugins = ("tests.databases", "tests.running")

CLOCK = SystemClock()


@pytest.fixture
def slow(build_house: BuildHouse) -> House:
    """Give a house whose TikTok never finishes by itself."""
    house = build_house()
    house.witness.set_dial(mode="polls", processing=10_000, moderation=10_000)
    return house


def post_id_of(answer: Answer) -> str:
    assert answer.status == 202, answer.body
    return str(answer.body["post_id"])


def moment(text: str) -> float:
    """Return an ISO 8601 time as seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()


def test_a_wait_answers_within_a_fraction_of_a_second_of_the_change(house: House) -> None:
    post_id = post_id_of(house.run("post_video", house.video("prompt")))
    told = house.wait(post_id)
    answered = CLOCK.now() / 1000
    assert told["status"] == "published_public"
    assert answered - moment(told["settled_at"]) < 1


def test_a_wait_that_runs_out_is_202_with_the_time_to_ask_again(slow: House) -> None:
    accepted = slow.run("post_video", slow.video("slow"))
    post_id = post_id_of(accepted)
    answer = slow.run("wait_until_published", {"post_id": post_id, "wait_seconds": "1"})
    assert (answer.status, answer.body["ok"], answer.body["state"]) == (202, True, "pending")
    for told in (accepted.body, answer.body, slow.status(post_id)):
        assert moment(told["retry_at"]) > moment(told["created_at"])
    assert answer.body["url_reason"]


def test_prefer_wait_holds_the_answer_to_the_post_itself(house: House) -> None:
    answer = house.run("post_video", house.video("prefer"), headers={"Prefer": "wait=20"})
    assert (answer.status, answer.body["status"]) == (200, "published_public")
    assert answer.body["post_url"].startswith(house.witness.url)


def test_wait_seconds_holds_the_answer_to_the_post_itself(house: House) -> None:
    answer = house.run("post_photos", house.photos("wait seconds", wait_seconds="20"))
    assert (answer.status, answer.body["status"]) == (200, "published_public")


def test_until_accepted_answers_with_the_publish_id_long_before_the_end(slow: House) -> None:
    answer = slow.run("post_video", slow.video("accepted", wait_seconds="20", until="accepted"))
    assert answer.status == 202
    assert answer.body["publish_id"].startswith("v_pub_file~")
    assert answer.body["state"] == "pending"


def test_until_processed_answers_while_the_post_is_in_moderation(slow: House) -> None:
    slow.witness.set_dial(mode="polls", processing=0, moderation=10_000)
    post_id = post_id_of(slow.run("post_video", slow.video("processed")))
    rows = {"post_id": post_id, "wait_seconds": "20", "until": "processed"}
    told = slow.run("wait_until_published", rows)
    assert (told.status, told.body["status"], told.body["url_reason"]) == (
        200,
        "in_moderation",
        "in_moderation",
    )


def test_a_private_post_settles_without_an_address_and_says_why(house: House) -> None:
    post_id = post_id_of(house.run("post_video", house.video("private", privacy="private")))
    told = house.wait(post_id)
    assert (told["status"], told["post_url"], told["url_reason"]) == ("published_private", None, "not_public")


def test_a_post_that_tiktok_fails_is_told_with_tiktoks_reason(slow: House) -> None:
    slow.witness.set_dial(mode="immediate")
    slow.witness.set_faults(fail_reason="spam_risk")
    answer = slow.run("post_video", slow.video("spam", wait_seconds="20"))
    assert (answer.status, answer.body["ok"], answer.body["state"]) == (200, False, "failed")
    assert answer.body["error"] == "spam_risk"
    assert answer.body["fix"]


def test_the_timeline_comes_with_a_wait_that_asks_for_it(house: House) -> None:
    post_id = post_id_of(house.run("post_video", house.video("timeline")))
    rows = {"post_id": post_id, "wait_seconds": "20", "include_timeline": "true"}
    calls = [entry["call"] for entry in house.run("wait_until_published", rows).body["timeline"]]
    assert {"media/fetch", "creator_info/query", "video/init", "PUT upload", "status/fetch"} <= set(calls)


def test_a_lost_status_reply_is_only_asked_again(slow: House) -> None:
    slow.witness.set_dial(mode="immediate")
    slow.witness.set_faults(lose_reply={"endpoint": "status/fetch", "times": 2})
    post_id = post_id_of(slow.run("post_video", slow.video("lost status")))
    assert slow.wait(post_id)["status"] == "published_public"
    eventually(lambda: len(slow.witness.posts()) == 1)
