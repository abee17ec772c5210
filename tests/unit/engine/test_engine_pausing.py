"""Lifting a pause of many posts: within bounds, once, and past what is wrong with one of them."""

from collections.abc import Mapping

import pytest

from connector.domain.lifecycle import State
from connector.engine.budget import INIT
from connector.engine.deciding import deed_of
from connector.engine.model import Change, Post, Principal
from connector.engine.model_incident import Slot
from connector.engine.pausing import REST, begin_pause, let_go, lift_pause
from connector.kernel.errors import PostrailError
from tests.fakes.scripted import Scene

pytest_plugins = ("tests.engine_scene",)

KEY = Principal(workspace_id="w", key_id="key_1", name="n8n", scopes=frozenset({"posts:read", "posts:write"}))
WORKSPACE = {"scope": "workspace"}
URL = "https://m.example/v.mp4"


def parked(scene: Scene, many: int, account_id: str = "a") -> list[Post]:
    """Pause the workspace and park posts that were about to be sent."""
    begin_pause(scene.context, KEY, WORKSPACE)
    ledger, posts = scene.stage.ledger, []
    for number in range(many):
        given = {"source_url": URL, "title": f"{account_id}{number}"}
        post = scene.accept_video(input=given, input_hash=f"{account_id}{number:063x}", account_id=account_id)
        claim = ledger.take(post.id, "me", ttl_ms=10_000)
        assert claim is not None
        ledger.save(claim.lease, Change(state=State.FETCHING))
        item = scene.media.take_in(URL, "video", field_path="source_url")
        ledger.save(claim.lease, Change(media=(item,)))
        ledger.park(claim.lease)
        posts.append(post)
    return posts


def end_pause(scene: Scene) -> None:
    """Lift the pause, and leave what it kept to others."""
    scope = scene.stage.ledger.pauses("w")[0].scope
    scene.stage.ledger.end_pause(scope, deed_of(KEY, "resume", "workspace w"))


def waits(scene: Scene, posts: list[Post]) -> list[int]:
    """Return in how many milliseconds each post is due; -1 for one that is parked."""
    now = scene.stage.clock.now()
    due = [scene.now(post).next_at for post in posts]
    return [-1 if at is None else max(0, at - now) for at in due]


def test_whoever_lifts_a_pause_waits_a_while_and_is_told_that_others_go_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.engine.pausing.AT_ONCE", 1)
    posts = parked(scene, 3)
    unpark = scene.stage.ledger.unpark

    def slowly(slots: Mapping[str, Slot | None]) -> int:
        scene.stage.clock.advance(60_000)
        return unpark(slots)

    scene.stage.ledger.unpark = slowly  # type: ignore[method-assign] # takes its time
    body, said = lift_pause(scene.context, KEY, WORKSPACE)
    assert (body["changed"], body["released"], said) == (True, 1, [REST])
    assert [wait >= 0 for wait in waits(scene, posts)] == [True, False, False]
    assert let_go(scene.context) == 2
    assert lift_pause(scene.context, KEY, WORKSPACE)[1] == []


def test_a_process_that_drains_leaves_the_rest_to_others(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.engine.pausing.AT_ONCE", 1)
    parked(scene, 2)
    end_pause(scene)
    scene.draining = True
    assert let_go(scene.context) == 1


def test_two_who_let_the_same_posts_go_take_each_slot_once(scene: Scene) -> None:
    posts = parked(scene, 5)
    end_pause(scene)
    ledger = scene.stage.ledger
    unpark, others = ledger.unpark, []

    def second(slots: Mapping[str, Slot | None]) -> int:
        ledger.unpark = unpark  # type: ignore[method-assign] # once is enough
        others.append(let_go(scene.context))
        return unpark(slots)

    ledger.unpark = second  # type: ignore[method-assign] # another is quicker
    assert let_go(scene.context) == 0
    assert others == [5]
    assert waits(scene, posts) == [0] * INIT.burst + [INIT.gap_ms * (n + 1) for n in range(5 - INIT.burst)]


def test_an_account_that_cannot_be_read_keeps_no_other_post(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = parked(scene, 1, "a"), parked(scene, 1, "b")
    account = scene.stage.access.account

    def unreadable(account_id: str, app_id: str | None = None) -> object:
        if account_id == "a":
            raise PostrailError("not_ready", "its tokens cannot be opened")
        return account(account_id, app_id)

    monkeypatch.setattr(scene.stage.access, "account", unreadable)
    body, said = lift_pause(scene.context, KEY, WORKSPACE)
    assert (body["released"], said) == (2, [])
    assert waits(scene, broken + whole) == [0, 0]
