"""Webhooks: their signature, their events, retries for 72 hours, duplicates and reordering by knob."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.sandbox.behaviour import Behaviour
from connector.sandbox.hooks.events import RETRY_FOR, retry_at, signature
from connector.sandbox.lots import lot
from tests.unit.sandbox.sandbox_helpers import Caller, Scene, control, movie
from tests.unit.sandbox.sandbox_login import Developer
from tests.unit.sandbox.sandbox_receiver import HOOK_URL, Receiver, deliver

PUBLIC = "PUBLIC_TO_EVERYONE"
HOUR = 3600


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a world with one creator, mia, whose default app takes webhooks."""
    scene = Scene(tmp_path)
    control(scene, "POST", "accounts", {"username": "mia"}, 201)
    control(scene, "PATCH", "apps/sbdefault", {"webhook_url": HOOK_URL})
    yield scene
    scene.world.close()


@pytest.fixture
def mia(scene: Scene) -> Caller:
    """Give a client of the default app for mia."""
    account = scene.world.accounts.named("mia")
    assert account is not None
    return Caller(scene.http, account)


def behave(scene: Scene, **knobs: object) -> None:
    """Set knobs of the behaviour."""
    scene.world.knobs.set_behaviour(Behaviour.model_validate(knobs))


def send(scene: Scene, event: str = "post.publish.complete", **further: object) -> None:
    """Queue an event made by hand."""
    content = {"publish_id": "v_pub_file~v2-1.1", "publish_type": "DIRECT_PUBLISH"}
    control(scene, "POST", "webhooks", {"event": event, "content": content, **further}, 201)


def test_the_signature_is_that_of_the_vector() -> None:
    body = (
        b'{"client_key":"aw_test","event":"post.publish.complete","create_time":1790000000,'
        b'"user_openid":"-000TEST","content":"{\\"publish_id\\":\\"v_pub_file~v2-1.7600000000000000001\\",'
        b'\\"publish_type\\":\\"DIRECT_PUBLISH\\"}"}'
    )
    assert signature("test_client_secret", body, 1_790_000_001) == (
        "t=1790000001,s=a109fdfdc2a0e6d50a4c48e3f51262fc8998b3a50e6b7b24b17ebeb155fb4e02"
    )


def test_a_public_video_is_told_twice_and_signed(scene: Scene, mia: Caller) -> None:
    receiver = Receiver()
    publish_id = mia.upload(movie(), privacy_level=PUBLIC)
    scene.clock.advance(2)
    deliver(scene, receiver)
    [post] = scene.world.posts.all()
    common = {"publish_id": publish_id, "publish_type": "DIRECT_PUBLISH"}
    assert receiver.events() == [
        ("post.publish.complete", common),
        ("post.publish.publicly_available", {**common, "post_id": str(post.post_id)}),
    ]
    t = scene.clock.now() // 1000
    expected = signature("sbdefault-secret", receiver.bodies[0], t)
    assert receiver.headers[0]["TikTok-Signature"] == expected


def test_an_event_is_dated_when_it_happened_and_names_the_creator(scene: Scene, mia: Caller) -> None:
    receiver = Receiver()
    mia.upload(movie())
    scene.clock.advance(100)
    deliver(scene, receiver)
    body = json.loads(receiver.bodies[0])
    assert body["create_time"] == scene.clock.now() // 1000 - 99
    assert (body["client_key"], body["user_openid"]) == ("sbdefault", mia.account.open_id)


def test_a_private_post_is_never_told_as_public(scene: Scene, mia: Caller) -> None:
    receiver = Receiver()
    mia.upload(movie())
    scene.clock.advance(100)
    deliver(scene, receiver)
    assert receiver.names() == ["complete"]


def test_a_failure_is_told_with_its_reason(scene: Scene, mia: Caller) -> None:
    receiver = Receiver()
    publish_id = mia.upload(b"no video")
    scene.clock.advance(1)
    deliver(scene, receiver)
    content = {"publish_id": publish_id, "reason": "file_format_check_failed"}
    assert receiver.events() == [
        ("post.publish.failed", {**content, "publish_type": "DIRECT_PUBLISH"}),
    ]


def test_a_draft_is_told_on_delivery_and_each_time_it_is_posted(scene: Scene, mia: Caller) -> None:
    receiver = Receiver()
    publish_id = mia.draft(movie())
    scene.clock.advance(1)
    scene.world.settle()
    for level in (PUBLIC, "SELF_ONLY"):
        control(scene, "POST", f"publishes/{publish_id}/post", {"privacy_level": level}, 201)
    scene.clock.advance(1)
    deliver(scene, receiver)
    assert receiver.names() == ["inbox_delivered", "complete", "complete", "publicly_available"]
    assert {content["publish_type"] for _, content in receiver.events()} == {"INBOX_SHARE"}


