"""The consent page: approved, denied, in part, skipped; and every way in which a request for it is wrong."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.unit.sandbox.sandbox_helpers import Scene, control
from tests.unit.sandbox.sandbox_login import Developer, callback


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a fresh world with one creator, mia."""
    scene = Scene(tmp_path)
    control(scene, "POST", "accounts", {"username": "mia"}, 201)
    yield scene
    scene.world.close()


class Inputs(HTMLParser):
    """Collects the inputs of a page and whether each stands within a label."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.depth = 0
        self.found: list[tuple[dict[str, str | None], bool]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag == "label"
        if tag == "input":
            self.found.append((dict(attrs), self.depth > 0))

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "label"


def test_the_page_names_the_app_and_labels_every_input(scene: Scene) -> None:
    page = Developer(scene, name="<b>Postrail</b>").ask().text
    inputs = Inputs(page).found
    assert "&lt;b&gt;Postrail" in page
    assert "<script" not in page
    assert all(is_labelled for _, is_labelled in inputs)
    assert [item["value"] for item, _ in inputs if item["name"] == "account"] == ["mia", "+"]


def test_the_basic_scope_cannot_be_unticked(scene: Scene) -> None:
    inputs = Inputs(Developer(scene).ask().text).found
    fixed = [item["value"] for item, _ in inputs if item["name"] == "scope" and "disabled" in item]
    assert fixed == ["user.info.basic"]


def test_approval_leads_back_with_code_scopes_and_state(scene: Scene) -> None:
    back = Developer(scene).approve("mia")
    assert back["state"] == "a1b2c3"
    assert back["scopes"] == "user.info.basic,video.publish,video.upload"


def test_unticked_scopes_are_not_granted(scene: Scene) -> None:
    developer = Developer(scene)
    assert developer.approve("mia", "video.upload")["scopes"] == "user.info.basic,video.upload"
    assert developer.connect("mia", "video.upload")["scope"] == "user.info.basic,video.upload"


def test_scopes_that_were_not_asked_about_stay_granted(scene: Scene) -> None:
    developer = Developer(scene)
    token = developer.connect("mia")["access_token"]
    developer.approve("mia", scope="user.info.basic,video.list")
    assert developer.caller(token).post("creator_info/query").status_code == 200


def test_denial_leads_back_with_access_denied(scene: Scene) -> None:
    back = callback(Developer(scene).answer({"decision": "deny", "account": "mia"}))
    assert (back["error"], back["state"]) == ("access_denied", "a1b2c3")


def test_nothing_ticked_is_a_denial(scene: Scene) -> None:
    form = {"decision": "approve", "account": "mia"}
    assert callback(Developer(scene).answer(form, scope="video.publish"))["error"] == "access_denied"


def test_an_account_is_made_on_the_page(scene: Scene) -> None:
    form = {"decision": "approve", "account": "+", "new_handle": "noa", "scope": ["video.publish"]}
    assert "code" in callback(Developer(scene).answer(form))
    assert scene.world.accounts.named("noa") is not None


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({}, "Choose the account"),
        ({"account": "nobody"}, "Choose the account"),
        ({"account": "+", "new_handle": "a/b"}, "A handle has"),
        ({"account": "+", "new_handle": "mia"}, "is taken"),
    ],
)
def test_a_form_that_is_not_filled_in_comes_back_with_what_is_missing(
    scene: Scene, form: dict[str, str], problem: str
) -> None:
    reply = Developer(scene).answer({"decision": "approve", "scope": ["video.upload"], **form})
    assert reply.status_code == 400
    assert problem in reply.text
    inputs = [item for item, _ in Inputs(reply.text).found if item.get("value") == "video.publish"]
    assert "checked" not in inputs[0]


def test_a_valid_session_skips_the_page_unless_the_app_forbids_it(scene: Scene) -> None:
    developer = Developer(scene)
    assert developer.ask().status_code == 200
    developer.approve("mia")
    assert "code" in callback(developer.ask())
    assert "code" in callback(developer.ask(disable_auto_auth="0"))
    assert developer.ask(disable_auto_auth="1").status_code == 200


def test_a_session_skips_nothing_for_another_app_or_for_more_scopes(scene: Scene) -> None:
    developer = Developer(scene)
    developer.approve("mia", "video.upload")
    assert developer.ask().status_code == 200
    assert Developer(scene).ask(scope="user.info.basic").status_code == 200


def test_a_silent_consent_takes_nothing_back(scene: Scene) -> None:
    developer = Developer(scene)
    token = developer.connect("mia")["access_token"]
    developer.ask(scope="user.info.basic")
    assert developer.caller(token).post("creator_info/query").status_code == 200


def test_after_the_app_was_removed_the_page_is_shown_again(scene: Scene) -> None:
    developer = Developer(scene)
    developer.approve("mia")
    control(scene, "DELETE", f"grants/{developer.app['client_key']}/mia", status=204)
    assert developer.ask().status_code == 200


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"client_key": "nobody"}, "client_key"),
        ({"client_key": None}, "client_key"),
        ({"redirect_uri": "https://evil.example.com/"}, "redirect_uri"),
        ({"redirect_uri": None}, "redirect_uri"),
        ({"redirect_uri": "https://app.example.com/callback/"}, "redirect_uri"),
    ],
)
def test_without_a_way_back_tiktok_says_so_itself(
    scene: Scene, changed: dict[str, str | None], what: str
) -> None:
    reply = Developer(scene).ask(**changed)
    assert (reply.status_code, "Location" in reply.headers) == (400, False)
    assert re.search(rf"<code>{what}</code>", reply.text)


@pytest.mark.parametrize(
    ("kind", "changed", "error", "error_type"),
    [
        ("web", {"response_type": "token"}, "unsupported_response_type", None),
        ("web", {"state": None}, "invalid_request", None),
        ("web", {"disable_auto_auth": "yes"}, "invalid_request", None),
        ("web", {"scope": "user.info.basic video.publish"}, "invalid_scope", None),
        ("web", {"scope": "everything"}, "invalid_scope", None),
        ("web", {"scope": None}, "invalid_scope", None),
        (
            "web",
            {"code_challenge": "x", "code_challenge_method": "plain"},
            "invalid_request",
            "code_challenge",
        ),
        ("desktop", {"code_challenge": None}, "invalid_request", "code_challenge"),
        ("desktop", {"code_challenge_method": None}, "invalid_request", "code_challenge"),
    ],
)
def test_a_bad_request_is_told_on_the_callback(
    scene: Scene, kind: str, changed: dict[str, str | None], error: str, error_type: str | None
) -> None:
    back = callback(Developer(scene, kind=kind).ask(**changed))
    assert (back["error"], back.get("error_type")) == (error, error_type)


def test_a_scope_that_the_app_is_not_approved_for_is_invalid(scene: Scene) -> None:
    developer = Developer(scene, scopes=["video.upload"])
    assert callback(developer.ask())["error"] == "invalid_scope"
    assert developer.ask(scope="user.info.basic,video.upload").status_code == 200


def test_an_app_without_login_kit_is_unauthorized(scene: Scene) -> None:
    back = callback(Developer(scene, login_kit=False).ask())
    assert (back["error"], back["error_type"]) == ("unauthorized_client", "client_key")


def test_who_is_no_target_user_of_a_tiktok_sandbox_is_denied(scene: Scene) -> None:
    developer = Developer(scene, target_users=["noa"])
    back = callback(developer.answer({"decision": "approve", "account": "mia", "scope": ["video.upload"]}))
    assert (back["error"], back["error_type"]) == ("access_denied", "non_sandbox_target")
