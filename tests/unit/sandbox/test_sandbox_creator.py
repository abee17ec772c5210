"""Playing the creator and the clock: drafts, hands on the dial, posts shown and hidden, time moved."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.sandbox.behaviour import Behaviour
from connector.sandbox.clockwork import ClockSetting
from connector.sandbox.states import Dial
from tests.unit.sandbox.sandbox_helpers import (
    START,
    Caller,
    Scene,
    code_and_data,
    control,
    movie,
    one_chunk,
)

PUBLIC = "PUBLIC_TO_EVERYONE"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a fresh world."""
    scene = Scene(tmp_path)
    yield scene
    scene.world.close()


def inbox(scene: Scene, caller: Caller) -> str:
    """Bring a draft to the inbox and return its publish_id."""
    publish_id = caller.draft(movie())
    scene.clock.advance(1)
    assert caller.status(publish_id)["status"] == "SEND_TO_USER_INBOX"
    return publish_id


def test_a_draft_is_posted_with_the_creators_own_words(scene: Scene) -> None:
    caller = scene.caller()
    publish_id = inbox(scene, caller)
    words = {"title": "my words", "privacy_level": "SELF_ONLY"}
    post = control(scene, "POST", f"publishes/{publish_id}/post", words, 201)
    assert (post["title"], post["privacy_level"], post["public_at"]) == ("my words", "SELF_ONLY", None)
    assert caller.status(publish_id) | {"uploaded_bytes": 0} == {
        "status": "PUBLISH_COMPLETE",
        "publicaly_available_post_id": [],
        "uploaded_bytes": 0,
    }


def test_one_draft_can_become_several_public_posts(scene: Scene) -> None:
    caller = scene.caller()
    publish_id = inbox(scene, caller)
    for _ in range(2):
        control(scene, "POST", f"publishes/{publish_id}/post", {}, 201)
        scene.clock.advance(1)
    ids = caller.status(publish_id)["publicaly_available_post_id"]
    assert sorted(ids) == sorted(post.post_id for post in scene.world.posts.all())
    assert len(ids) == 2


def test_a_public_draft_waits_for_moderation(scene: Scene) -> None:
    caller = scene.caller()
    publish_id = inbox(scene, caller)
    control(scene, "POST", f"publishes/{publish_id}/post", {}, 201)
    control(scene, "POST", f"publishes/{publish_id}/post", {"privacy_level": "SELF_ONLY"}, 201)
    assert caller.status(publish_id)["publicaly_available_post_id"] == []
    scene.clock.advance(1)
    assert len(caller.status(publish_id)["publicaly_available_post_id"]) == 1


def test_a_draft_that_lapses_can_no_longer_be_posted_and_frees_its_place(scene: Scene) -> None:
    caller = scene.caller(pending_share_cap=1)
    publish_id = inbox(scene, caller)
    body = {"source_info": one_chunk(9)}
    assert code_and_data(caller.post("inbox/video/init", body))[0] == "spam_risk_too_many_pending_share"
    control(scene, "POST", f"publishes/{publish_id}/lapse")
    assert caller.status(publish_id)["status"] == "SEND_TO_USER_INBOX"
    control(scene, "POST", f"publishes/{publish_id}/post", {}, 400)
    assert code_and_data(caller.post("inbox/video/init", body))[0] == "ok"


@pytest.mark.parametrize("move", ["post", "lapse"])
def test_a_direct_post_is_no_draft(scene: Scene, move: str) -> None:
    publish_id = scene.caller().upload(movie())
    control(scene, "POST", f"publishes/{publish_id}/{move}", {}, 400)


def test_a_creator_chooses_only_what_the_account_offers(scene: Scene) -> None:
    publish_id = inbox(scene, scene.caller(private_account=True))
    control(scene, "POST", f"publishes/{publish_id}/post", {"privacy_level": PUBLIC}, 400)