def test_a_post_that_is_hidden_is_told_with_tiktoks_spelling(scene: Scene, mia: Caller) -> None:
    receiver = Receiver()
    mia.upload(movie(), privacy_level=PUBLIC)
    scene.clock.advance(2)
    scene.world.settle()
    [post] = scene.world.posts.all()
    control(scene, "POST", f"posts/{post.post_id}/hide")
    deliver(scene, receiver)
    assert receiver.events()[-1][0] == "post.publish.no_longer_publicaly_available"


@pytest.mark.parametrize(
    ("spelling", "names"),
    [
        ("documented", {"publicly_available", "no_longer_publicaly_available"}),
        ("corrected", {"publicly_available", "no_longer_publicly_available"}),
        ("old", {"publicaly_available", "no_longer_publicaly_available"}),
    ],
)
def test_the_spelling_of_events_is_a_knob(scene: Scene, mia: Caller, spelling: str, names: set[str]) -> None:
    behave(scene, event_names=spelling, direct_publish_type="DIRECT_POST")
    receiver = Receiver()
    mia.upload(movie(), privacy_level=PUBLIC)
    scene.clock.advance(2)
    scene.world.settle()
    scene.world.lifecycle.hide(scene.world.posts.all()[0])
    deliver(scene, receiver)
    assert names <= set(receiver.names())
    assert receiver.events()[0][1]["publish_type"] == "DIRECT_POST"


@pytest.mark.parametrize("reason", range(6))
def test_removing_the_app_is_told_and_fails_what_is_under_way(scene: Scene, mia: Caller, reason: int) -> None:
    receiver = Receiver()
    publish_id = mia.upload(movie())
    control(scene, "DELETE", f"grants/sbdefault/mia?reason={reason}", status=204)
    deliver(scene, receiver)
    assert receiver.events()[0] == ("authorization.removed", {"reason": reason})
    assert receiver.events()[1][1]["reason"] == "auth_removed"
    task = scene.world.tasks.get(publish_id)
    assert (task.stage, task.fail_reason) == ("failed", "auth_removed")


def test_revoking_by_the_app_is_reason_five(scene: Scene) -> None:
    receiver = Receiver()
    developer = Developer(scene, webhook_url=HOOK_URL)
    answer = developer.connect("mia")
    developer.revoke(answer["access_token"])
    deliver(scene, receiver)
    assert receiver.events() == [("authorization.removed", {"reason": 5})]
    assert json.loads(receiver.bodies[0])["user_openid"] == answer["open_id"]


def test_an_app_hears_only_of_its_own_posts(scene: Scene, mia: Caller) -> None:
    Developer(scene, webhook_url=HOOK_URL).connect("mia")
    receiver = Receiver()
    mia.upload(movie())
    scene.clock.advance(1)
    deliver(scene, receiver)
    assert [json.loads(body)["client_key"] for body in receiver.bodies] == ["sbdefault"]


@pytest.mark.parametrize("failure", [500, 201, 302, 0])
def test_anything_but_200_is_tried_again_later_each_time(scene: Scene, failure: int) -> None:
    receiver = Receiver([failure, failure, 200])
    send(scene)
    assert deliver(scene, receiver) == 1
    assert deliver(scene, receiver) == 0
    scene.clock.advance(5)
    assert deliver(scene, receiver) == 1
    scene.clock.advance(9)
    assert deliver(scene, receiver) == 0
    scene.clock.advance(1)
    assert deliver(scene, receiver) == 1
    [item] = control(scene, "GET", "webhooks")["webhooks"]
    assert item["state"] == "delivered"
    assert [one["status"] for one in item["tries"]] == [failure or None, failure or None, 200]


def test_after_72_hours_an_event_is_dropped(scene: Scene) -> None:
    receiver = Receiver([503])
    send(scene)
    for _ in range(40):
        deliver(scene, receiver)
        scene.clock.advance(2 * HOUR)
    [item] = control(scene, "GET", "webhooks")["webhooks"]
    assert (item["state"], item["next_at"]) == ("dropped", None)
    assert len(receiver.bodies) == len(item["tries"]) == 16


