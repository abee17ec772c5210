"""The pages and their forms: everything is shown, every form acts, nothing is taken for markup."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from connector.sandbox.accounts import Traits
from connector.sandbox.behaviour import Behaviour
from connector.sandbox.login.apps import AppTraits
from connector.sandbox.pages.forms import fields_of, read_form
from connector.sandbox.states import Dial
from tests.unit.sandbox.sandbox_helpers import Scene, control, movie
from tests.unit.sandbox.sandbox_login import Developer
from tests.unit.sandbox.sandbox_receiver import HOOK_URL, Receiver, deliver

PUBLIC = "PUBLIC_TO_EVERYONE"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a world in which something of everything has happened to mia."""
    scene = Scene(tmp_path)
    control(scene, "POST", "accounts", {"username": "mia", "nickname": "<b>Mia</b>"}, 201)
    control(scene, "PATCH", "apps/sbdefault", {"webhook_url": HOOK_URL, "name": "<i>App</i>"})
    developer = Developer(scene)
    caller = developer.caller(developer.connect("mia")["access_token"])
    caller.upload(movie(), title="<u>seen</u>", privacy_level=PUBLIC)
    caller.upload(movie(), title="quiet")
    caller.draft(movie())
    scene.clock.advance(2)
    control(scene, "POST", "webhooks", {"event": "post.publish.complete"}, 201)
    deliver(scene, Receiver([500]))
    yield scene
    scene.world.close()


def post(scene: Scene, path: str, form: dict[str, str] | None = None) -> int:
    """Send a form and return the status: 303 when it acted."""
    return scene.http.post(f"/forms/{path}", data=form or {}).status_code


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", ["&lt;u&gt;seen", "in the inbox", "show to everyone", "/v2/oauth/token/"]),
        ("/accounts", ["@mia", "remove this app", "user.info.basic,video.publish"]),
        ("/apps", ["&lt;i&gt;app", "sbdefault"]),
        ("/webhooks", ["post.publish.complete", "pending", "500"]),
        ("/requests", ["/v2/auth/authorize/", "video/init"]),
        ("/knobs", ["webhook_shuffle_ms", "pull_patience", "offset_ms", "none."]),
    ],
)
def test_each_page_shows_its_part(scene: Scene, path: str, shown: list[str]) -> None:
    page = scene.http.get(path)
    assert page.status_code == 200
    assert [words for words in shown if words not in page.text.lower()] == []
    assert "<script" not in page.text


def test_the_cover_of_a_video_is_drawn(scene: Scene) -> None:
    video = scene.world.posts.all()[0]
    assert scene.http.get(f"/_sandbox/cover/{video.post_id}").mimetype == "image/svg+xml"
    assert scene.http.get(f"/_sandbox/cover/{2**70}").status_code == 404


def test_the_dial_the_clock_and_the_behaviour_are_set_by_forms(scene: Scene) -> None:
    form = {field.name: field.value for field in fields_of(Behaviour())}
    dial = {"mode": "hand", "processing": "2.5", "moderation": "1", "pull_patience": "9"}
    assert post(scene, "dial", dial) == 303
    assert post(scene, "behaviour", {**form, "oauth_error_status": "401", "pull_range_bytes": "5"}) == 303
    assert post(scene, "clock", {"offset_ms": "1000", "frozen": "1"}) == 303
    assert scene.world.knobs.dial == Dial(mode="hand", processing=2.5, pull_patience=9.0)
    assert scene.world.knobs.behaviour == Behaviour(oauth_error_status=401, pull_range_bytes=5)
    assert (scene.world.clock.setting.offset_ms, scene.world.clock.setting.frozen) == (1000, True)
    assert "moved clock" in scene.http.get("/").text


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("dial", {"mode": "hand", "processing": "-1"}),
        ("dial", {"processing": "fast"}),
        ("advance", {"hours": "soon"}),
        ("accounts", {"username": "mia"}),
        ("accounts/nobody", {}),
        ("apps", {"name": "x", "redirect_uris": "nowhere"}),
        ("rules", {"what": "explode", "endpoint": "*"}),
        ("publishes/none/advance", {}),
        ("posts/1/hide", {}),
        ("accounts/mia/part/nothing", {}),
    ],
)
def test_a_form_that_makes_no_sense_says_so(scene: Scene, path: str, form: dict[str, str]) -> None:
    reply = scene.http.post(f"/forms/{path}", data=form)
    assert reply.status_code == 400
    assert "Not done" in reply.text


def test_time_passes_by_a_form(scene: Scene) -> None:
    before = scene.world.clock.now()
    assert post(scene, "advance", {"hours": "1.5"}) == 303
    assert scene.world.clock.now() - before == 5_400_000


def test_rules_are_planted_and_dropped_by_forms(scene: Scene) -> None:
    form = {"what": "refuse", "endpoint": "video/init", "nth": "2", "times": "", "after_effect": "1"}
    assert post(scene, "rules", {**form, "chance": "1", "for_s": "", "status": ""}) == 303
    [planted] = scene.world.script.all()
    assert (planted.rule.nth, planted.rule.times, planted.rule.after_effect) == (2, None, True)
    assert "video/init" in scene.http.get("/knobs").text
    assert post(scene, "rules/clear") == 303
    assert scene.world.script.all() == []


