"""A replay under an idempotency key: the receipt of the acceptance, and the post as it stands now."""

from collections.abc import Iterator

import pytest

from connector.contract import Rows
from connector.engine.ask import Ask
from connector.engine.fetch import fetch
from connector.engine.model import Principal
from connector.engine.perform import Told, perform
from connector.engine.wait import WaitRoom
from connector.kernel.clock import SystemClock
from tests.fakes.scripted import Scene

pytest_plugins = ("tests.engine_scene",)

ME = Principal(workspace_id="w", key_id="k", scopes=frozenset({"posts:read", "posts:write"}))
ROWS = {"source_url": "https://m.example/v.mp4", "privacy": "private", "account": "a", "privcy": "x"}


@pytest.fixture
def room(scene: Scene) -> Iterator[WaitRoom]:
    """Give a room in which one may wait."""
    room = WaitRoom(scene.stage.ledger, SystemClock(), capacity=1)
    yield room
    room.close()


def publish(scene: Scene, room: WaitRoom) -> Told:
    """Post a video under a key."""
    contract = scene.context.contract
    operation = contract.operation("post_video")
    understood = contract.understand("post_video", Rows.of(ROWS))
    ask = Ask(principal=ME, operation=operation, understood=understood, key="key")
    return perform(scene.context, room, ask)


def test_a_replay_has_the_warnings_of_the_acceptance_and_the_state_of_now(
    scene: Scene, room: WaitRoom
) -> None:
    first = publish(scene, room)
    scene.media.sides = (1080, 1080)
    fetch(scene.context, scene.stage.claim())
    post = scene.stage.ledger.post("w", str(first.body["post_id"]))
    assert post is not None
    assert "1080 x 1080" in str(post.receipt["warnings"])
    again = publish(scene, room)
    assert again.replayed
    for member in ("coerced", "ignored", "warnings"):
        assert again.body[member] == first.body[member]
    assert first.body["ignored"]
    assert (first.body["status"], again.body["status"]) == ("queued", "fetching")
