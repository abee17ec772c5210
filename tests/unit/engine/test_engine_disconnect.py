"""Taking an account off: each app of it once, with what was told to TikTok."""

import pytest

from connector.engine.accounts import resolve_account
from connector.engine.disconnect import Parted, disconnect
from connector.engine.model import Principal
from tests.fakes.scripted import Scene

pytest_plugins = ("tests.engine_scene",)

ANYONE = Principal(workspace_id="w", key_id="k")


def parted(scene: Scene, account: str = "a") -> list[Parted]:
    """Take an account off."""
    return disconnect(scene.context, resolve_account(scene.stage.access, ANYONE, account))


def test_a_live_account_is_revoked_at_tiktok(scene: Scene) -> None:
    (one,) = parted(scene)
    assert (one.had_ended, one.trouble) == (False, None)
    assert parted(scene) == []


def test_an_account_whose_consent_has_ended_is_taken_off_without_asking_tiktok(scene: Scene) -> None:
    scene.stage.grants.end("grant-a", "reconnect", "invalid_grant")
    sent = len(scene.login.sent)
    (one,) = parted(scene)
    assert (one.had_ended, one.trouble, len(scene.login.sent)) == (True, None, sent)
    assert resolve_account(scene.stage.access, ANYONE, "a").disconnected
    assert parted(scene) == []


@pytest.mark.parametrize("state", ["reconnect", "live"])
def test_the_other_account_is_then_the_one_that_is_meant(scene: Scene, state: str) -> None:
    if state == "reconnect":
        scene.stage.grants.end("grant-a", "reconnect", "invalid_grant")
    parted(scene)
    assert resolve_account(scene.stage.access, ANYONE, None).id == "b"