def test_accounts_are_made_changed_and_parted_from_apps_by_forms(scene: Scene) -> None:
    assert post(scene, "accounts", {"username": "noa", "private_account": "1", "daily_post_cap": "3"}) == 303
    assert post(scene, "accounts", {"username": ""}) == 303
    noa, mia = scene.world.accounts.named("noa"), scene.world.accounts.named("mia")
    assert noa is not None
    assert mia is not None
    assert (noa.traits.private_account, noa.traits.daily_post_cap) == (True, 3)
    form = {field.name: field.value for field in fields_of(noa.traits)}
    assert post(scene, "accounts/noa", {**form, "banned": "1"}) == 303
    changed = scene.world.accounts.named("noa")
    assert changed is not None
    assert changed.traits == noa.traits.model_copy(update={"banned": True})
    [grant] = scene.world.login.grants.of(mia.open_id)
    assert post(scene, f"accounts/mia/part/{grant.client_key}") == 303
    assert scene.world.login.grants.live(grant.client_key, mia.open_id) is None


def test_apps_are_registered_and_changed_by_forms(scene: Scene) -> None:
    form = {"name": "Desk", "kind": "desktop", "redirect_uris": "http://127.0.0.1:1/a\nhttp://127.0.0.1:*/b"}
    form |= {"scopes": "video.upload", "login_kit": "1", "audited": "", "webhook_url": ""}
    assert post(scene, "apps", form) == 303
    app = scene.world.login.apps.all()[-1]
    assert app.traits.redirect_uris == ["http://127.0.0.1:1/a", "http://127.0.0.1:*/b"]
    assert (app.traits.audited, app.traits.webhook_url) == (False, None)
    assert post(scene, f"apps/{app.client_key}", {**form, "name": "Other"}) == 303
    assert scene.world.login.apps.get(app.client_key).traits.name == "Other"


def test_the_creator_acts_by_forms(scene: Scene) -> None:
    draft = next(task for task in scene.world.tasks.all() if task.stage == "inbox")
    words = {"title": "mine", "privacy_level": "SELF_ONLY"}
    assert post(scene, f"publishes/{draft.publish_id}/post", words) == 303
    mine = scene.world.posts.all()[-1]
    assert (mine.title, mine.privacy_level) == ("mine", "SELF_ONLY")
    for move in ("show", "hide", "remove"):
        assert post(scene, f"posts/{mine.post_id}/{move}") == 303
    assert scene.world.posts.get(mine.post_id).removed_at is not None
    assert post(scene, "webhooks/1/again") == 303


def test_tasks_are_moved_and_failed_by_forms(scene: Scene) -> None:
    scene.world.knobs.set_dial(Dial(mode="hand"))
    caller = scene.caller()
    first, second, third = caller.upload(movie()), caller.upload(movie()), caller.draft(movie())
    assert post(scene, f"publishes/{first}/advance") == 303
    assert post(scene, f"publishes/{second}/fail", {"reason": "spam_risk"}) == 303
    assert post(scene, f"publishes/{third}/advance") == 303
    assert post(scene, f"publishes/{third}/lapse") == 303
    assert scene.world.tasks.get(second).fail_reason == "spam_risk"
    assert [scene.world.tasks.get(each).stage for each in (first, third)] == ["complete", "lapsed"]
    assert post(scene, f"publishes/{first}/advance") == 400


@pytest.mark.parametrize(
    "model",
    [
        Behaviour(pull_range_bytes=7, rotation=False),
        Traits(nickname="Mia", daily_post_cap=3, privacy_level_options=["SELF_ONLY"]),
        AppTraits(name="x", audited=False, target_users=["mia", "noa"]),
        Dial(mode="polls", processing=3),
    ],
)
def test_a_form_shows_a_model_and_reads_it_back(model: Behaviour | Traits | AppTraits | Dial) -> None:
    form = {field.name: field.value for field in fields_of(model)}
    assert read_form(type(model), form) == model


def test_a_form_with_a_word_where_a_choice_is_due_is_refused() -> None:
    with pytest.raises(ValidationError):
        read_form(Dial, {"mode": "quickly"})


def test_a_new_world_says_how_any_client_begins(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    page = scene.http.get("/").text
    assert "http://localhost" in page
    assert "sbdefault" in page
    token = control(scene, "POST", "accounts", {"username": "zoe"}, 201)["access_token"]
    assert f"Authorization: Bearer {token}" in scene.http.get("/accounts").text
    scene.world.close()


def test_the_control_api_lists_its_routes(scene: Scene) -> None:
    routes = {route["path"]: route["methods"] for route in control(scene, "GET", "")["routes"]}
    assert routes["/_sandbox/dial"] == ["GET", "PUT"]
    assert {"/_sandbox/rules", "/_sandbox/clock/advance", "/_sandbox/posts", "/_sandbox/log"} <= set(routes)
    assert routes["/_sandbox/accounts"] == ["GET", "POST"]
    assert all(routes.values())