def test_by_hand_nothing_moves_until_it_is_moved(scene: Scene) -> None:
    scene.world.knobs.set_dial(Dial(mode="hand"))
    caller = scene.caller()
    publish_id = caller.upload(movie(), privacy_level=PUBLIC)
    scene.clock.advance(1e6)
    assert caller.status(publish_id)["status"] == "PROCESSING_UPLOAD"
    assert control(scene, "POST", f"publishes/{publish_id}/advance")["stage"] == "moderating"
    assert control(scene, "POST", f"publishes/{publish_id}/advance")["stage"] == "complete"
    control(scene, "POST", f"publishes/{publish_id}/advance", status=400)
    assert len(caller.status(publish_id)["publicaly_available_post_id"]) == 1


def test_a_task_is_failed_by_hand_once(scene: Scene) -> None:
    caller = scene.caller()
    publish_id = caller.upload(movie())
    control(scene, "POST", f"publishes/{publish_id}/fail", {"reason": "spam_risk_text"})
    assert caller.status(publish_id)["fail_reason"] == "spam_risk_text"
    control(scene, "POST", f"publishes/{publish_id}/fail", {}, 400)


def test_a_private_post_is_shown_hidden_and_removed(scene: Scene) -> None:
    caller = scene.caller()
    publish_id = caller.upload(movie())
    scene.clock.advance(1)
    scene.world.settle()
    [post] = scene.world.posts.all()
    seen = []
    for move in ("show", "hide", "show", "remove"):
        control(scene, "POST", f"posts/{post.post_id}/{move}")
        seen.append(caller.status(publish_id)["publicaly_available_post_id"])
    assert seen == [[post.post_id], [], [post.post_id], []]
    control(scene, "POST", f"posts/{post.post_id}/show", status=400)
    [told] = control(scene, "GET", "posts")["posts"]
    assert told["removed_at"] == told["no_longer_public_at"]
    assert scene.http.get(told["share_url"]).status_code == 404


@pytest.mark.parametrize("path", ["publishes/x/advance", "posts/1/hide", f"posts/{2**70}/hide"])
def test_what_is_not_there_cannot_be_moved(scene: Scene, path: str) -> None:
    control(scene, "POST", path, status=404)


def test_video_query_gives_the_creators_own_public_videos(scene: Scene) -> None:
    mine, other = scene.caller(), scene.caller()
    mine.upload(movie(), privacy_level=PUBLIC, is_aigc=True)
    mine.upload(movie(seconds=3))
    other.upload(movie(seconds=4), privacy_level=PUBLIC)
    scene.clock.advance(2)
    scene.world.settle()
    ids = [str(post.post_id) for post in scene.world.posts.all()]
    _, data = code_and_data(mine.video_query(*ids, "1", fields="id,is_aigc,share_url"))
    [video] = data["videos"]
    assert (video["id"], video["is_aigc"]) == (ids[0], True)
    assert video["share_url"].endswith("?utm_campaign=tt4d_open_api&utm_source=sbdefault")


@pytest.mark.parametrize("ids", [[], ["1"] * 21])
def test_video_query_takes_one_to_twenty_ids(scene: Scene, ids: list[str]) -> None:
    assert code_and_data(scene.caller().video_query(*ids))[0] == "invalid_params"


@pytest.mark.parametrize(
    ("reaction", "code", "status"),
    [
        ("scope_not_authorized", "scope_not_authorized", 401),
        ("scope_permission_missed", "scope_permission_missed", 400),
        ("omit", "ok", 200),
    ],
)
def test_fields_out_of_scope_are_a_knob(scene: Scene, reaction: str, code: str, status: int) -> None:
    scene.world.knobs.set_behaviour(Behaviour.model_validate({"out_of_scope_fields": reaction}))
    reply = scene.caller(scope="user.info.basic").user_info("open_id,username,video_count")
    assert (code_and_data(reply)[0], reply.status_code) == (code, status)
    if code == "ok":
        assert set(code_and_data(reply)[1]["user"]) == {"open_id"}


