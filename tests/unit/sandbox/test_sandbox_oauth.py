"""The token and revoke endpoints, and what tokens are good for, over a world with a hand-set clock."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from connector.sandbox.behaviour import Behaviour
from tests.unit.sandbox.sandbox_helpers import Scene, code_and_data, control
from tests.unit.sandbox.sandbox_login import VERIFIER, Developer, error_of

DAY = 24 * 3600


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a fresh world with one creator, mia."""
    scene = Scene(tmp_path)
    control(scene, "POST", "accounts", {"username": "mia"}, 201)
    yield scene
    scene.world.close()


def behave(scene: Scene, **knobs: object) -> None:
    """Set knobs of the behaviour."""
    scene.world.knobs.set_behaviour(Behaviour.model_validate(knobs))


@pytest.mark.parametrize("kind", ["web", "desktop"])
def test_a_code_is_exchanged_for_tokens_that_work(scene: Scene, kind: str) -> None:
    developer = Developer(scene, kind=kind)
    answer = developer.connect("mia")
    assert (answer["expires_in"], answer["refresh_expires_in"]) == (DAY, 365 * DAY)
    assert answer["scope"] == "user.info.basic,video.publish,video.upload"
    code, data = code_and_data(developer.caller(answer["access_token"]).user_info("open_id"))
    assert (code, data["user"]["open_id"]) == ("ok", answer["open_id"])


def test_a_code_holds_characters_that_must_be_decoded(scene: Scene) -> None:
    developer = Developer(scene)
    code = developer.approve("mia")["code"]
    assert {"*", "!"} <= set(code)
    assert error_of(developer.exchange(quote(code, safe=""))) == "invalid_grant"
    assert "access_token" in (developer.exchange(code).json or {})


def test_a_code_is_good_once(scene: Scene) -> None:
    developer = Developer(scene)
    code = developer.approve("mia")["code"]
    developer.exchange(code)
    again = developer.exchange(code)
    assert (again.json or {})["error_description"] == "Authorization code is expired."


def test_a_code_runs_out(scene: Scene) -> None:
    developer = Developer(scene)
    code = developer.approve("mia")["code"]
    scene.clock.advance(600)
    assert error_of(developer.exchange(code)) == "invalid_grant"


def test_a_code_is_of_one_app(scene: Scene) -> None:
    code = Developer(scene).approve("mia")["code"]
    assert error_of(Developer(scene).exchange(code)) == "invalid_grant"


@pytest.mark.parametrize(
    ("changed", "error", "description"),
    [
        ({"client_secret": None}, "invalid_request", "Client secret is missed in request."),
        ({"client_secret": "x"}, "invalid_client", "Client key or secret is incorrect."),
        ({"client_key": "x"}, "invalid_client", "Client key or secret is incorrect."),
        ({"client_key": None}, "invalid_request", "The request parameters are malformed."),
        ({"grant_type": None}, "invalid_request", "The request parameters are malformed."),
        ({"grant_type": "password"}, "unsupported_grant_type", "The grant type is not supported."),
        ({"code": None}, "invalid_request", "The request parameters are malformed."),
        ({"redirect_uri": None}, "invalid_request", "The request parameters are malformed."),
        ({"code": "x"}, "invalid_grant", "Authorization code is expired."),
        (
            {"redirect_uri": "http://127.0.0.1:8001/callback/"},
            "invalid_request",
            "Redirect_uri is not matched with the uri when requesting code.",
        ),
        ({"code_verifier": None}, "invalid_request", "Code verifier or code challenge is invalid."),
        ({"code_verifier": "x" * 43}, "invalid_request", "Code verifier or code challenge is invalid."),
    ],
)
def test_an_exchange_is_refused_in_tiktoks_words(
    scene: Scene, changed: dict[str, str | None], error: str, description: str
) -> None:
    developer = Developer(scene, kind="desktop")
    reply = developer.exchange(developer.approve("mia")["code"], **changed)
    assert reply.status_code == 200
    assert (error_of(reply), (reply.json or {})["error_description"]) == (error, description)


def test_a_base64url_challenge_passes_the_page_and_fails_at_the_exchange(scene: Scene) -> None:
    developer = Developer(scene, kind="desktop")
    wrong = {"code_challenge": "0HiLQoD2_RSaWMOpPpxspop9x7D3B-CqP1jKps7Am3E"}
    form = {"decision": "approve", "account": "mia", "scope": ["video.publish"]}
    location = developer.answer(form, **wrong).headers["Location"]
    code = location.partition("code=")[2].partition("&")[0].replace("%2A", "*").replace("%21", "!")
    reply = developer.exchange(code, code_verifier=VERIFIER)
    assert (reply.json or {})["error_description"] == "Code verifier or code challenge is invalid."


