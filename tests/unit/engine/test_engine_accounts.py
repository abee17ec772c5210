"""Which account a request means."""

import pytest

from connector.engine.accounts import resolve_account
from connector.engine.model import Principal
from connector.kernel.errors import PostrailError
from tests.fakes.scripted import Scene
from tests.ledgers import new_grant

pytest_plugins = ("tests.engine_scene",)

ANYONE = Principal(workspace_id="w", key_id="k")


def meant(scene: Scene, ref: str | None) -> str:
    """Return the id of the account that is meant."""
    return resolve_account(scene.stage.access, ANYONE, ref).id


def test_an_account_is_meant_by_our_id_its_open_id_or_its_handle(scene: Scene) -> None:
    assert {meant(scene, ref) for ref in ("a", "open-a", "@user_a", "USER_A")} == {"a"}


def test_a_handle_means_the_account_that_has_it_now(scene: Scene) -> None:
    scene.stage.grants.connect(new_grant("c", username="user_a"))
    assert meant(scene, "@user_a") == "a"
    scene.stage.grants.end("grant-a", "reconnect", "invalid_grant")
    assert meant(scene, "@user_a") == "c"
    assert meant(scene, "open-a") == "a"


def test_a_handle_whose_accounts_are_all_gone_means_the_first(scene: Scene) -> None:
    scene.stage.grants.end("grant-a", "reconnect", "invalid_grant")
    assert meant(scene, "@user_a") == "a"


def test_nobody_is_guessed_where_there_are_several(scene: Scene) -> None:
    with pytest.raises(PostrailError, match="Say which"):
        meant(scene, None)
