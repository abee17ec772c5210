"""PostgreSQL is stopped hard under servers and workers, and started again."""

import pytest

from tests.clusters import Cluster
from tests.running import Answer, BuildHouse, House, eventually, working

pytest_plugins = ("tests.databases", "tests.clusters", "tests.running")

HALF = 65_536


@pytest.fixture
def house(cluster: Cluster, build_house: BuildHouse) -> House:
    """Give a house on a PostgreSQL of its own."""
    return build_house(DATABASE_URL=cluster.url, LEASE_S="2")


def every_kind_of_request(house: House) -> list[Answer]:
    """Call whatever needs the ledger in its own way."""
    return [
        house.run("post_video", house.video("meanwhile")),
        house.run("check_status", {"post_id": "post_x"}),
        house.run("wait_until_published", {"post_id": "post_x", "wait_seconds": "1"}),
        house.run("list_accounts", {}),
        house.call("POST", "/v1/media", files={"file": ("a.jpg", b"x", "image/jpeg")}),
        house.call("GET", f"/media/{43 * 'A'}/one.jpg", key=""),
        house.call("GET", "/readyz", key=""),
    ]


def test_while_the_database_is_away_requests_are_told_to_come_again(house: House, cluster: Cluster) -> None:
    cluster.stop()
    answers = every_kind_of_request(house)
    assert [answer.status for answer in answers] == [503] * len(answers)
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert {answer.body["error"] for answer in answers if "json" in answer.headers["Content-Type"]} == {
        "not_ready"
    }
    assert house.call("GET", "/healthz", key="").status == 200
    cluster.start()
    assert eventually(lambda: house.call("GET", "/readyz", key="").status == 200, what="the server is ready")
    post_id = house.run("post_video", house.video("afterwards")).body["post_id"]
    assert house.wait(post_id)["status"] == "published_public"
    assert "Traceback" not in house.log()


def test_what_was_in_hand_is_published_once_afterwards(house: House, cluster: Cluster) -> None:
    house.witness.set_faults(hold_upload_after_bytes=HALF)
    rows = house.video("in hand", source_url=f"{house.media_url}/big.mp4")
    post_id = house.run("post_video", rows).body["post_id"]
    with working(house):
        eventually(lambda: house.witness.bytes_in_flight() >= HALF, what="half a video at the sandbox")
        cluster.stop()
        house.witness.set_faults()
        cluster.start()
        assert eventually(lambda: house.wait(post_id).get("status") == "published_public")
    assert len(house.witness.posts()) == house.witness.inits() == 1


def test_a_server_that_starts_without_its_database_says_so_and_ends(house: House, cluster: Cluster) -> None:
    cluster.stop()
    told = house.command("serve", "--home", str(house.home), "--port", "0")
    assert told.returncode == 2
    assert "POSTRAIL_DATABASE_URL" in told.stderr
    assert "is PostgreSQL running there" in told.stderr
    assert "Traceback" not in told.stderr
    cluster.start()