def test_a_web_app_may_send_a_verifier_without_a_challenge(scene: Scene) -> None:
    developer = Developer(scene)
    reply = developer.exchange(developer.approve("mia")["code"], code_verifier=VERIFIER)
    assert "access_token" in (reply.json or {})


def test_only_forms_are_taken(scene: Scene) -> None:
    developer = Developer(scene)
    body = {**developer.client, "grant_type": "client_credentials"}
    reply = scene.http.post("/v2/oauth/token/", json=body)
    assert reply.json is not None
    assert reply.json["error_description"] == (
        "Only `application/x-www-form-urlencoded` is accepted as Content-Type."
    )


@pytest.mark.parametrize("status", [200, 400, 401])
def test_the_http_status_of_a_refusal_is_a_knob(scene: Scene, status: int) -> None:
    behave(scene, oauth_error_status=status)
    assert Developer(scene).refresh("rft.nothing").status_code == status


def test_a_client_token_is_given_and_opens_nothing(scene: Scene) -> None:
    developer = Developer(scene)
    reply = developer.token({**developer.client, "grant_type": "client_credentials"})
    assert reply.json is not None
    assert reply.json["expires_in"] == 7200
    headers = {"Authorization": f"Bearer {reply.json['access_token']}"}
    assert scene.http.get("/v2/user/info/?fields=open_id", headers=headers).status_code == 401


def test_an_access_token_is_good_for_24_hours(scene: Scene) -> None:
    developer = Developer(scene)
    answer = developer.connect("mia")
    caller = developer.caller(answer["access_token"])
    scene.clock.advance(DAY - 1)
    assert caller.user_info("open_id").status_code == 200
    scene.clock.advance(1)
    assert code_and_data(caller.user_info("open_id"))[0] == "access_token_invalid"


