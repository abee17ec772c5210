"""TikTok's endpoints over a world with a hand-set clock; every call is held to the wire schemas."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.knobs import Faults, LostReply, Refuse
from connector.sandbox.states import Dial, Step
from tests.unit.sandbox.sandbox_helpers import Caller, Scene, code_and_data, movie, one_chunk

PUBLIC = "PUBLIC_TO_EVERYONE"
URL = "https://media.example.com/a.jpg"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a fresh world."""
    scene = Scene(tmp_path)
    yield scene
    scene.world.close()


def init_body(size: int = 1000, **post_info: object) -> dict[str, Any]:
    """Return a video/init body."""
    return {"post_info": {"privacy_level": "SELF_ONLY", **post_info}, "source_info": one_chunk(size)}


def test_a_public_video_is_published_first_and_gets_its_id_after_moderation(scene: Scene) -> None:
    caller = scene.caller()
    publish_id = caller.upload(movie(), privacy_level=PUBLIC, title="hi")
    assert caller.status(publish_id)["status"] == "PROCESSING_UPLOAD"
    scene.clock.advance(1)
    assert caller.status(publish_id)["publicaly_available_post_id"] == []
    scene.clock.advance(1)
    done = caller.status(publish_id)
    [post] = scene.world.posts.all()
    assert (done["status"], done["publicaly_available_post_id"]) == ("PUBLISH_COMPLETE", [post.post_id])
    assert (post.title, post.public_at) == ("hi", scene.clock.now())


def test_a_private_post_never_gets_an_id(scene: Scene) -> None:
    caller = scene.caller()
    publish_id = caller.upload(movie())
    scene.clock.advance(3600)
    assert caller.status(publish_id)["publicaly_available_post_id"] == []
    assert [post.public_at for post in scene.world.posts.all()] == [None]


def test_a_draft_reaches_the_inbox_and_is_no_post(scene: Scene) -> None:
    caller, data = scene.caller(), movie()
    _, made = code_and_data(caller.post("inbox/video/init", {"source_info": one_chunk(len(data))}))
    caller.put(made["upload_url"], data, 0, len(data))
    scene.clock.advance(1)
    assert made["publish_id"].startswith("v_inbox_file~v2.")
    assert caller.status(made["publish_id"])["status"] == "SEND_TO_USER_INBOX"
    assert scene.world.posts.all() == []


def test_history_is_dated_when_each_step_fell_due_however_late_somebody_looks(scene: Scene) -> None:
    caller = scene.caller()
    publish_id = caller.upload(movie(), privacy_level=PUBLIC)
    begun = scene.clock.now()
    scene.clock.advance(100)
    scene.world.settle()
    times = [row["at"] - begun for row in scene.world.tasks.history(publish_id)]
    assert times == [0, 0, 0, 1000, 2000]


def test_polls_advance_after_so_many_status_calls(scene: Scene) -> None:
    caller = scene.caller()
    scene.world.knobs.set_dial(Dial(mode="polls", processing=2, moderation=1))
    publish_id = caller.upload(movie(), privacy_level=PUBLIC)
    seen = [caller.status(publish_id) for _ in range(4)]
    assert [data["status"][:7] for data in seen] == ["PROCESS", "PROCESS", "PUBLISH", "PUBLISH"]
    assert [len(data["publicaly_available_post_id"]) for data in seen] == [0, 0, 0, 1]


def test_bad_bytes_fail_after_processing_and_never_at_init(scene: Scene) -> None:
    caller = scene.caller()
    publish_id = caller.upload(b"not a video")
    scene.clock.advance(1)
    data = caller.status(publish_id)
    assert (data["status"], data["fail_reason"]) == ("FAILED", "file_format_check_failed")
    assert scene.world.posts.all() == []


def test_a_videos_length_is_held_to_its_creators_limit(scene: Scene) -> None:
    caller = scene.caller(max_video_post_duration_sec=5)
    publish_id = caller.upload(movie(seconds=6))
    scene.clock.advance(1)
    assert caller.status(publish_id)["fail_reason"] == "duration_check_failed"


def test_chunks_come_in_order_and_the_progress_stands_in_the_header(scene: Scene) -> None:
    caller, data = scene.caller(), movie(tail=bytes(11_000_000))
    size, chunk = len(data), 5_300_000
    source = {"source": "FILE_UPLOAD", "video_size": size, "chunk_size": chunk, "total_chunk_count": 2}
    body = {"post_info": {"privacy_level": "SELF_ONLY"}, "source_info": source}
    url = code_and_data(caller.post("video/init", body))[1]["upload_url"]
    early = caller.put(url, data[chunk:], chunk, size)
    first = caller.put(url, data[:chunk], 0, size)
    again = caller.put(url, data[:chunk], 0, size)
    last = caller.put(url, data[chunk:], chunk, size)
    after = caller.put(url, data[chunk:], chunk, size)
    statuses = [reply.status_code for reply in (early, first, again, last, after)]
    assert statuses == [416, 206, 416, 201, 416]
    assert [reply.headers["Content-Range"] for reply in (early, first, again, last)] == [
        f"bytes 0-0/{size}",
        f"bytes 0-{chunk}/{size}",
        f"bytes 0-{chunk}/{size}",
        f"bytes 0-{size}/{size}",
    ]


