"""A machine that does not reach TikTok takes no message, and takes them again once it does."""

from contextlib import ExitStack

from tests.celery.celery_house import CeleryHouse, celery_working
from tests.cutting import CuttingProxy
from tests.running import House, eventually, free_port

pytest_plugins = ("tests.databases", "tests.running", "tests.celery.celery_house")

SOME = 6


def publish(house: House, title: str) -> str:
    """Post photos; return the post's id."""
    return str(house.run("post_photos", house.photos(title)).body["post_id"])


def test_a_machine_that_does_not_reach_tiktok_leaves_the_messages_to_another(
    celery_house: CeleryHouse,
) -> None:
    house, port = celery_house.house, free_port()
    with ExitStack() as stack:
        cut_off = stack.enter_context(
            celery_working(celery_house, TIKTOK_BASE_URL=f"http://127.0.0.1:{port}")
        )
        first = publish(house, "tried in vain")
        eventually(lambda: cut_off.said("listens_no_more"), what="it leaves the queues")
        with celery_working(celery_house):
            ids = [publish(house, f"left to the other {number}") for number in range(SOME)]
            assert [house.wait(post_id)["status"] for post_id in [*ids, first]] == (
                ["published_public"] * (SOME + 1)
            )
            for post_id in ids:
                timeline = house.status(post_id)["timeline"]
                asked = [line["status"] for line in timeline if line["call"] == "creator_info/query"]
                assert asked == [200]
        stack.enter_context(CuttingProxy(house.witness.url, port))
        assert house.wait(publish(house, "within reach"))["status"] == "published_public"
        eventually(lambda: cut_off.said("listens_again"), what="it takes messages again")
        assert not cut_off.said("Traceback")
    assert house.witness.inits() == len(house.witness.posts()) == SOME + 2
