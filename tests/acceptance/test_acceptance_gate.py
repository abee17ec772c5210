"""Every mode of the gate against a puller that comes inside the init call, after it, and for lost replies."""

import pytest

from tests.running import BuildHouse, House, call, eventually

pytest_plugins = ("tests.running",)

INITS = ("video/init", "content/init")
TITLES = ("first", "second", "third")


def script(house: House, *rules: dict[str, object]) -> None:
    """Have these mishaps befall TikTok's endpoints, and no other."""
    call("PUT", f"{house.witness.url}/_sandbox/rules", json={"rules": rules})


def post_some(house: House) -> dict[str, str]:
    """Post videos that TikTok pulls, and carousels; return the post ids by title."""
    accepted = {}
    for title in TITLES:
        for kind, operation, rows in (
            ("video", "post_video", house.video(f"{title} video", transfer="pull")),
            ("photos", "post_photos", house.photos(f"{title} photos")),
        ):
            accepted[f"{title} {kind}"] = str(house.run(operation, rows).body["post_id"])
    return accepted


WHOLE: dict[str, object] = {}
RANGES: dict[str, object] = {"pull_head_first": True, "pull_range_bytes": 20_000}


@pytest.mark.parametrize(
    ("mode", "puller"), [("hold", WHOLE), ("refuse", RANGES), ("tail", WHOLE), ("tail", RANGES)]
)
def test_each_post_is_published_once_and_no_orphan_ever(
    build_house: BuildHouse, mode: str, puller: dict[str, object]
) -> None:
    house = build_house(GATE_MODE=mode, GATE_HOLD_S="2")
    house.witness.behave(**puller)
    slow = [
        {"endpoint": name, "what": "slow", "after_effect": True, "seconds": 1.0, "times": 1} for name in INITS
    ]
    lost = [{"endpoint": name, "what": "lose", "after_effect": True, "nth": 2} for name in INITS]
    script(house, *slow, *lost)
    accepted = post_some(house)
    for title, post_id in accepted.items():
        outcome = house.wait(post_id)
        assert outcome["status"] == "published_public", (title, outcome, house.log()[-3000:])
        (post,) = house.witness.posts(title)
        assert post["publish_id"] == outcome["publish_id"]
    tasks = house.witness.publishes()
    assert len(tasks) == len(accepted) + len(INITS)
    orphans = [task for task in tasks if not task["post_ids"]]
    assert len(orphans) == len(INITS)
    eventually(
        lambda: all(task["status"] == "FAILED" for task in house.witness.publishes() if not task["post_ids"]),
        what="TikTok gives the orphans up",
    )
    assert len(house.witness.posts()) == len(accepted)


def test_a_server_that_is_told_to_stop_while_it_holds_a_tail_ends_and_publishes_once_later(
    build_house: BuildHouse,
) -> None:
    house = build_house(GATE_MODE="tail", GATE_HOLD_S="30", LOG_FORMAT="json")
    slow = {"endpoint": "video/init", "what": "slow", "after_effect": True, "seconds": 5.0}
    script(house, slow)
    post_id = str(house.run("post_video", house.video("stopped", transfer="pull")).body["post_id"])
    eventually(lambda: '"path": "/media/' in house.log(), what="TikTok pulls inside the init call")
    assert house.stop() == 0
    house.start()
    assert house.wait(post_id)["status"] == "published_public"
    assert len(house.witness.posts("stopped")) == 1