def test_an_upload_url_expires_after_an_hour(scene: Scene) -> None:
    caller = scene.caller()
    url = code_and_data(caller.post("video/init", init_body(4)))[1]["upload_url"]
    scene.clock.advance(3600)
    assert caller.put(url, b"late", 0, 4).status_code == 403


@pytest.mark.parametrize("change", [("upload_id=", "upload_id=9"), ("upload_token=", "upload_token=x")])
def test_an_unknown_upload_is_404(scene: Scene, change: tuple[str, str]) -> None:
    caller = scene.caller()
    url = code_and_data(caller.post("video/init", init_body(4)))[1]["upload_url"]
    assert caller.put(url.replace(*change), b"data", 0, 4).status_code == 404


@pytest.mark.parametrize(
    ("headers", "code", "status"),
    [
        ({}, "access_token_invalid", 401),
        ({"Authorization": "Bearer act.nobody"}, "access_token_invalid", 401),
        ({"Authorization": "act.nobody"}, "invalid_params", 400),
    ],
)
def test_the_bearer_comes_first(scene: Scene, headers: dict[str, str], code: str, status: int) -> None:
    caller = scene.caller()
    caller.headers = headers
    reply = caller.post("video/init", {"nonsense": True})
    assert (code_and_data(reply)[0], reply.status_code) == (code, status)


@pytest.mark.parametrize(
    ("scope", "endpoint"),
    [
        ("video.upload", "video/init"),
        ("video.upload", "creator_info/query"),
        ("video.publish", "inbox/video/init"),
        ("user.info.basic", "status/fetch"),
        ("user.info.basic", "cancel"),
    ],
)
def test_each_endpoint_needs_its_scope(scene: Scene, scope: str, endpoint: str) -> None:
    reply = scene.caller(scope=scope).post(endpoint, {})
    assert (code_and_data(reply)[0], reply.status_code) == ("scope_not_authorized", 401)


def test_the_scope_of_photos_depends_on_their_mode(scene: Scene) -> None:
    caller = scene.caller(scope="video.upload")
    body = photo_body()
    assert code_and_data(caller.post("content/init", body))[0] == "scope_not_authorized"


@pytest.mark.parametrize(
    ("endpoint", "limit"),
    [("video/init", 6), ("content/init", 6), ("creator_info/query", 20), ("status/fetch", 30)],
)
def test_a_sliding_minute_holds_only_so_many_calls(scene: Scene, endpoint: str, limit: int) -> None:
    caller = scene.caller()
    for _ in range(limit):
        assert caller.post(endpoint, {}).status_code != 429
        scene.clock.advance(1)
    assert code_and_data(caller.post(endpoint, {}))[0] == "rate_limit_exceeded"
    scene.clock.advance(60 - limit)
    assert caller.post(endpoint, {}).status_code != 429
    assert caller.post(endpoint, {}).status_code == 429


def test_rate_limits_are_each_creators_own_and_can_be_off(scene: Scene) -> None:
    busy, other, free = scene.caller(), scene.caller(), scene.caller(rate_limits=False)
    for _ in range(7):
        last = busy.post("video/init", init_body())
    assert last.status_code == 429
    assert other.post("video/init", init_body()).status_code == 200
    assert [free.post("video/init", init_body()).status_code for _ in range(7)] == [200] * 7


@pytest.mark.parametrize(
    ("traits", "privacy_level", "code"),
    [
        ({"private_account": True}, PUBLIC, "privacy_level_option_mismatch"),
        ({}, "FOLLOWER_OF_CREATOR", "privacy_level_option_mismatch"),
        ({}, "", "privacy_level_option_mismatch"),
        ({"privacy_level_options": ["SELF_ONLY"]}, PUBLIC, "privacy_level_option_mismatch"),
        ({"unaudited": True}, "SELF_ONLY", "unaudited_client_can_only_post_to_private_accounts"),
        (
            {"unaudited": True, "private_account": True},
            "FOLLOWER_OF_CREATOR",
            "unaudited_client_can_only_post_to_private_accounts",
        ),
        ({"banned": True}, PUBLIC, "spam_risk_user_banned_from_posting"),
        ({"daily_post_cap": 0}, PUBLIC, "spam_risk_too_many_posts"),
    ],
)
def test_what_the_account_forbids_is_403(
    scene: Scene, traits: dict[str, Any], privacy_level: str, code: str
) -> None:
    reply = scene.caller(**traits).post("video/init", init_body(privacy_level=privacy_level))
    assert (code_and_data(reply)[0], reply.status_code) == (code, 403)


