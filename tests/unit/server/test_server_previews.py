"""Previews are made a few at a time: who comes beyond is told when to come again."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from flask.testing import FlaskClient

from connector.engine.access import issue_key
from connector.engine.intake import Received, take_in
from connector.engine.model import MediaItem, Principal
from connector.engine.wait import WaitRoom
from connector.kernel.ids import SystemIds
from connector.server.app import build_app
from connector.server.previews import AT_ONCE
from connector.server.site import Site
from tests.fakes.hooks import MailRoom
from tests.fakes.scripted import PretendFile, PretendMedia, Scene

pytest_plugins = ("tests.databases", "tests.engine_scene")


@dataclass
class SlowMedia(PretendMedia):
    """Makes no preview before it is let; `begun` is released once for each."""

    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    let: threading.Event = field(default_factory=threading.Event)

    def preview(self, item: MediaItem, *, side: int, at_ms: int = 0) -> bytes:
        """Wait, then return bytes that tell what was asked for."""
        self.begun.release()
        assert self.let.wait(30)
        return super().preview(item, side=side, at_ms=at_ms)


@pytest.fixture
def slow(scene: Scene) -> SlowMedia:
    """The scene's media, slow."""
    scene.media = slow = SlowMedia()
    return slow


@pytest.fixture
def asked(scene: Scene, slow: SlowMedia) -> Iterator[tuple[FlaskClient, str, dict[str, str]]]:
    """Somebody with a key, and the path of a preview."""
    del slow
    context = scene.context
    _, secret = issue_key(
        context.access, SystemIds(context.clock), context.clock, workspace_id="w", name="me"
    )
    me = Principal(workspace_id="w", key_id="k", scopes=frozenset({"posts:write"}))
    received = Received(field="file", label="a.jpg", file=PretendFile(bytearray(b"photo")))
    told = take_in(context, me, [received], album=None)
    room = WaitRoom(scene.stage.ledger, context.clock, capacity=0)
    site = Site(context=context, room=room, hold_s=0, pause=lambda _: None, hooks=MailRoom(scene).desk)
    client = build_app(site, max_body_bytes=1_000_000).test_client()
    yield client, f"/v1/media/{told['media_id']}/preview", {"Authorization": f"Bearer {secret}"}
    room.close()


def test_beyond_those_that_are_being_made_one_is_told_to_come_again(
    asked: tuple[FlaskClient, str, dict[str, str]], slow: SlowMedia
) -> None:
    client, path, headers = asked
    app = client.application

    def ask() -> int:
        return app.test_client().get(path, headers=headers).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = [pool.submit(ask) for _ in range(AT_ONCE)]
        for _ in range(AT_ONCE):
            assert slow.begun.acquire(timeout=30)
        refused = client.get(path, headers=headers)
        slow.let.set()
        assert [one.result(30) for one in waiting] == [200] * AT_ONCE
    assert refused.status_code == 503
    assert refused.json is not None
    assert refused.json["error"] == "too_many_previews"
    assert int(refused.headers["Retry-After"]) > 0
    assert client.get(path, headers=headers).status_code == 200


def test_a_preview_that_fails_gives_its_place_back(
    asked: tuple[FlaskClient, str, dict[str, str]], slow: SlowMedia
) -> None:
    client, path, headers = asked
    slow.let.set()
    for _ in range(AT_ONCE + 1):
        assert client.get(f"{path}?side=64", headers=headers).data.endswith(b" 64 0")
