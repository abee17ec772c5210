"""A server where Celery shares the work out: it needs neither Celery nor the broker."""

from tests.running import BuildHouse, House, postrail

pytest_plugins = ("tests.databases", "tests.running")


def test_what_nobody_takes_for_two_leases_the_server_works_on_itself(
    postgres_url: str, build_house: BuildHouse
) -> None:
    nobody = "amqp://me:guess-me@127.0.0.1:9/"
    house = build_house(DATABASE_URL=postgres_url, ENGINE="celery", BROKER_URL=nobody, LEASE_S="3")
    post_id = house.run("post_photos", house.photos("left lying")).body["post_id"]
    assert house.status(post_id)["status"] == "queued"
    assert house.wait(post_id)["status"] == "published_public"
    assert len(house.witness.posts()) == house.witness.inits() == 1
    assert "guess-me" not in house.log()


def test_a_server_on_sqlite_says_why_celery_cannot_share_its_work_out(house: House) -> None:
    environment = {"POSTRAIL_ENGINE": "celery", "POSTRAIL_BROKER_URL": "redis://127.0.0.1:9/0"}
    told = postrail("serve", environment={**house.environment, **environment}, folder=house.folder)
    assert told.returncode == 2
    assert "celery needs PostgreSQL" in told.stderr
    assert "Traceback" not in told.stderr