def test_an_unaudited_client_may_post_privately_to_a_private_account(scene: Scene) -> None:
    caller = scene.caller(unaudited=True, private_account=True)
    assert code_and_data(caller.post("video/init", init_body()))[0] == "ok"


def test_creator_info_says_what_the_account_allows(scene: Scene) -> None:
    _, data = code_and_data(scene.caller(private_account=True).post("creator_info/query"))
    assert data["privacy_level_options"] == ["FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]
    assert (data["comment_disabled"], data["duet_disabled"], data["stitch_disabled"]) == (False, True, True)


def test_creator_info_refuses_a_banned_creator_with_http_200(scene: Scene) -> None:
    reply = scene.caller(banned=True).post("creator_info/query")
    assert (code_and_data(reply), reply.status_code) == (("spam_risk_user_banned_from_posting", {}), 200)


def test_the_sixth_pending_draft_within_a_day_is_refused(scene: Scene) -> None:
    caller, data = scene.caller(), movie()
    body = {"source_info": one_chunk(len(data))}
    for _ in range(5):
        made = code_and_data(caller.post("inbox/video/init", body))[1]
        caller.put(made["upload_url"], data, 0, len(data))
    assert code_and_data(caller.post("inbox/video/init", body))[0] == "spam_risk_too_many_pending_share"
    scene.clock.advance(24 * 3600)
    assert code_and_data(caller.post("inbox/video/init", body))[0] == "ok"


def photo_body(*urls: str) -> dict[str, Any]:
    """Return a content/init body for a private direct post."""
    source = {"source": "PULL_FROM_URL", "photo_images": list(urls or (URL,)), "photo_cover_index": 0}
    post_info = {"privacy_level": "SELF_ONLY"}
    return {"media_type": "PHOTO", "post_mode": "DIRECT_POST", "post_info": post_info, "source_info": source}


def test_plain_http_to_the_world_is_refused_before_anything_is_made(scene: Scene) -> None:
    reply = scene.caller().post("content/init", photo_body("http://media.example.com/a.jpg"))
    assert (code_and_data(reply)[0], reply.status_code) == ("url_ownership_unverified", 403)
    assert scene.world.tasks.all() == []


def test_an_unknown_publish_id_and_somebody_elses_are_told_apart(scene: Scene) -> None:
    mine, yours = scene.caller(), scene.caller()
    publish_id = mine.upload(movie())
    unknown = mine.post("status/fetch", {"publish_id": "v_pub_file~v2-1.1"})
    foreign = yours.post("status/fetch", {"publish_id": publish_id})
    assert unknown.json is not None
    assert (unknown.json["error"]["code"], unknown.json["error"]["message"]) == (
        "invalid_params",
        "invalid_publish_id",
    )
    assert code_and_data(foreign)[0] == "token_not_authorized_for_specified_publish_id"


def test_an_upload_cannot_be_cancelled(scene: Scene) -> None:
    caller = scene.caller()
    made = code_and_data(caller.post("video/init", init_body()))[1]
    reply = caller.post("cancel", {"publish_id": made["publish_id"]})
    assert (code_and_data(reply)[0], reply.status_code) == ("publish_not_cancellable", 400)


def test_a_body_that_is_no_json_is_refused_by_the_field_that_is_missing(scene: Scene) -> None:
    caller = scene.caller()
    reply = scene.http.post("/v2/post/publish/video/init/", headers=caller.headers, data=b"{")
    assert reply.json is not None
    assert reply.json["error"]["message"] == "The request post info is empty or incorrect"


def test_ids_are_19_digit_numbers_that_floats_cannot_hold(scene: Scene) -> None:
    caller = scene.caller()
    publish_id = caller.upload(movie(), privacy_level=PUBLIC)
    scene.clock.advance(5)
    [post_id] = caller.status(publish_id)["publicaly_available_post_id"]
    assert len(str(post_id)) == 19
    assert int(float(post_id)) != post_id


def test_the_video_list_shows_public_videos_only(scene: Scene) -> None:
    caller = scene.caller()
    caller.upload(movie(), privacy_level=PUBLIC, title="seen")
    caller.upload(movie(seconds=3), title="hidden")
    scene.clock.advance(5)
    _, data = code_and_data(caller.video_list({"max_count": 20}, "id,title,duration,create_time"))
    assert [(video["title"], video["duration"]) for video in data["videos"]] == [("seen", 2)]


def test_user_info_gives_the_fields_that_were_asked_for(scene: Scene) -> None:
    caller = scene.caller()
    _, data = code_and_data(caller.user_info("open_id,username"))
    assert data["user"] == {"open_id": caller.account.open_id, "username": "creator1"}
    assert code_and_data(caller.user_info("open_id,salary"))[0] == "invalid_params"


def test_user_info_needs_the_scope_of_each_field(scene: Scene) -> None:
    caller = scene.caller(scope="user.info.basic")
    assert code_and_data(caller.user_info("open_id"))[0] == "ok"
    assert code_and_data(caller.user_info("open_id,username"))[0] == "scope_not_authorized"


def test_a_refusal_is_given_as_often_as_it_was_asked_for(scene: Scene) -> None:
    caller = scene.caller()
    fault = Refuse(endpoint="video/init", code="internal_error", times=2)
    scene.world.knobs.set_faults(Faults(refuse=fault))
    assert [caller.post("video/init", init_body()).status_code for _ in range(3)] == [500, 500, 200]
    assert scene.world.knobs.faults == Faults()


def test_a_put_can_be_refused_like_any_call(scene: Scene) -> None:
    caller, data = scene.caller(), movie()
    url = code_and_data(caller.post("video/init", init_body(len(data))))[1]["upload_url"]
    scene.world.knobs.set_faults(Faults(refuse=Refuse(endpoint="upload", status=403)))
    assert [caller.put(url, data, 0, len(data)).status_code for _ in range(2)] == [403, 201]


def test_a_planted_fail_reason_fails_the_next_task_alone(scene: Scene) -> None:
    caller = scene.caller()
    scene.world.knobs.set_faults(Faults(fail_reason="spam_risk_text"))
    doomed, fine = caller.upload(movie()), caller.upload(movie())
    scene.clock.advance(1)
    assert caller.status(doomed)["fail_reason"] == "spam_risk_text"
    assert caller.status(fine)["status"] == "PUBLISH_COMPLETE"


def test_a_server_error_stores_nothing_of_its_chunk(scene: Scene) -> None:
    caller, data = scene.caller(), movie()
    made = code_and_data(caller.post("video/init", init_body(len(data))))[1]
    scene.world.knobs.set_faults(Faults(server_error_chunks=1))
    assert caller.put(made["upload_url"], data, 0, len(data)).status_code == 500
    assert caller.status(made["publish_id"])["uploaded_bytes"] == 0
    assert caller.put(made["upload_url"], data, 0, len(data)).status_code == 201


def test_faults_and_the_dial_survive_a_restart(tmp_path: Path) -> None:
    faults = Faults(lose_reply=LostReply(endpoint="video/init", times=3), server_error_chunks=2)
    first = Scene(tmp_path)
    first.world.knobs.set_faults(faults)
    first.world.knobs.set_dial(Dial(mode="immediate"))
    first.world.close()
    second = Scene(tmp_path)
    assert (second.world.knobs.faults, second.world.knobs.dial) == (faults, Dial(mode="immediate"))
    second.world.close()


def test_a_task_goes_on_over_a_restart(tmp_path: Path) -> None:
    first = Scene(tmp_path)
    caller = first.caller()
    publish_id = caller.upload(movie(), privacy_level=PUBLIC)
    first.world.close()
    second = Scene(tmp_path)
    second.world.open()
    second.clock.advance(10)
    again = Caller(second.http, caller.account)
    assert len(again.status(publish_id)["publicaly_available_post_id"]) == 1
    second.world.close()


def test_an_upload_that_was_whole_when_the_process_died_is_processed_at_the_next_start(
    tmp_path: Path,
) -> None:
    first, data = Scene(tmp_path), movie()
    caller = first.caller()
    made = code_and_data(caller.post("video/init", init_body(len(data))))[1]
    task = first.world.tasks.get(made["publish_id"])
    (tmp_path / "media" / "incoming" / f"{task.upload_id}.upload").write_bytes(data)
    first.world.tasks.set_received(task.publish_id, len(data))
    first.world.tasks.move(task, Step(stage="checking", at=first.clock.now()))
    first.world.close()
    second = Scene(tmp_path)
    second.world.open()
    second.clock.advance(1)
    second.world.settle()
    assert [post.publish_id for post in second.world.posts.all()] == [task.publish_id]
    second.world.close()


def test_numbers_are_never_given_twice_even_after_a_restart(tmp_path: Path) -> None:
    first = Scene(tmp_path)
    before = first.caller().upload(movie())
    first.world.close()
    second = Scene(tmp_path)
    after = second.caller(nickname="Second").upload(movie())
    assert before != after
    second.world.close()
