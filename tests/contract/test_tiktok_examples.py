"""Every JSON example of TikTok's wire goes through the client and through the sandbox, and fits its schema.

`data/tiktok_examples.json` holds the examples, each by the section of the reference that gives it.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from jsonschema import Draft202012Validator

from connector.contract import load_contract
from connector.domain.chunks import ChunkPlan
from connector.domain.net import origin_of
from connector.engine.model import Account
from connector.engine.ports import TikTokError
from connector.engine.ports_tiktok import AppKeys, EventKind, LoginError
from connector.kernel.clock import SystemClock
from connector.net import Egress
from connector.sandbox.states import Dial
from connector.tiktok import signature
from connector.tiktok.client import TikTokClient
from connector.tiktok.login import LoginClient
from tests.contract.tiktok_canned import Canned, canned_server
from tests.tiktok_posts import post
from tests.unit.sandbox.sandbox_helpers import Scene, movie
from tests.unit.sandbox.sandbox_login import VERIFIER, Developer

CLOCK = SystemClock()
DATA: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "tiktok_examples.json").read_bytes())
EXAMPLES: dict[str, dict[str, Any]] = DATA["examples"]
ACCOUNT = Account(id="a", workspace_id="w", open_id="-000abc", username="mia", access_token="act.x1")
APP = AppKeys(client_key="aw1", client_secret="s3cret")
PLAN = ChunkPlan(total=50_000_123, size=10_000_000, count=5)
VIDEO = {
    "title": "hi #cat",
    "privacy": "SELF_ONLY",
    "disable_duet": True,
    "disable_comment": False,
    "disable_stitch": True,
    "video_cover_timestamp_ms": 1000,
    "is_aigc": False,
}
PHOTO = {
    "title": "t",
    "description": "d #x",
    "privacy": "SELF_ONLY",
    "disable_comment": True,
    "auto_add_music": True,
    "photo_cover_index": 0,
    "is_aigc": False,
}
PHOTO_URLS = ["https://media.example.com/a.jpg"]


def value(name: str) -> dict[str, Any]:
    """Return an example."""
    found: dict[str, Any] = EXAMPLES[name]["value"]
    return found


def data(name: str) -> dict[str, Any]:
    """Return the `data` of an example."""
    found: dict[str, Any] = value(name)["data"]
    return found


def fits(shape: str, document: object) -> None:
    """Hold a document to one of TikTok's shapes."""
    Draft202012Validator(load_contract().schema(f"tiktok/{shape}")).validate(document)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_fits_its_schema(name: str) -> None:
    fits(EXAMPLES[name]["shape"], value(name))


def test_no_shape_is_without_an_example_but_those_that_are_forms() -> None:
    shapes = {path.stem for path in (Path(__file__).parents[2] / "schemas" / "tiktok").glob("*.json")}
    forms = {"authorize_request", "authorize_callback", "oauth_token_request", "oauth_revoke_request"}
    same = {"video_query_response", "webhook_content"}
    assert shapes - {example["shape"] for example in EXAMPLES.values()} == forms | same


@pytest.fixture(scope="module")
def server() -> Iterator[Canned]:
    """Run one canned server for this module."""
    with canned_server() as canned:
        yield canned


@pytest.fixture
def canned(server: Canned) -> Canned:
    """Give the canned server as new."""
    server.asked.clear()
    return server


def client_of(canned: Canned) -> TikTokClient:
    """Return a client of the canned server."""
    return TikTokClient(Egress(trusted=frozenset({origin_of(canned.url)}), clock=CLOCK), canned.url, CLOCK)


def login_of(canned: Canned) -> LoginClient:
    """Return a login client of the canned server."""
    egress = Egress(trusted=frozenset({origin_of(canned.url)}), clock=CLOCK)
    return LoginClient(egress, canned.url, "https://www.tiktok.com", CLOCK)


