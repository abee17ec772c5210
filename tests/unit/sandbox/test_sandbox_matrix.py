"""Every endpoint and every error documented for it: each can be provoked, with its HTTP status and code.

The tables are those of the reference: 4.10 (Content Posting API), 1.2 (everything else), 2.8 (OAuth). What
TikTok lists without saying when it happens is planted by a rule.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.behaviour import Behaviour
from connector.sandbox.rules import Rule
from tests.unit.sandbox.sandbox_helpers import Caller, Scene, control, movie, one_chunk
from tests.unit.sandbox.sandbox_login import Developer, callback, error_of

PUBLIC = "PUBLIC_TO_EVERYONE"
INITS = ("video/init", "inbox/video/init", "content/init")
DIRECT = ("video/init", "content/init")
PUBLISH = ("creator_info/query", *INITS, "status/fetch", "cancel")
DISPLAY = ("user/info", "video/list", "video/query")
LIMITS = {"creator_info/query": 20, "video/init": 6, "inbox/video/init": 6, "content/init": 6}
LIMITS |= {"status/fetch": 30, **dict.fromkeys(DISPLAY, 600)}

Way = Callable[[Scene, str], tuple[int, str]]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a fresh world."""
    scene = Scene(tmp_path)
    yield scene
    scene.world.close()


def body_of(endpoint: str, **post_info: Any) -> dict[str, Any] | None:  # noqa: ANN401 - any member
    """Return a good body; photos are a direct post by pull."""
    info = {"privacy_level": "SELF_ONLY", **post_info}
    pull = {"source": "PULL_FROM_URL", "photo_images": ["https://a.example.com/a"], "photo_cover_index": 0}
    bodies: dict[str, dict[str, Any]] = {
        "video/init": {"post_info": info, "source_info": one_chunk(1000)},
        "inbox/video/init": {"source_info": one_chunk(1000)},
        "content/init": {
            "media_type": "PHOTO",
            "post_mode": "DIRECT_POST",
            "post_info": info,
            "source_info": pull,
        },
        "status/fetch": {"publish_id": "v_pub_file~v2-1.1"},
        "cancel": {"publish_id": "v_pub_file~v2-1.1"},
    }
    return bodies.get(endpoint)


def call(caller: Caller, endpoint: str, body: object = None) -> tuple[int, str]:
    """Call any endpoint and return status and code."""
    replies = {
        "user/info": lambda: caller.user_info("open_id"),
        "video/list": lambda: caller.video_list({}, "id"),
        "video/query": lambda: caller.video_query("1"),
    }
    reply = replies.get(endpoint, lambda: caller.post(endpoint, body or body_of(endpoint)))()
    assert reply.json is not None
    return reply.status_code, reply.json["error"]["code"]


def planted(code: str) -> Way:
    """Provoke a code by a rule."""

    def way(scene: Scene, endpoint: str) -> tuple[int, str]:
        scene.world.script.plant(Rule(what="refuse", code=code, endpoint=endpoint))
        return call(scene.caller(), endpoint)

    return way


def by_traits(mode: str = "", **traits: Any) -> Way:  # noqa: ANN401 - any trait
    """Provoke a code by what the creator is like; `mode` is another post_mode for photos."""

    def way(scene: Scene, endpoint: str) -> tuple[int, str]:
        body = body_of(endpoint)
        if mode and body is not None:
            body["post_mode"] = mode
        return call(scene.caller(**traits), endpoint, body)

    return way


def by_privacy(level: str) -> Way:
    """Provoke a code by a privacy level."""
    return lambda scene, endpoint: call(scene.caller(), endpoint, body_of(endpoint, privacy_level=level))


def dead_token(scene: Scene, endpoint: str) -> tuple[int, str]:
    """Call with a token nobody knows."""
    caller = scene.caller()
    caller.headers = {"Authorization": "Bearer act.nobody"}
    return call(caller, endpoint)


def no_scope(scene: Scene, endpoint: str) -> tuple[int, str]:
    """Call with a token whose scope serves nothing here."""
    scope = "video.list" if endpoint == "user/info" else "user.info.basic"
    return call(scene.caller(scope=scope), endpoint)


def too_often(scene: Scene, endpoint: str) -> tuple[int, str]:
    """Call until the minute is full."""
    caller = scene.caller()
    for _ in range(LIMITS[endpoint]):
        status, _code = call(caller, endpoint, {"nothing": True})
        assert status != 429
    return call(caller, endpoint)


