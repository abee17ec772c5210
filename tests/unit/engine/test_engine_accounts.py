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


def test_of_several_accounts_the_only_connected_one_is_meant(scene: Scene) -> None:
    scene.stage.grants.end("grant-a", "disconnected", "disconnected_here")
    assert meant(scene, None) == "b"


def test_a_post_that_names_nobody_goes_to_no_other_account_because_a_consent_has_ended(scene: Scene) -> None:
    scene.stage.grants.end("grant-a", "reconnect", "invalid_grant")
    with pytest.raises(PostrailError, match="Say which"):
        meant(scene, None)


def test_an_account_that_was_disconnected_is_not_offered(scene: Scene) -> None:
    scene.stage.grants.connect(new_grant("c"))
    scene.stage.grants.end("grant-a", "disconnected", "disconnected_here")
    for ref in (None, "@nobody"):
        with pytest.raises(PostrailError) as caught:
            meant(scene, ref)
        assert caught.value.details[0].expected == "one of @user_b, @user_c"


def test_where_several_accounts_were_all_disconnected_none_is_left(scene: Scene) -> None:
    for grant in ("grant-a", "grant-b"):
        scene.stage.grants.end(grant, "disconnected", "disconnected_here")
    with pytest.raises(PostrailError) as caught:
        meant(scene, None)
    assert caught.value.code == "tiktok_not_connected"


def test_the_only_account_is_meant_even_when_it_must_be_connected_again(scene: Scene) -> None:
    scene.stage.grants.end("grant-a", "reconnect", "invalid_grant")
    bound = Principal(workspace_id="w", key_id="k", account_id="a")
    assert resolve_account(scene.stage.access, bound, None).id == "a"


@pytest.mark.parametrize("ref", ["a", "@user_a", None])
def test_no_other_account_is_read_unless_there_is_something_to_refuse(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, ref: str | None
) -> None:
    scene.stage.grants.end("grant-b", "disconnected", "disconnected_here")
    monkeypatch.setattr(scene.stage.access, "accounts", None)
    assert meant(scene, ref) == "a"


def test_a_bound_key_means_its_own_account_and_knows_no_other(scene: Scene) -> None:
    bound = Principal(workspace_id="w", key_id="k", account_id="b")
    assert [resolve_account(scene.stage.access, bound, ref).id for ref in (None, "b", "@user_b")] == ["b"] * 3
    with pytest.raises(PostrailError) as caught:
        resolve_account(scene.stage.access, bound, "@user_a")
    assert caught.value.code == "account_not_found"
    assert caught.value.details[0].expected == "one of @user_b"


def test_a_key_that_is_bound_to_another_workspace_s_account_has_none(scene: Scene) -> None:
    scene.stage.access.add_workspace("other", "Other")
    bound = Principal(workspace_id="other", key_id="k", account_id="a")
    for ref in (None, "a"):
        with pytest.raises(PostrailError) as caught:
            resolve_account(scene.stage.access, bound, ref)
        assert caught.value.code == "tiktok_not_connected"


@pytest.mark.parametrize("ref", ["a\0", "\ud83d", "@user_a\n", ""])
def test_what_is_no_name_is_nobody_s(scene: Scene, ref: str) -> None:
    with pytest.raises(PostrailError) as caught:
        meant(scene, ref)
    assert caught.value.code == "account_not_found"
    assert caught.value.details[0].got == ref
