"""A server killed at random moments, and under a pause: all posts are published once in the end."""

from random import Random  # noqa: TID251 - a seeded sequence, the same in every run

from tests.running import BuildHouse, House, call, eventually

pytest_plugins = ("tests.databases", "tests.running")

KILLS = 6
SEED = 20_260
SLOW = {"endpoint": "content/init", "what": "slow", "seconds": 3.0, "after_effect": True}


def await_calls(house: House, count: int) -> None:
    """Wait until TikTok has been called `count` times in all."""
    eventually(lambda: len(house.witness.log()) >= count, what=f"{count} calls at TikTok")


def assert_published_once(house: House, titles: dict[str, str]) -> None:
    """Wait for posts, by their titles, and look for each at TikTok."""
    outcomes = {title: house.wait(post_id) for title, post_id in titles.items()}
    assert {outcome["status"] for outcome in outcomes.values()} == {"published_public"}, house.log()[-3000:]
    found = {title: [post["publish_id"] for post in house.witness.posts(title)] for title in titles}
    assert found == {title: [outcome["publish_id"]] for title, outcome in outcomes.items()}
    assert len(house.witness.posts()) == len(titles)


def test_kills_at_random_moments_leave_one_post_for_each_request(
    ledger_settings: dict[str, str], build_house: BuildHouse
) -> None:
    moments = Random(SEED)  # noqa: S311 - moments, not secrets
    house = build_house(**ledger_settings)
    house.witness.set_dial(mode="seconds", processing=0.2, moderation=0.2)
    titles: dict[str, str] = {}
    for number in range(KILLS):
        operation, rows = ("post_video", house.video) if number % 2 else ("post_photos", house.photos)
        titles[f"random {number}"] = house.run(operation, rows(f"random {number}")).body["post_id"]
        await_calls(house, len(house.witness.log()) + moments.randint(0, 4))
        house.kill()
        house.start()
    assert_published_once(house, titles)


def test_a_pause_at_the_instant_of_a_send_lets_nothing_leave_and_outlives_restarts(
    ledger_settings: dict[str, str], build_house: BuildHouse
) -> None:
    house = build_house(**ledger_settings)
    call("PUT", f"{house.witness.url}/_sandbox/rules", json={"rules": [SLOW]})
    on_its_way = house.run("post_photos", house.photos("on its way")).body["post_id"]
    eventually(lambda: house.witness.publishes("on its way"), what="the init at TikTok")
    paused = house.run("pause", {"scope": "workspace", "reason": "stop"}).body
    assert (paused["changed"], paused["pauses"][0]["reason"]) == (True, "stop")
    waiting = [house.run("post_video", house.video(f"waits {number}")) for number in range(3)]
    assert {answer.status for answer in waiting} == {202}
    assert all("paused by first" in answer.body["paused"]["message"] for answer in waiting)
    eventually(lambda: "no byte leaves" in str(house.status(on_its_way)["timeline"]), what="the pause wins")
    inits = house.witness.inits()
    house.kill()
    house.start()
    late = house.run("post_video", house.video("late", wait_seconds="2"))
    assert (late.status, late.body["url_reason"]) == (202, "paused")
    assert (house.witness.inits(), house.witness.posts()) == (inits, [])
    resumed = house.run("resume", {"scope": "workspace"}).body
    assert (resumed["changed"], resumed["pauses"]) == (True, [])
    ids = [on_its_way, *(answer.body["post_id"] for answer in waiting), late.body["post_id"]]
    assert {house.wait(post_id)["status"] for post_id in ids} == {"published_public"}
    assert len(house.witness.posts()) == len(ids)