def bad_body(scene: Scene, endpoint: str) -> tuple[int, str]:
    """Call with a body that says nothing."""
    return call(scene.caller(), endpoint, {"nothing": True})


def capped(scene: Scene, endpoint: str) -> tuple[int, str]:
    """Call for the sixth user of an unaudited app within a day."""
    control(scene, "PATCH", "apps/sbdefault", {"audited": False})
    for _ in range(5):
        assert call(scene.caller(private_account=True), "video/init") == (200, "ok")
    return call(scene.caller(private_account=True), endpoint)


def full_inbox(scene: Scene, endpoint: str) -> tuple[int, str]:
    """Call when five drafts wait."""
    caller = scene.caller(rate_limits=False)
    for _ in range(5):
        caller.draft(movie())
    body = body_of(endpoint)
    assert body is not None
    return call(caller, endpoint, {**body, "post_mode": "MEDIA_UPLOAD"})


def unowned(scene: Scene, endpoint: str) -> tuple[int, str]:
    """Call with a URL that is under none of the app's properties."""
    scene.world.knobs.set_behaviour(Behaviour(demand_ownership=True))
    body = body_of(endpoint)
    assert body is not None
    if endpoint != "content/init":
        body["source_info"] = {"source": "PULL_FROM_URL", "video_url": "https://a.example.com/a"}
    return call(scene.caller(), endpoint, body)


def foreign(scene: Scene, endpoint: str) -> tuple[int, str]:
    """Name a publish_id of somebody else."""
    publish_id = scene.caller().upload(movie())
    return call(scene.caller(), endpoint, {"publish_id": publish_id})


def unknown_as_documented(scene: Scene, endpoint: str) -> tuple[int, str]:
    """Name a publish_id that nobody has, under the page's spelling."""
    scene.world.knobs.set_behaviour(Behaviour(unknown_publish_id="invalid_publish_id"))
    return call(scene.caller(), endpoint)


def final(scene: Scene, endpoint: str) -> tuple[int, str]:
    """Name a publish_id that is at its end."""
    caller = scene.caller()
    publish_id = caller.upload(movie())
    scene.clock.advance(9)
    return call(caller, endpoint, {"publish_id": publish_id})


def bad_body_as_documented(scene: Scene, endpoint: str) -> tuple[int, str]:
    """Call with a body that says nothing, under the page's spelling."""
    scene.world.knobs.set_behaviour(Behaviour(bad_params_code="invalid_param"))
    return bad_body(scene, endpoint)


def out_of_scope_field(scene: Scene, _endpoint: str) -> tuple[int, str]:
    """Ask for a field that needs another scope."""
    scene.world.knobs.set_behaviour(Behaviour(out_of_scope_fields="scope_permission_missed"))
    reply = scene.caller(scope="user.info.basic").user_info("username")
    return reply.status_code, (reply.json or {})["error"]["code"]


def bad_fields(scene: Scene, endpoint: str) -> tuple[int, str]:
    """Ask a Display endpoint for no field."""
    caller = scene.caller()
    replies = {
        "user/info": lambda: caller.user_info(""),
        "video/list": lambda: caller.video_list({}, "saves"),
        "video/query": lambda: caller.video_query("1", fields=""),
    }
    reply = replies[endpoint]()
    return reply.status_code, (reply.json or {})["error"]["code"]


