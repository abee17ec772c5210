"""Posts published through a server, two Celery workers and the sandbox, on RabbitMQ and on Redis."""

from tests.celery.celery_house import CeleryHouse, celery_working

pytest_plugins = ("tests.databases", "tests.running", "tests.celery.celery_house")


def test_posts_of_all_kinds_are_published_once_each(celery_house: CeleryHouse) -> None:
    house = celery_house.house
    with celery_working(celery_house), celery_working(celery_house):
        titles = [f"many {number}" for number in range(8)]
        ids = [
            house.run("post_video" if number % 2 else "post_photos", rows(title)).body["post_id"]
            for number, title in enumerate(titles)
            for rows in [house.video if number % 2 else house.photos]
        ]
        assert [house.wait(post_id)["status"] for post_id in ids] == ["published_public"] * 8
    assert [len(house.witness.posts(title)) for title in titles] == [1] * 8
