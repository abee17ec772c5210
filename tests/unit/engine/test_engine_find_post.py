"""Which post a request means by its ids."""

import pytest

from connector.contract import load_contract
from connector.engine.ask import Ask
from connector.engine.model import Principal
from connector.engine.perform import find_post
from connector.kernel.errors import PostrailError
from tests.fakes.scripted import Scene

pytest_plugins = ("tests.engine_scene",)

OPERATIONS = ("check_status", "wait_until_published")


def found(scene: Scene, operation: str, **ids: str) -> str:
    """Return the id of the post that is meant."""
    contract = load_contract()
    understood = contract.understand(operation, ids)
    assert understood.ok
    principal = Principal(workspace_id="w", key_id="k")
    ask = Ask(principal=principal, operation=contract.operation(operation), understood=understood)
    return find_post(scene.context, ask).id


def two_posts(scene: Scene) -> tuple[str, str]:
    """Accept a post that TikTok calls `pub-1`, and another one; return their ids."""
    first = scene.stage.open_gate(scene.stage.begun()).post.id
    second = scene.stage.accept(input_hash="another0" * 8).id
    return first, second


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_post_is_meant_by_either_id_and_by_both_of_them(scene: Scene, operation: str) -> None:
    first, _ = two_posts(scene)
    ways = ({"post_id": first}, {"publish_id": "pub-1"}, {"post_id": first, "publish_id": "pub-1"})
    assert {found(scene, operation, **ids) for ids in ways} == {first}
    assert found(scene, operation, post_id=first, publish_id=first) == first


@pytest.mark.parametrize("operation", OPERATIONS)
def test_ids_of_two_posts_are_refused_as_ambiguous(scene: Scene, operation: str) -> None:
    _, second = two_posts(scene)
    with pytest.raises(PostrailError) as caught:
        found(scene, operation, post_id=second, publish_id="pub-1")
    (problem,) = caught.value.details
    assert (caught.value.code, problem.field, problem.problem) == (
        "invalid_request",
        "publish_id",
        "ambiguous",
    )
    assert problem.got == f"post_id: {second} and publish_id: pub-1"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_unknown_id_beside_a_known_one_is_refused(scene: Scene, operation: str) -> None:
    first, _ = two_posts(scene)
    with pytest.raises(PostrailError, match="'pub-9'"):
        found(scene, operation, post_id=first, publish_id="pub-9")