def test_the_wait_doubles_until_72_hours_are_over() -> None:
    waits = [retry_at(0, 0, tries, 5.0) for tries in range(1, 5)]
    assert waits == [5_000, 10_000, 20_000, 40_000]
    assert retry_at(0, RETRY_FOR - 5_001, 1, 5.0) == RETRY_FOR - 1
    assert retry_at(0, RETRY_FOR - 5_000, 1, 5.0) is None
    assert retry_at(0, 0, 10_000, 5.0) is None


@pytest.mark.parametrize(("same", "moves"), [(False, 5), (True, 0)])
def test_whether_a_retry_is_signed_anew_is_a_knob(scene: Scene, same: bool, moves: int) -> None:
    behave(scene, webhook_same_t=same)
    receiver = Receiver([500, 200])
    send(scene)
    deliver(scene, receiver)
    scene.clock.advance(5)
    deliver(scene, receiver)
    first, second = (int(headers["TikTok-Signature"][2:12]) for headers in receiver.headers)
    assert second - first == moves


def test_duplicates_are_equal_to_the_byte(scene: Scene, mia: Caller) -> None:
    behave(scene, webhook_duplicates=2)
    receiver = Receiver()
    mia.upload(movie())
    scene.clock.advance(1)
    deliver(scene, receiver)
    assert len(receiver.bodies) == 3
    assert len(set(receiver.bodies)) == 1


def test_events_are_reordered_by_the_seed_alone(tmp_path: Path) -> None:
    orders = []
    for run in range(2):
        scene = Scene(tmp_path / str(run))
        control(scene, "PATCH", "apps/sbdefault", {"webhook_url": HOOK_URL})
        behave(scene, webhook_shuffle_ms=10_000, seed=7)
        for number in range(20):
            send(scene, user_openid=str(number))
        scene.clock.advance(10)
        receiver = Receiver()
        deliver(scene, receiver)
        orders.append([json.loads(body)["user_openid"] for body in receiver.bodies])
        scene.world.close()
    assert orders[0] == orders[1]
    assert sorted(orders[0], key=int) == [str(number) for number in range(20)] != orders[0]


def test_a_delay_holds_an_event_back(scene: Scene) -> None:
    behave(scene, webhook_delay_ms=1000)
    receiver = Receiver()
    send(scene)
    assert deliver(scene, receiver) == 0
    scene.clock.advance(1)
    assert deliver(scene, receiver) == 1


def test_a_forged_and_stale_event_can_be_made_by_hand(scene: Scene) -> None:
    receiver = Receiver()
    send(scene, secret="wrong", skew_s=-3600, create_time=1_700_000_000, username="mia", times=2)
    deliver(scene, receiver)
    t = scene.clock.now() // 1000 - 3600
    assert receiver.headers[1]["TikTok-Signature"] == signature("wrong", receiver.bodies[1], t)
    body = json.loads(receiver.bodies[0])
    assert body["create_time"] == 1_700_000_000
    assert body["user_openid"].startswith("-000")


def test_a_delivery_can_be_made_again(scene: Scene) -> None:
    receiver = Receiver()
    send(scene)
    deliver(scene, receiver)
    control(scene, "POST", "webhooks/1/again")
    deliver(scene, receiver)
    assert len(receiver.bodies) == 2
    control(scene, "POST", "webhooks/99/again", status=404)


def test_an_app_without_a_callback_url_is_sent_nothing(scene: Scene) -> None:
    app = control(scene, "POST", "apps", {"name": "quiet"}, 201)
    body = {"client_key": app["client_key"], "event": "post.publish.complete"}
    control(scene, "POST", "webhooks", body, 400)
    assert control(scene, "GET", "webhooks")["webhooks"] == []


def test_lots_are_drawn_evenly_and_by_the_seed() -> None:
    drawn = [lot(1, "x", number) for number in range(1000)]
    assert drawn == [lot(1, "x", number) for number in range(1000)]
    assert drawn != [lot(2, "x", number) for number in range(1000)]
    assert all(0 <= one < 1 for one in drawn)
    assert 400 < sum(one < 0.5 for one in drawn) < 600


@pytest.mark.parametrize(("share", "told"), [(0.0, 20), (0.5, 11), (1.0, 0)])
def test_a_share_of_the_events_is_never_told_by_the_seed(scene: Scene, share: float, told: int) -> None:
    behave(scene, webhook_lost=share, webhook_duplicates=1, seed=3)
    for number in range(20):
        scene.world.hooks.tell("sbdefault", "post.publish.complete", str(number), {}, 0)
    receiver = Receiver()
    deliver(scene, receiver)
    whom = [json.loads(body)["user_openid"] for body in receiver.bodies]
    assert len(whom) == 2 * told
    assert all(whom.count(one) == 2 for one in whom)
