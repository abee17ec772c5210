"""A login begins: which address, which proof, and to whom it is bound."""

from dataclasses import replace

import pytest

from connector.engine.connect import Caller, begin, bound
from connector.kernel.errors import PostrailError
from tests.fakes.scripted import Scene
from tests.ledgers import new_app

pytest_plugins = ("tests.engine_scene",)

WEB = "https://posts.example/connect/tiktok/callback"
DESKTOP = "http://127.0.0.1:8765/connect/tiktok/callback"
CALLER = Caller(workspace_id="w", bound_to=bound("session", "s"))


def consent_page(scene: Scene, redirect_uri: str, *, pkce_on_web: bool = False) -> str:
    """Begin a login at an address; return where the browser is sent."""
    kind = "desktop" if redirect_uri == DESKTOP else "web"
    app = new_app(kind=kind, redirect_uri=redirect_uri)
    context = replace(scene.context, desk=replace(scene.desk, pkce_on_web=pkce_on_web))
    return begin(context, app, CALLER, redirect_uri)


@pytest.mark.parametrize(
    ("redirect_uri", "pkce_on_web", "proof"),
    [(WEB, False, "without"), (WEB, True, "with"), (DESKTOP, False, "with"), (DESKTOP, True, "with")],
)
def test_a_desktop_login_is_proven_and_a_web_login_where_it_is_wanted(
    scene: Scene, redirect_uri: str, pkce_on_web: bool, proof: str
) -> None:
    url = consent_page(scene, redirect_uri, pkce_on_web=pkce_on_web)
    assert f" {proof} proof " in url
    login = scene.stage.logins.use(bound("state", scene.login.callback.state), CALLER.bound_to)
    assert login is not None
    assert (login.verifier is not None) is (proof == "with")


def test_a_login_is_for_whoever_began_it_and_counts_once(scene: Scene) -> None:
    consent_page(scene, WEB)
    state = bound("state", scene.login.callback.state)
    assert scene.stage.logins.use(state, bound("session", "another")) is None
    assert scene.stage.logins.use(state, CALLER.bound_to) is not None
    assert scene.stage.logins.use(state, CALLER.bound_to) is None


def test_an_address_that_is_not_the_apps_begins_nothing(scene: Scene) -> None:
    with pytest.raises(PostrailError, match="another address"):
        begin(scene.context, new_app(), CALLER, "https://elsewhere.example/callback")