def test_a_refresh_rotates_and_the_old_token_is_good_once(scene: Scene) -> None:
    developer = Developer(scene)
    first = developer.connect("mia")
    second = developer.refresh(first["refresh_token"]).json or {}
    again = developer.refresh(first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert (error_of(again), (again.json or {})["error_description"]) == (
        "invalid_grant",
        "Refresh token is invalid or expired.",
    )
    assert developer.caller(second["access_token"]).user_info("open_id").status_code == 200
    assert "access_token" in (developer.refresh(second["refresh_token"]).json or {})


def test_within_the_grace_a_used_token_gives_its_successor_again(scene: Scene) -> None:
    behave(scene, refresh_grace_s=60.0)
    developer = Developer(scene)
    first = developer.connect("mia")["refresh_token"]
    second = (developer.refresh(first).json or {})["refresh_token"]
    scene.clock.advance(59)
    assert (developer.refresh(first).json or {})["refresh_token"] == second
    scene.clock.advance(1)
    assert error_of(developer.refresh(first)) == "invalid_grant"


def test_the_grace_ends_when_the_successor_is_used(scene: Scene) -> None:
    behave(scene, refresh_grace_s=60.0)
    developer = Developer(scene)
    first = developer.connect("mia")["refresh_token"]
    second = (developer.refresh(first).json or {})["refresh_token"]
    developer.refresh(second)
    assert error_of(developer.refresh(first)) == "invalid_grant"


def test_without_rotation_the_token_stays(scene: Scene) -> None:
    behave(scene, rotation=False)
    developer = Developer(scene)
    token = developer.connect("mia")["refresh_token"]
    assert [(developer.refresh(token).json or {})["refresh_token"] for _ in range(2)] == [token, token]


@pytest.mark.parametrize(("extends", "left"), [(True, 365 * DAY), (False, 265 * DAY)])
def test_whether_a_refresh_begins_another_year_is_a_knob(scene: Scene, extends: bool, left: int) -> None:
    behave(scene, refresh_extends=extends)
    developer = Developer(scene)
    token = developer.connect("mia")["refresh_token"]
    scene.clock.advance(100 * DAY)
    assert (developer.refresh(token).json or {})["refresh_expires_in"] == left


def test_a_refresh_token_runs_out_after_a_year(scene: Scene) -> None:
    developer = Developer(scene)
    token = developer.connect("mia")["refresh_token"]
    scene.clock.advance(365 * DAY)
    assert error_of(developer.refresh(token)) == "invalid_grant"


@pytest.mark.parametrize(("ends", "status"), [(False, 200), (True, 401)])
def test_whether_a_refresh_ends_the_old_access_token_is_a_knob(scene: Scene, ends: bool, status: int) -> None:
    behave(scene, refresh_ends_access=ends)
    developer = Developer(scene)
    first = developer.connect("mia")
    caller = developer.caller(first["access_token"])
    developer.refresh(first["refresh_token"])
    assert caller.user_info("open_id").status_code == status


def test_a_scope_that_the_creator_took_back_is_gone_at_once_and_from_the_next_token(scene: Scene) -> None:
    developer = Developer(scene)
    first = developer.connect("mia")
    path = f"grants/{developer.app['client_key']}/mia"
    control(scene, "PATCH", path, {"scope": "user.info.basic,video.upload"})
    caller = developer.caller(first["access_token"])
    assert code_and_data(caller.post("creator_info/query"))[0] == "scope_not_authorized"
    assert (developer.refresh(first["refresh_token"]).json or {})["scope"] == "user.info.basic,video.upload"


def test_revoking_has_no_body_and_ends_every_token(scene: Scene) -> None:
    developer = Developer(scene)
    answer = developer.connect("mia")
    caller = developer.caller(answer["access_token"])
    reply = developer.revoke(answer["access_token"])
    assert (reply.status_code, reply.data) == (200, b"")
    assert code_and_data(caller.user_info("open_id"))[0] == "access_token_invalid"
    assert error_of(developer.refresh(answer["refresh_token"])) == "invalid_grant"
    assert error_of(developer.revoke(answer["access_token"])) == "invalid_grant"


def test_another_app_cannot_revoke_a_token(scene: Scene) -> None:
    mine, other = Developer(scene), Developer(scene)
    token = mine.connect("mia")["access_token"]
    assert error_of(other.revoke(token)) == "invalid_grant"
    assert mine.caller(token).user_info("open_id").status_code == 200


def test_two_apps_see_one_creator_under_two_open_ids_and_one_union_id(scene: Scene) -> None:
    developers = [Developer(scene), Developer(scene)]
    callers = [each.caller(each.connect("mia", "user.info.basic")["access_token"]) for each in developers]
    users = [code_and_data(caller.user_info("open_id,union_id"))[1]["user"] for caller in callers]
    assert users[0]["open_id"] != users[1]["open_id"]
    assert users[0]["union_id"] == users[1]["union_id"]


def test_an_app_cannot_see_the_publishes_of_another(scene: Scene) -> None:
    mine, other = Developer(scene), Developer(scene)
    caller = mine.caller(mine.connect("mia")["access_token"])
    publish_id = caller.upload(b"no video")
    foreign = other.caller(other.connect("mia")["access_token"])
    code = code_and_data(foreign.post("status/fetch", {"publish_id": publish_id}))[0]
    assert code == "token_not_authorized_for_specified_publish_id"


def test_a_pair_can_be_had_without_a_browser(scene: Scene) -> None:
    developer = Developer(scene, scopes=["video.publish"])
    body = {"username": "mia", "client_key": developer.app["client_key"]}
    answer = control(scene, "POST", "grants", body, 201)
    assert answer["scope"] == "user.info.basic,video.publish"
    assert "access_token" in (developer.refresh(answer["refresh_token"]).json or {})


def test_the_default_apps_lasting_token_dies_with_its_consent(scene: Scene) -> None:
    caller = scene.caller()
    assert caller.user_info("open_id").status_code == 200
    control(scene, "DELETE", f"grants/sbdefault/{caller.account.username}", status=204)
    assert caller.user_info("open_id").status_code == 401
    control(scene, "DELETE", f"grants/sbdefault/{caller.account.username}", status=404)


def test_consents_and_tokens_survive_a_restart(tmp_path: Path) -> None:
    first = Scene(tmp_path / "w")
    control(first, "POST", "accounts", {"username": "mia"}, 201)
    developer = Developer(first)
    answer = developer.connect("mia")
    first.world.close()
    second = Scene(tmp_path / "w")
    developer.scene = second
    assert "access_token" in (developer.refresh(answer["refresh_token"]).json or {})
    second.world.close()
