"""The control API, the request log and the pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.sandbox.sandbox_helpers import Scene, Wire, movie, one_chunk


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a fresh world."""
    scene = Scene(tmp_path)
    yield scene
    scene.world.close()


def get(scene: Scene, name: str) -> Wire:
    """Return a control answer."""
    reply = scene.http.get(f"/_sandbox/{name}")
    assert reply.status_code == 200
    answer: Wire = reply.json or {}
    return answer


def test_it_is_healthy(scene: Scene) -> None:
    assert get(scene, "health") == {"ok": True}


def test_an_account_is_made_with_its_traits(scene: Scene) -> None:
    made = scene.http.post("/_sandbox/accounts", json={"username": "mia", "private_account": True})
    assert made.status_code == 201
    assert get(scene, "accounts") == {"accounts": [made.json]}
    assert made.json is not None
    assert (made.json["username"], made.json["private_account"]) == ("mia", True)
    assert made.json["access_token"].startswith("act.")


@pytest.mark.parametrize(
    "body",
    [
        {"username": "mia"},
        {"comments": False},
        {"private_account": "yes"},
        {"max_video_post_duration_sec": 0},
        {"username": "a/b"},
    ],
    ids=["taken", "unknown", "no boolean", "no length", "no handle"],
)
def test_a_bad_account_is_refused(scene: Scene, body: dict[str, object]) -> None:
    scene.http.post("/_sandbox/accounts", json={"username": "mia"})
    reply = scene.http.post("/_sandbox/accounts", json=body)
    assert reply.status_code == 400
    assert len(get(scene, "accounts")["accounts"]) == 1


def test_a_handle_that_is_not_given_is_a_free_one(scene: Scene) -> None:
    scene.http.post("/_sandbox/accounts", json={"username": "creator2"})
    assert scene.caller().account.username == "creator3"


def test_the_dial_is_set_and_told(scene: Scene) -> None:
    scene.http.put("/_sandbox/dial", json={"mode": "polls", "processing": 3})
    assert get(scene, "dial") == {
        "mode": "polls",
        "processing": 3.0,
        "moderation": 1.0,
        "pull_patience": 60.0,
    }


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("dial", {"mode": "fast"}),
        ("dial", {"processing": -1}),
        ("faults", {"lose_replies": 1}),
        ("faults", []),
    ],
)
def test_what_the_knobs_do_not_know_is_refused(scene: Scene, name: str, body: object) -> None:
    before = get(scene, name)
    reply = scene.http.put(f"/_sandbox/{name}", json=body)
    assert (reply.status_code, get(scene, name)) == (400, before)


def test_a_put_of_faults_replaces_them_all(scene: Scene) -> None:
    scene.http.put("/_sandbox/faults", json={"server_error_chunks": 2})
    scene.http.put("/_sandbox/faults", json={"fail_reason": "internal"})
    assert get(scene, "faults") == {
        "hold_upload_after_bytes": None,
        "lose_reply": None,
        "refuse": None,
        "fail_reason": "internal",
        "server_error_chunks": 0,
    }


def test_the_truth_about_a_post(scene: Scene) -> None:
    caller, data = scene.caller(), movie()
    publish_id = caller.upload(data, title="hi", privacy_level="PUBLIC_TO_EVERYONE")
    scene.clock.advance(1)
    [post] = get(scene, "posts")["posts"]
    assert (post["publish_id"], post["kind"], post["public_at"]) == (publish_id, "video", None)
    assert (post["media"][0]["size"], post["media"][0]["content_type"]) == (len(data), "video/mp4")
    assert post["share_url"].endswith(f"/@creator1/video/{post['post_id']}")


def test_the_media_and_the_page_of_a_post_can_be_seen(scene: Scene) -> None:
    data = movie()
    scene.caller().upload(data, title="<b>hi</b>")
    scene.clock.advance(1)
    [post] = get(scene, "posts")["posts"]
    page = scene.http.get(post["share_url"]).text
    media = scene.http.get(f"/_sandbox/media/{post['media'][0]['sha256']}")
    assert (media.data, media.mimetype) == (data, "video/mp4")
    assert post["media"][0]["sha256"] in page
    assert "&lt;b&gt;hi" in page
    media.close()


@pytest.mark.parametrize(
    "path", ["/@creator1/video/1", "/_sandbox/media/abc", f"/@a/video/{2**70}", "/nothing"]
)
def test_what_is_not_there_is_404(scene: Scene, path: str) -> None:
    assert scene.http.get(path).status_code == 404


def test_a_publish_task_shows_its_history(scene: Scene) -> None:
    scene.caller().upload(movie(), disable_comment=True)
    scene.clock.advance(1)
    [task] = get(scene, "publishes")["publishes"]
    words = [step["status"] for step in task["history"]]
    assert words == ["PROCESSING_UPLOAD"] * 3 + ["PUBLISH_COMPLETE"]
    assert task["uploaded_bytes"] == task["total_bytes"] == len(movie())
    assert task["post_info"] == {"privacy_level": "SELF_ONLY", "disable_comment": True}


def test_the_log_tells_each_request_without_its_tokens(scene: Scene) -> None:
    caller = scene.caller()
    publish_id = caller.upload(movie())
    caller.post("status/fetch", {"publish_id": "nothing"})
    log = get(scene, "log")["log"]
    assert [(line["method"], line["status"], line["code"], line["publish_id"]) for line in log] == [
        ("POST", 200, "ok", publish_id),
        ("PUT", 201, "ok", publish_id),
        ("POST", 400, "invalid_params", None),
    ]
    assert "upload_token=[hidden]" in log[1]["path"]
    assert len(log[0]["log_id"]) == 34


def test_an_unknown_path_is_refused_in_tiktoks_shape_and_logged(scene: Scene) -> None:
    reply = scene.http.post("/v2/post/publish/nothing/")
    assert reply.status_code == 404
    assert reply.json is not None
    assert reply.json["error"]["code"] == "unsupported_path"
    assert get(scene, "log")["log"][0]["code"] == "unsupported_path"


def test_the_front_page_shows_accounts_posts_and_requests(scene: Scene) -> None:
    caller = scene.caller(nickname="Mia")
    caller.upload(movie(), title="a sunrise")
    scene.clock.advance(1)
    page = scene.http.get("/").text
    assert "@creator1" in page
    assert "a sunrise" in page
    assert "/v2/post/publish/video/init/" in page
    assert caller.account.access_token not in page


def test_a_request_that_the_end_of_the_process_cut_short_is_told(tmp_path: Path) -> None:
    first = Scene(tmp_path)
    first.world.journal.begin("PUT", "/upload?upload_token=secret")
    first.world.close()
    second = Scene(tmp_path)
    second.world.open()
    [line] = second.world.journal.all()
    assert (line["outcome"], line["status"]) == ("broken_off", None)
    second.world.close()


def test_an_init_with_an_upload_gives_a_url_of_this_server(scene: Scene) -> None:
    body = {"post_info": {"privacy_level": "SELF_ONLY"}, "source_info": one_chunk(9)}
    reply = scene.caller().post("video/init", body)
    assert reply.json is not None
    url = reply.json["data"]["upload_url"]
    assert url.startswith("http://localhost/upload?upload_id=7")
    assert len(url) <= 256