REQUESTS: dict[str, tuple[str, str, Callable[[TikTokClient], object]]] = {
    "video init": (
        "/v2/post/publish/video/init/",
        "envelope",
        lambda tiktok: tiktok.init_video(ACCOUNT, post("video", VIDEO), plan=PLAN, video_url=None),
    ),
    "inbox init": (
        "/v2/post/publish/inbox/video/init/",
        "envelope",
        lambda tiktok: tiktok.init_video(ACCOUNT, post("video", VIDEO, "inbox"), plan=PLAN, video_url=None),
    ),
    "photo init": (
        "/v2/post/publish/content/init/",
        "photo task",
        lambda tiktok: tiktok.init_photo(ACCOUNT, post("photo", PHOTO), photo_urls=PHOTO_URLS),
    ),
    "status": (
        "/v2/post/publish/status/fetch/",
        "complete",
        lambda tiktok: tiktok.status(ACCOUNT, value("status")["publish_id"]),
    ),
    "cancel": (
        "/v2/post/publish/cancel/",
        "cancelled",
        lambda tiktok: tiktok.cancel(ACCOUNT, value("cancel")["publish_id"]),
    ),
    "list of videos": (
        "/v2/video/list/",
        "videos",
        lambda tiktok: tiktok.video_list(ACCOUNT, before=1_790_000_000_000, limit=10),
    ),
    "query of videos": (
        "/v2/video/query/",
        "videos",
        lambda tiktok: tiktok.video_query(ACCOUNT, ["7077642457847991554"]),
    ),
}
"""By request: its path, the answer to it, and the call that sends it."""


@pytest.mark.parametrize("name", REQUESTS)
def test_the_client_sends_the_request_of_the_example(canned: Canned, name: str) -> None:
    path, answer, act = REQUESTS[name]
    canned.lay(200, json.dumps(value(answer)).encode())
    act(client_of(canned))
    (asked,) = canned.asked
    assert asked.path.partition("?")[0] == path
    assert json.loads(asked.body) == value(name)


def test_the_client_reads_the_creator(canned: Canned) -> None:
    canned.lay(200, json.dumps(value("creator")).encode())
    info, told = client_of(canned).creator_info(ACCOUNT), data("creator")
    assert (info.username, info.nickname, info.avatar_url) == ("mia", "Mia", told["creator_avatar_url"])
    assert list(info.privacy_level_options) == told["privacy_level_options"]
    assert (info.comment_disabled, info.duet_disabled, info.stitch_disabled) == (False, False, True)
    assert (info.max_video_post_duration_sec, info.call.log_id) == (300, value("creator")["error"]["log_id"])


def test_the_client_reads_the_publish_ids(canned: Canned) -> None:
    for name, answer in (("video init", "envelope"), ("photo init", "photo task")):
        canned.lay(200, json.dumps(value(answer)).encode())
        opened: Any = REQUESTS[name][2](client_of(canned))
        assert opened.publish_id == data(answer)["publish_id"]


def test_the_client_reads_both_statuses_without_losing_a_digit(canned: Canned) -> None:
    canned.lay(200, json.dumps(value("complete")).encode())
    complete = client_of(canned).status(ACCOUNT, "v_pub_file~v2-1.76")
    assert (complete.status, complete.fail_reason) == ("PUBLISH_COMPLETE", None)
    assert complete.public_ids == ("7602997517160123666",)
    assert complete.raw == {**data("complete"), "publicaly_available_post_id": ["7602997517160123666"]}
    canned.lay(200, json.dumps(value("failed")).encode())
    failed = client_of(canned).status(ACCOUNT, "v_pub_file~v2-1.76")
    assert (failed.status, failed.fail_reason) == ("FAILED", "picture_size_check_failed")
    assert (failed.public_ids, failed.raw) == ((), data("failed"))


