"""`postrail work` on PostgreSQL: the work of a server that has no workers, and of one that died."""

import pytest

from tests.running import BuildHouse, House, eventually, working

pytest_plugins = ("tests.databases", "tests.running")


@pytest.fixture
def postgres(postgres_url: str, build_house: BuildHouse) -> House:
    """Give a house on PostgreSQL whose server has no workers of its own."""
    return build_house(DATABASE_URL=postgres_url, WORKERS="0", LEASE_S="2")


def test_workers_beside_a_server_do_its_work(postgres: House) -> None:
    video = postgres.run("post_video", postgres.video("by a worker")).body["post_id"]
    photos = postgres.run("post_photos", postgres.photos("by a worker")).body["post_id"]
    assert postgres.status(video)["status"] == "queued"
    with working(postgres):
        assert postgres.wait(video)["status"] == "published_public"
        assert postgres.wait(photos)["status"] == "published_public"
    assert len(postgres.witness.posts()) == postgres.witness.inits() == 2


def test_a_worker_takes_over_from_one_that_was_killed(postgres: House) -> None:
    postgres.witness.set_faults(hold_upload_after_bytes=65_536)
    rows = postgres.video("taken over", source_url=f"{postgres.media_url}/big.mp4")
    post_id = postgres.run("post_video", rows).body["post_id"]
    with working(postgres) as first:
        eventually(lambda: postgres.witness.bytes_in_flight() >= 65_536, what="half a video at the sandbox")
        first.kill()
        first.wait()
    postgres.witness.set_faults()
    with working(postgres):
        assert postgres.wait(post_id)["status"] == "published_public"
    assert len(postgres.witness.posts()) == postgres.witness.inits() == 1


def test_a_worker_alone_on_sqlite_says_why_it_cannot(house: House) -> None:
    told = house.command("work", "--home", str(house.home))
    assert told.returncode == 2
    assert "PostgreSQL" in told.stderr
    assert "Traceback" not in told.stderr