WAYS: dict[str, tuple[tuple[str, ...], int, Way]] = {
    "access_token_invalid": ((*PUBLISH, *DISPLAY), 401, dead_token),
    "scope_not_authorized": ((*PUBLISH, *DISPLAY), 401, no_scope),
    "internal_error": ((*PUBLISH, *DISPLAY), 500, planted("internal_error")),
    "rate_limit_exceeded": (tuple(LIMITS), 429, too_often),
    "invalid_params": (INITS, 400, bad_body),
    "invalid_param": (INITS, 400, bad_body_as_documented),
    "app_version_check_failed": (
        ("content/init",),
        400,
        by_traits("MEDIA_UPLOAD", old_app_version=True),
    ),
    "invalid_publish_id": (("status/fetch", "cancel"), 400, unknown_as_documented),
    "token_not_authorized_for_specified_publish_id": (("status/fetch", "cancel"), 400, foreign),
    "publish_not_cancellable": (("cancel",), 400, final),
    "spam_risk_too_many_posts": (DIRECT, 403, by_traits(daily_post_cap=0)),
    "spam_risk_user_banned_from_posting": (INITS, 403, by_traits(banned=True)),
    "spam_risk_too_many_pending_share": (("inbox/video/init", "content/init"), 403, full_inbox),
    "reached_active_user_cap": (DIRECT, 403, capped),
    "unaudited_client_can_only_post_to_private_accounts": (DIRECT, 403, by_traits(unaudited=True)),
    "url_ownership_unverified": (INITS, 403, unowned),
    "privacy_level_option_mismatch": (DIRECT, 403, by_privacy("FOLLOWER_OF_CREATOR")),
    "scope_permission_missed": (("user/info",), 400, out_of_scope_field),
    "invalid_file_upload": (DISPLAY, 400, planted("invalid_file_upload")),
}
"""How each code comes about, where, and with which HTTP status."""

CELLS = [(endpoint, code, status, way) for code, (where, status, way) in WAYS.items() for endpoint in where]
CELLS += [
    ("cancel", "rate_limit_exceeded", 429, planted("rate_limit_exceeded")),
    ("cancel", "url_ownership_unverified", 403, planted("url_ownership_unverified")),
    ("creator_info/query", "spam_risk_too_many_posts", 200, by_traits(daily_post_cap=0)),
    ("creator_info/query", "spam_risk_user_banned_from_posting", 200, by_traits(banned=True)),
    ("creator_info/query", "reached_active_user_cap", 200, capped),
    ("video/init", "privacy_level_option_mismatch", 403, by_privacy("")),
    *((endpoint, "invalid_params", 400, bad_fields) for endpoint in DISPLAY),
    *((endpoint, "invalid_params", 400, bad_body) for endpoint in ("status/fetch", "cancel")),
]


@pytest.mark.parametrize(
    ("endpoint", "code", "status", "way"), CELLS, ids=[f"{endpoint}-{code}" for endpoint, code, *_ in CELLS]
)
def test_each_documented_error_comes_about(
    scene: Scene, endpoint: str, code: str, status: int, way: Way
) -> None:
    assert way(scene, endpoint) == (status, code)


def exchanged(**changed: str | None) -> Callable[[Developer], str]:
    """Provoke an OAuth error at the exchange of a code."""
    return lambda developer: error_of(developer.exchange(developer.approve("mia")["code"], **changed))


def asked(**changed: str | None) -> Callable[[Developer], str]:
    """Provoke an OAuth error on the callback."""
    return lambda developer: str(callback(developer.ask(**changed))["error"])


def planted_at_token(code: str) -> Callable[[Developer], str]:
    """Provoke an OAuth error by a rule."""

    def way(developer: Developer) -> str:
        developer.scene.world.script.plant(Rule(what="refuse", code=code, endpoint="oauth/token"))
        return error_of(developer.refresh("rft.x"))

    return way


def not_set_up(developer: Developer) -> str:
    """Ask for consent for an app without Login Kit."""
    control(developer.scene, "PATCH", f"apps/{developer.app['client_key']}", {"login_kit": False})
    return asked()(developer)


@pytest.mark.parametrize(
    ("error", "way"),
    [
        ("access_denied", lambda developer: str(callback(developer.answer({"decision": "deny"}))["error"])),
        ("invalid_client", exchanged(client_secret="wrong")),
        ("invalid_grant", exchanged(code="wrong")),
        ("invalid_grant", lambda developer: error_of(developer.refresh("rft.x"))),
        ("invalid_grant", lambda developer: error_of(developer.revoke("act.x"))),
        ("invalid_request", exchanged(client_secret=None)),
        ("invalid_request", asked(state=None)),
        ("invalid_scope", asked(scope="nothing")),
        ("unauthorized_client", not_set_up),
        ("unsupported_grant_type", exchanged(grant_type="password")),
        ("unsupported_response_type", asked(response_type="token")),
        ("server_error", planted_at_token("internal_error")),
        ("temporarily_unavailable", planted_at_token("temporarily_unavailable")),
    ],
)
def test_each_oauth_error_comes_about(scene: Scene, error: str, way: Callable[[Developer], str]) -> None:
    control(scene, "POST", "accounts", {"username": "mia"}, 201)
    assert way(Developer(scene)) == error