def test_the_client_reads_the_videos_and_the_user(canned: Canned) -> None:
    canned.lay(200, json.dumps(value("videos")).encode())
    page = client_of(canned).video_list(ACCOUNT)
    (video,), (told,) = page.videos, data("videos")["videos"]
    assert (video.id, video.title, video.created_at) == (told["id"], "cat", told["create_time"] * 1000)
    counts = (video.view_count, video.like_count, video.comment_count, video.share_count)
    assert (counts, page.next_before) == ((1200, 40, 3, 1), None)
    canned.lay(200, json.dumps(value("user")).encode())
    user = client_of(canned).user_info(ACCOUNT, frozenset())
    assert (user.open_id, user.union_id, user.display_name) == ("-000abc", "u-1", "Mia")
    assert user.avatar_url == data("user")["user"]["avatar_url"]


def test_the_client_reads_both_tokens(canned: Canned) -> None:
    canned.lay(200, json.dumps(value("tokens")).encode())
    pair = login_of(canned).exchange(APP, "c*d!e", "https://a.example/cb")
    assert (pair.access_token, pair.refresh_token, pair.open_id) == ("act.x1", "rft.y1", "-000abc")
    assert (pair.expires_in_s, pair.refresh_expires_in_s) == (86_400, 31_536_000)
    assert pair.scopes == frozenset({"user.info.basic", "video.publish"})
    canned.lay(200, json.dumps(value("client token")).encode())
    token = login_of(canned).client_token(APP)
    assert (token.access_token, token.expires_in_s) == ("clt.x1", 7200)


def test_the_client_reads_both_forms_of_an_error(canned: Canned) -> None:
    canned.lay(401, json.dumps(value("envelope of an error")).encode())
    with pytest.raises(TikTokError) as refused:
        client_of(canned).creator_info(ACCOUNT)
    told = value("envelope of an error")["error"]
    assert (refused.value.code, refused.value.message) == (told["code"], told["message"])
    assert refused.value.call.log_id == told["log_id"]
    canned.lay(200, json.dumps(value("OAuth error")).encode())
    with pytest.raises(LoginError) as not_exchanged:
        login_of(canned).exchange(APP, "c*d!e", "https://a.example/cb")
    assert not_exchanged.value.call.code == "invalid_request"
    assert not_exchanged.value.message == value("OAuth error")["error_description"]


