"""The knobs for what TikTok does not document, ownership of media URLs, caps by app, and old files."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.sandbox.behaviour import Behaviour
from tests.unit.sandbox.sandbox_helpers import Scene, code_and_data, control, movie, one_chunk
from tests.unit.sandbox.sandbox_login import Developer


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a fresh world."""
    scene = Scene(tmp_path)
    yield scene
    scene.world.close()


def behave(scene: Scene, **knobs: object) -> None:
    """Set knobs of the behaviour."""
    scene.world.knobs.set_behaviour(Behaviour.model_validate(knobs))


def pull(url: str) -> dict[str, object]:
    """Return an inbox init by pull."""
    return {"source_info": {"source": "PULL_FROM_URL", "video_url": url}}


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example.org/a.mp4",
        "https://example.com.evil.org/a.mp4",
        "http://127.0.0.1:9/a.mp4",
        "http://media.example.com/a.mp4",
    ],
)
def test_media_must_lie_under_a_property_when_that_is_demanded(scene: Scene, url: str) -> None:
    properties = ["example.com", "http://127.0.0.1:9/media/"]
    control(scene, "PATCH", "apps/sbdefault", {"properties": properties})
    behave(scene, demand_ownership=True)
    reply = scene.caller().post("inbox/video/init", pull(url))
    assert code_and_data(reply)[0] == "url_ownership_unverified"


def test_a_new_publish_id_can_be_unknown_for_a_while(scene: Scene) -> None:
    behave(scene, publish_id_delay_s=2.0)
    caller = scene.caller()
    publish_id = caller.upload(movie())
    scene.clock.advance(1.9)
    reply = caller.post("status/fetch", {"publish_id": publish_id})
    assert (reply.json or {})["error"]["message"] == "invalid_publish_id"
    scene.clock.advance(0.1)
    assert caller.status(publish_id)["status"] == "PUBLISH_COMPLETE"


def test_a_refusal_can_come_without_data(scene: Scene) -> None:
    behave(scene, empty_data_on_error=False)
    assert "data" not in (scene.caller().post("video/init", {}).json or {})


@pytest.mark.parametrize("path", ["/upload", "/video/"])
def test_the_upload_url_has_either_path(scene: Scene, path: str) -> None:
    behave(scene, upload_path=path)
    caller, data = scene.caller(), movie()
    body = {"source_info": one_chunk(len(data))}
    url = code_and_data(caller.post("inbox/video/init", body))[1]["upload_url"]
    assert url.startswith(f"http://localhost{path}?upload_id=")
    assert caller.put(url, data, 0, len(data)).status_code == 201


@pytest.mark.parametrize(("knob", "count"), [("by_account", 3), ("self_only", 1)])
def test_what_an_unaudited_client_is_offered_is_a_knob(scene: Scene, knob: str, count: int) -> None:
    behave(scene, unaudited_options=knob)
    _, data = code_and_data(scene.caller(unaudited=True).post("creator_info/query"))
    assert len(data["privacy_level_options"]) == count


def test_an_unaudited_app_posts_privately_to_private_accounts_alone(scene: Scene) -> None:
    for name in ("mia", "noa"):
        control(scene, "POST", "accounts", {"username": name, "private_account": name == "noa"}, 201)
    developer = Developer(scene, audited=False)
    body = {"post_info": {"privacy_level": "SELF_ONLY"}, "source_info": one_chunk(9)}
    codes = [
        code_and_data(developer.caller(developer.connect(name)["access_token"]).post("video/init", body))[0]
        for name in ("mia", "noa")
    ]
    assert codes == ["unaudited_client_can_only_post_to_private_accounts", "ok"]


def test_the_user_cap_counts_each_creator_once_a_day(scene: Scene) -> None:
    control(scene, "PATCH", "apps/sbdefault", {"daily_user_cap": 1})
    first, second = scene.caller(), scene.caller()
    body = {"post_info": {"privacy_level": "SELF_ONLY"}, "source_info": one_chunk(9)}
    codes = [code_and_data(each.post("video/init", body))[0] for each in (first, second, first)]
    assert codes == ["ok", "reached_active_user_cap", "ok"]
    scene.clock.advance(24 * 3600)
    assert code_and_data(second.post("video/init", body))[0] == "ok"


def test_the_daily_cap_of_a_creator_is_shared_by_all_apps(scene: Scene) -> None:
    caller = scene.caller(daily_post_cap=1)
    caller.upload(movie())
    scene.clock.advance(1)
    scene.world.settle()
    developer = Developer(scene)
    other = developer.caller(developer.connect(caller.account.username)["access_token"])
    reply = other.post("creator_info/query")
    assert code_and_data(reply)[0] == "spam_risk_too_many_posts"


def test_rates_are_counted_for_each_token_holder(scene: Scene) -> None:
    caller = scene.caller()
    developer = Developer(scene)
    other = developer.caller(developer.connect(caller.account.username)["access_token"])
    for _ in range(20):
        caller.post("creator_info/query")
    assert caller.post("creator_info/query").status_code == 429
    assert other.post("creator_info/query").status_code == 200


@pytest.mark.parametrize("body", [{"seed": "1"}, {"oauth_error_status": 403}, {"rotate": True}])
def test_a_behaviour_that_there_is_not_is_refused(scene: Scene, body: dict[str, object]) -> None:
    control(scene, "PUT", "behaviour", body, 400)


def test_the_behaviour_survives_a_restart(tmp_path: Path) -> None:
    first = Scene(tmp_path)
    control(first, "PUT", "behaviour", {"seed": 5, "refresh_grace_s": 2})
    first.world.close()
    second = Scene(tmp_path)
    assert second.world.knobs.behaviour == Behaviour(seed=5, refresh_grace_s=2.0)
    second.world.close()


def test_a_file_of_the_first_version_is_taken_up(tmp_path: Path) -> None:
    first = Scene(tmp_path)
    publish_id = first.caller().upload(movie())
    first.world.close()
    with sqlite3.connect(tmp_path / "sandbox.db") as file:
        for table, column in (("tasks", "client_key"), ("tasks", "chunk_fault"), ("posts", "gone_at")):
            file.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        file.execute("DROP TABLE apps")
    file.close()
    second = Scene(tmp_path)
    second.clock.advance(1)
    second.world.settle()
    assert second.world.tasks.get(publish_id).client_key == "sbdefault"
    assert [post.gone_at for post in second.world.posts.all()] == [None]
    second.world.close()
