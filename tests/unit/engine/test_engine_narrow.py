"""An operation described for an account: what TikTok says of it, or why it says nothing."""

from dataclasses import replace
from typing import Any

import pytest

from connector.engine.model import Principal
from connector.engine.narrow import describe_for
from connector.kernel.errors import PostrailError
from tests.fakes.scripted import CREATOR, Scene, refusal

pytest_plugins = ("tests.engine_scene",)


def principal(scene: Scene) -> Principal:
    """Return a caller of the stage's workspace."""
    workspace = scene.stage.access.first_workspace()
    assert workspace is not None
    return Principal(workspace_id=workspace, key_id="key_1")


def open_id(scene: Scene) -> str:
    """Return the open_id of the stage's account."""
    return scene.stage.access.accounts(principal(scene).workspace_id)[0].open_id


def described(scene: Scene) -> dict[str, Any]:
    """Describe a video post for the stage's account."""
    return describe_for(scene.context, principal(scene), "post_video", open_id(scene))


def test_the_schema_has_the_choices_that_the_account_has_now(scene: Scene) -> None:
    scene.tiktok.creators = [replace(CREATOR, privacy_level_options=("SELF_ONLY",), duet_disabled=True)]
    properties = described(scene)["operation"]["inputSchema"]["properties"]
    assert properties["privacy"]["enum"] == ["SELF_ONLY"]
    assert properties["disable_duet"]["enum"] == [True]
    assert "enum" not in properties["disable_comment"]


def test_the_account_is_named(scene: Scene) -> None:
    assert described(scene)["account"]["open_id"] == open_id(scene)


@pytest.mark.parametrize(
    ("outcome", "code"), [("refused", "access_token_invalid"), ("retry", "tiktok_unreachable")]
)
def test_where_tiktok_says_nothing_the_reason_is_told(scene: Scene, outcome: str, code: str) -> None:
    scene.tiktok.creators = [refusal("access_token_invalid", outcome, name="creator_info/query")]
    with pytest.raises(PostrailError) as caught:
        described(scene)
    assert caught.value.code == code
    assert caught.value.tiktok_log_id == "log-9"


def test_an_unknown_account_is_refused_before_tiktok_is_asked(scene: Scene) -> None:
    with pytest.raises(PostrailError) as caught:
        describe_for(scene.context, principal(scene), "post_video", "@nobody")
    assert caught.value.code == "account_not_found"
    assert scene.tiktok.calls == []