def test_pictures_run_out_as_tiktoks_do(scene: Scene) -> None:
    caller = scene.caller()
    _, data = code_and_data(caller.user_info("avatar_url"))
    url = data["user"]["avatar_url"]
    scene.clock.advance(2 * 3600 - 1)
    assert scene.http.get(url).status_code == 200
    scene.clock.advance(1)
    assert scene.http.get(url).status_code == 403


def test_the_clock_is_moved_frozen_and_kept(tmp_path: Path) -> None:
    first = Scene(tmp_path)
    told = control(first, "PUT", "clock", {"offset_ms": 3_600_000, "frozen": True})
    assert (told["now_ms"], told["now"]) == (START + 3_600_000, "2026-09-21T15:13:20.000Z")
    first.clock.advance(5)
    assert first.world.clock.now() == START + 3_600_000
    control(first, "POST", "clock/advance", {"ms": 500})
    first.world.close()
    second = Scene(tmp_path)
    second.clock.advance(99)
    assert second.world.clock.now() == START + 3_600_500
    assert control(second, "GET", "clock")["frozen"] is True
    second.world.clock.set(ClockSetting(offset_ms=1))
    assert second.world.clock.now() == START + 99_001
    second.world.close()


def test_moved_time_moves_tasks_and_frozen_time_holds_them(scene: Scene) -> None:
    caller = scene.caller()
    control(scene, "PUT", "clock", {"frozen": True})
    publish_id = caller.upload(movie())
    scene.clock.advance(100)
    assert caller.status(publish_id)["status"] == "PROCESSING_UPLOAD"
    control(scene, "POST", "clock/advance", {"ms": 1000})
    assert caller.status(publish_id)["status"] == "PUBLISH_COMPLETE"


@pytest.mark.parametrize("body", [{"offset_ms": "1"}, {"frozen": 1}, {"speed": 2}, []])
def test_a_clock_that_makes_no_sense_is_refused(scene: Scene, body: object) -> None:
    control(scene, "PUT", "clock", body, 400)


def test_an_account_is_changed_member_by_member(scene: Scene) -> None:
    caller = scene.caller(nickname="Mia")
    name = caller.account.username
    told = control(scene, "PATCH", f"accounts/{name}", {"banned": True})
    assert (told["nickname"], told["banned"]) == ("Mia", True)
    assert code_and_data(caller.post("creator_info/query"))[0] == "spam_risk_user_banned_from_posting"
    control(scene, "PATCH", f"accounts/{name}", {"bannd": True}, 400)
    control(scene, "PATCH", "accounts/nobody", {}, 404)


@pytest.mark.parametrize(
    "body",
    [
        {"redirect_uris": ["http://app.example.com/"]},
        {"kind": "mobile"},
        {"scopes": ["everything"]},
        {"webhook_url": "http://app.example.com/"},
        {"properties": ["example"]},
        {"client_key": "sbdefault"},
        {"client_key": "a b"},
        {"audited": "no"},
    ],
)
def test_an_app_that_breaks_a_rule_is_not_registered(scene: Scene, body: dict[str, object]) -> None:
    control(scene, "POST", "apps", body, 400)
    assert len(control(scene, "GET", "apps")["apps"]) == 1


def test_an_app_is_changed_member_by_member(scene: Scene) -> None:
    app = control(scene, "POST", "apps", {"name": "One", "client_key": "sbone", "client_secret": "s"}, 201)
    changed = control(scene, "PATCH", "apps/sbone", {"audited": False})
    assert changed == {**app, "audited": False}
    assert control(scene, "PATCH", "apps/sbone", {"client_secret": "t"})["client_secret"] == "t"
    control(scene, "PATCH", "apps/sbone", {"redirect_uris": ["x"]}, 400)


def test_no_page_of_another_origin_uses_the_control_api(scene: Scene) -> None:
    headers = {"Origin": "https://evil.example.com"}
    assert scene.http.post("/_sandbox/accounts", json={}, headers=headers).status_code == 403
    assert scene.http.post("/forms/accounts", data={"username": "x"}, headers=headers).status_code == 403
    own = {"Origin": "http://localhost"}
    assert scene.http.post("/_sandbox/accounts", json={}, headers=own).status_code == 201
