"""Two servers and two workers, each with a data folder of its own, on one PostgreSQL and one bucket."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest

from connector.demo.processes import server_program
from tests.browsing import Browser
from tests.buckets import make_bucket
from tests.databases import PostgresServer
from tests.running import CLOCK, Answer, House, call, free_port, pause, working

pytest_plugins = ("tests.buckets", "tests.databases", "tests.running")

KEYS = {"MEDIA_ACCESS_KEY_ID": "test", "MEDIA_SECRET_ACCESS_KEY": "a secret of the bucket's"}
SCOPES = ["user.info.basic", "user.info.profile", "video.publish", "video.upload"]
TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True)
class Fleet:
    """The servers A and B; TikTok knows B's address alone, as it knows that of a load balancer."""

    a: House
    b_url: str

    def at_b(self, method: str, path: str, **request: Any) -> Answer:  # noqa: ANN401 - what requests takes
        """Call B."""
        headers = {"Authorization": f"Bearer {self.a.key}", **request.pop("headers", {})}
        return call(method, f"{self.b_url}{path}", headers=headers, **request)

    def run_at_b(self, operation: str, rows: Mapping[str, object]) -> Answer:
        """Run an operation at B."""
        return self.at_b("POST", f"/v1/operations/{operation}", json=dict(rows))


@pytest.fixture(scope="module")
def fleet(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: PostgresServer,
    postgres_template: str,
    s3_endpoint: str,
    media_url: str,
) -> Iterator[Fleet]:
    """Start two servers and two workers."""
    folder, port = tmp_path_factory.mktemp("fleet"), free_port()
    b_url = f"http://127.0.0.1:{port}"
    for url in postgres_server.fresh(postgres_template):
        settings = {
            "DATABASE_URL": url,
            "MEDIA_URL": f"s3://{make_bucket(s3_endpoint)}?endpoint={s3_endpoint}",
            "PUBLIC_URL": b_url,
            "WORKERS": "0",
            **KEYS,
        }
        with ExitStack() as stack:
            a = House(folder / "a", media_url, settings)
            stack.callback(a.close)
            a.start()
            b = server_program(folder / "b", a.environment, CLOCK, pause, port=port)
            stack.enter_context(b)
            for name in ("c", "d"):
                stack.enter_context(working(a, folder / name))
            yield Fleet(a, b_url)


def test_a_wait_at_one_server_ends_when_another_s_post_is_settled(fleet: Fleet) -> None:
    posted = fleet.a.run("post_photos", fleet.a.photos("at a")).body["post_id"]
    rows = {"post_id": posted, "wait_seconds": "50"}
    assert fleet.run_at_b("wait_until_published", rows).body["status"] == "published_public"
    assert len(fleet.a.witness.posts("at a")) == 1


def test_one_key_at_both_servers_at_the_same_instant_is_one_post(fleet: Fleet) -> None:
    rows = {**fleet.a.video("twins"), "idempotency_key": "twins"}
    with ThreadPoolExecutor(8) as pool:
        calls = [partial(fleet.a.run, "post_video", rows), partial(fleet.run_at_b, "post_video", rows)] * 4
        answers = list(pool.map(lambda ask: ask(), calls))
    (post_id,) = {answer.body["post_id"] for answer in answers}
    assert sorted("Idempotency-Replayed" in answer.headers for answer in answers) == [False] + [True] * 7
    assert fleet.a.wait(post_id)["status"] == "published_public"
    assert len(fleet.a.witness.posts("twins")) == 1


def test_what_was_uploaded_to_one_server_is_posted_by_another(fleet: Fleet) -> None:
    clip = call("GET", f"{fleet.a.media_url}/clip.mp4").content
    media_id = fleet.a.call("POST", "/v1/media", files={"file": ("clip.mp4", clip)}).body["media_id"]
    rows = {"source_url": media_id, "title": "uploaded at a", "privacy": "public", "wait_seconds": "45"}
    answer = fleet.run_at_b("post_video", rows)
    assert answer.body.get("status") == "published_public", answer.body
    assert len(fleet.a.witness.posts("uploaded at a")) == 1


def test_a_resumable_upload_goes_on_where_it_began_and_elsewhere_says_so(fleet: Fleet) -> None:
    photo = call("GET", f"{fleet.a.media_url}/one.jpg").content + os.urandom(8)
    begun = fleet.a.call("POST", "/v1/media/tus", headers={**TUS, "Upload-Length": str(len(photo))})
    path = urlsplit(begun.headers["Location"]).path
    part = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    elsewhere = fleet.at_b("PATCH", path, headers=part, data=photo)
    assert (elsewhere.status, elsewhere.body["error"]) == (404, "upload_not_found")
    assert "one of them" in elsewhere.body["fix"]
    done = fleet.a.call("PATCH", path, headers=part, data=photo)
    assert done.status == 204
    rows = {"photo_images": done.headers["X-Media-Id"], "title": "in parts", "privacy": "public"}
    post_id = fleet.run_at_b("post_photos", rows).body["post_id"]
    assert fleet.a.wait(post_id)["status"] == "published_public"


def test_many_posts_of_both_servers_are_published_once_each(fleet: Fleet) -> None:
    titles = [f"many {n}" for n in range(12)]
    servers = (fleet.a.run, fleet.run_at_b)
    answers = [servers[n % 2]("post_video", fleet.a.video(title)) for n, title in enumerate(titles)]
    for answer in answers:
        assert fleet.a.wait(answer.body["post_id"])["status"] == "published_public"
    assert [len(fleet.a.witness.posts(title)) for title in titles] == [1] * len(titles)


def test_a_login_that_begins_at_one_server_ends_at_another(fleet: Fleet) -> None:
    """The last one here: from then on there are two accounts, and a post must name its own."""
    account = {"username": "cleo", "rate_limits": False}
    call("POST", f"{fleet.a.witness.url}/_sandbox/accounts", json=account)
    with Browser() as browser:
        browser.go(f"{fleet.a.url}/connect/tiktok").submit("/session", api_key=fleet.a.key)
        browser.submit("/start", always_ask="1")
        browser.submit("", account="cleo", decision="approve", scope=SCOPES)
        assert browser.page.url.startswith(fleet.b_url)
        assert "@cleo is connected" in browser.text
    rows = fleet.a.video("of cleo", account="@cleo", wait_seconds="45")
    assert fleet.a.run("post_video", rows).body["status"] == "published_public"
