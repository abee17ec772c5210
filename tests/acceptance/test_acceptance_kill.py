"""The server is killed at the worst moments; the sandbox, which lives on, counts what was published."""

from tests.running import BuildHouse, House, call, eventually

pytest_plugins = ("tests.databases", "tests.running")

HELD_AT = 65_536


def accepted(house: House, operation: str, rows: dict[str, object]) -> str:
    answer = house.run(operation, rows)
    assert answer.status == 202, answer.body
    return str(answer.body["post_id"])


def assert_published_once(house: House, post_id: str, title: str) -> None:
    outcome = house.wait(post_id)
    assert outcome["status"] == "published_public", house.log()[-3000:]
    assert [post["publish_id"] for post in house.witness.posts(title)] == [outcome["publish_id"]]


def start_held_upload(house: House, title: str, held_at: int, file: str = "clip.mp4") -> str:
    """Post a video of which the sandbox takes no more than `held_at` bytes for now."""
    house.witness.set_faults(hold_upload_after_bytes=held_at)
    rows = house.video(title, source_url=f"{house.media_url}/{file}")
    post_id = accepted(house, "post_video", rows)
    eventually(lambda: house.witness.bytes_in_flight() == held_at, what="the sandbox takes no more")
    return post_id


def size_of_clip(house: House) -> int:
    """Return how many bytes the video has that is posted."""
    return len(call("GET", f"{house.media_url}/clip.mp4").content)


def upload_outcomes(house: House) -> list[tuple[str, int | None]]:
    return [(entry["outcome"], entry["status"]) for entry in house.witness.log("/upload")]


def test_a_kill_in_the_middle_of_the_upload_ends_with_one_published_video(
    ledger_settings: dict[str, str], build_house: BuildHouse
) -> None:
    house = build_house(**ledger_settings)
    post_id = start_held_upload(house, "killed", HELD_AT, "big.mp4")
    house.kill()
    house.witness.set_faults()
    eventually(lambda: upload_outcomes(house) == [("broken_off", None)], what="the sandbox sees it break off")
    house.start()
    assert_published_once(house, post_id, "killed")
    assert upload_outcomes(house) == [("broken_off", None), ("answered", 201)]
    assert len([task for task in house.witness.publishes() if task["uploaded_bytes"]]) == 1
    assert len(house.witness.publishes()) == house.witness.inits() == 1


def test_bytes_that_arrive_whole_after_the_kill_are_not_published_a_second_time(
    ledger_settings: dict[str, str], build_house: BuildHouse
) -> None:
    house = build_house(**ledger_settings)
    post_id = start_held_upload(house, "orphaned", size_of_clip(house) - 1)
    house.kill()
    house.witness.set_faults()
    eventually(lambda: upload_outcomes(house) == [("answered", 201)], what="the sandbox has the whole video")
    house.start()
    assert_published_once(house, post_id, "orphaned")
    assert len(house.witness.publishes()) == house.witness.inits() == 1


def test_a_kill_after_a_lost_reply_to_the_init_ends_with_one_published_video(
    ledger_settings: dict[str, str], build_house: BuildHouse
) -> None:
    house = build_house(**ledger_settings)
    house.witness.set_faults(lose_reply={"endpoint": "video/init"})
    post_id = accepted(house, "post_video", house.video("lost"))
    eventually(lambda: house.witness.publishes("lost"), what="a publish task that nobody knows of")
    house.kill()
    house.start()
    assert_published_once(house, post_id, "lost")
    orphan, used = house.witness.publishes("lost")
    assert (orphan["uploaded_bytes"], orphan["post_ids"]) == (0, [])
    assert len(used["post_ids"]) == 1


def test_a_kill_while_photos_wait_at_the_gate_ends_with_one_published_carousel(
    ledger_settings: dict[str, str], build_house: BuildHouse
) -> None:
    house = build_house(**ledger_settings)
    house.witness.set_faults(lose_reply={"endpoint": "content/init"})
    post_id = accepted(house, "post_photos", house.photos("pulled"))
    eventually(lambda: house.witness.publishes("pulled"), what="TikTok pulls, and the gate holds it")
    house.kill()
    house.start()
    assert_published_once(house, post_id, "pulled")
    assert [len(task["post_ids"]) for task in house.witness.publishes("pulled")] == [0, 1]


def test_a_kill_at_the_answer_to_a_photo_init_ends_with_one_published_carousel(
    ledger_settings: dict[str, str], build_house: BuildHouse
) -> None:
    house = build_house(**ledger_settings)
    post_id = accepted(house, "post_photos", house.photos("answered"))
    eventually(lambda: house.witness.log("content/init"), what="the answer is on its way")
    house.kill()
    house.start()
    assert_published_once(house, post_id, "answered")
    with_posts = [task for task in house.witness.publishes("answered") if task["post_ids"]]
    assert len(with_posts) == 1