def test_the_client_reads_the_webhooks() -> None:
    public = signature.read_event(json.dumps(value("webhook")).encode())
    assert (public.kind, public.created_at) == (EventKind.PUBLICLY_AVAILABLE, 1_770_210_873_000)
    assert (public.post_id, public.publish_id) == (
        "7602997517160123666",
        "v_pub_file~v2-1.7602997070760331285",
    )
    for name in ("webhook", "signed webhook"):
        told = value(name)
        fits("webhook_content", {"event": told["event"], "content": json.loads(told["content"])})
    raw = json.dumps(value("signed webhook"), separators=(",", ":")).encode()
    mac = "a109fdfdc2a0e6d50a4c48e3f51262fc8998b3a50e6b7b24b17ebeb155fb4e02"
    header, now = f"t=1790000001,s={mac}", 1_790_000_001_000
    assert signature.verify(header, raw, "test_client_secret", now_ms=now, tolerance_s=300) == "genuine"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a sandbox of a fresh world."""
    built = Scene(tmp_path)
    yield built
    built.world.close()


def told_as(name: str, answer: object) -> None:
    """Hold an answer of the sandbox to an example: the same shape, and no member of the example missing."""
    fits(EXAMPLES[name]["shape"], answer)
    assert isinstance(answer, dict)
    found, wanted = answer.get("data"), value(name).get("data")
    assert (found is None) == (wanted is None)
    if wanted is not None:
        assert set(wanted) <= set(found or ())
    assert set(answer["error"]) == {"code", "message", "log_id"}


@pytest.mark.parametrize(
    ("endpoint", "request_name", "answer"),
    [
        ("video/init", "video init", "envelope"),
        ("inbox/video/init", "inbox init", "envelope"),
        ("content/init", "photo init", "photo task"),
    ],
)
def test_the_sandbox_takes_the_init_of_the_example(
    scene: Scene, endpoint: str, request_name: str, answer: str
) -> None:
    reply = scene.caller().post(endpoint, value(request_name))
    assert reply.status_code == 200
    told_as(answer, reply.json)


def test_the_sandbox_tells_the_creator_of_the_example(scene: Scene) -> None:
    caller = scene.caller(nickname="Mia", stitch_disabled=True)
    reply = caller.post("creator_info/query")
    told_as("creator", reply.json)
    assert reply.json is not None
    own = {"creator_username": caller.account.username}
    avatar = {"creator_avatar_url": reply.json["data"]["creator_avatar_url"]}
    assert reply.json["data"] == {**data("creator"), **own, **avatar}


def test_the_sandbox_tells_both_statuses_of_the_example(scene: Scene) -> None:
    caller = scene.caller()
    scene.world.knobs.set_dial(Dial(mode="immediate"))
    complete = caller.upload(movie(), privacy_level="PUBLIC_TO_EVERYONE")
    failed = caller.upload(movie(width=100, height=100))
    for publish_id, name in ((complete, "complete"), (failed, "failed")):
        body = {**value("status"), "publish_id": publish_id}
        reply = caller.post("status/fetch", body)
        told_as(name, reply.json)
        assert reply.json is not None
        assert reply.json["data"]["status"] == data(name)["status"]
        assert reply.json["data"].get("fail_reason") == data(name).get("fail_reason")
        assert len(reply.json["data"]["publicaly_available_post_id"]) == len(
            data(name)["publicaly_available_post_id"]
        )


def test_the_sandbox_cancels_and_lists_and_shows_as_in_the_examples(scene: Scene) -> None:
    caller = scene.caller()
    pulled = caller.post("content/init", value("photo init"))
    assert pulled.json is not None
    scene.world.knobs.set_dial(Dial(mode="immediate"))
    caller.upload(movie(), privacy_level="PUBLIC_TO_EVERYONE", title="cat")
    scene.clock.ms = 1_790_000_000_000
    told_as("user", caller.user_info("open_id,union_id,display_name,avatar_url").json)
    fields = ",".join(data("videos")["videos"][0])
    listed = caller.video_list({"max_count": value("list of videos")["max_count"]}, fields)
    told_as("videos", listed.json)
    assert listed.json is not None
    (video,) = listed.json["data"]["videos"]
    assert set(video) == set(data("videos")["videos"][0])
    assert caller.video_query(*value("query of videos")["filters"]["video_ids"]).status_code == 200


def test_the_sandbox_gives_the_tokens_and_errors_of_the_examples(scene: Scene) -> None:
    scene.caller()
    developer = Developer(scene, kind="desktop")
    username = scene.world.accounts.all()[0].username
    pair = developer.connect(username, "user.info.basic", "video.publish")
    assert set(pair) == set(value("tokens"))
    for name in ("expires_in", "refresh_expires_in", "scope", "token_type"):
        assert pair[name] == value("tokens")[name]
    form = {**developer.client, "grant_type": "client_credentials"}
    token = developer.token(form).json
    assert token is not None
    assert {**token, "access_token": "clt.x1"} == value("client token")
    code = developer.approve(username)["code"]
    wrong = developer.exchange(code, redirect_uri="http://127.0.0.1:9/other/").json
    assert wrong is not None
    assert set(wrong) == set(value("OAuth error"))
    assert (wrong["error"], wrong["error_description"]) == (
        value("OAuth error")["error"],
        value("OAuth error")["error_description"],
    )
    assert VERIFIER not in urlencode(wrong)
    caller = scene.caller()
    caller.headers = {"Authorization": "Bearer act.nobody"}
    refused = caller.post("creator_info/query").json
    assert refused is not None
    assert {**refused["error"], "log_id": ""} == {**value("envelope of an error")["error"], "log_id": ""}
