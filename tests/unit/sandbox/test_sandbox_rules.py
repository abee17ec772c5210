"""Mishaps by script and by caption: which call they strike, and what is left of the call."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connector.sandbox.markers import read_marker
from connector.sandbox.rules import Rule
from tests.unit.sandbox.sandbox_helpers import Caller, Scene, code_and_data, control, movie, one_chunk
from tests.unit.sandbox.sandbox_login import Developer, error_of

FAIL_REASONS = (
    "file_format_check_failed",
    "duration_check_failed",
    "frame_rate_check_failed",
    "picture_size_check_failed",
    "internal",
    "video_pull_failed",
    "photo_pull_failed",
    "publish_cancelled",
    "auth_removed",
    "spam_risk_too_many_posts",
    "spam_risk_user_banned_from_posting",
    "spam_risk_text",
    "spam_risk",
)
"""Reference 4.9."""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a fresh world."""
    scene = Scene(tmp_path)
    yield scene
    scene.world.close()


@pytest.fixture
def caller(scene: Scene) -> Caller:
    """Give a client whom no rate stops."""
    return scene.caller(rate_limits=False)


def plant(scene: Scene, **rule: object) -> None:
    """Plant a rule."""
    scene.world.script.plant(Rule.model_validate(rule))


def init(caller: Caller, title: str = "") -> tuple[int, str]:
    """Call video/init and return status and code."""
    post_info = {"privacy_level": "SELF_ONLY", "title": title}
    reply = caller.post("video/init", {"post_info": post_info, "source_info": one_chunk(1000)})
    return reply.status_code, code_and_data(reply)[0]


def outcomes(scene: Scene) -> list[str]:
    """Return the outcome of each request of the log."""
    return [str(line["outcome"]) for line in scene.world.journal.all()]


def made(scene: Scene) -> int:
    """Return how many tasks there are."""
    return len(scene.world.tasks.all())


@pytest.mark.parametrize(("after_effect", "tasks"), [(False, 0), (True, 1)])
@pytest.mark.parametrize("what", ["refuse", "lose", "reset"])
def test_a_call_is_stopped_before_or_spoilt_after_its_effect(
    scene: Scene, caller: Caller, what: str, after_effect: bool, tasks: int
) -> None:
    plant(scene, what=what, after_effect=after_effect, endpoint="video/init")
    caller.http.post("/v2/post/publish/video/init/", headers=caller.headers, json=body())
    assert made(scene) == tasks
    assert outcomes(scene) == [{"refuse": "answered", "lose": "reply_lost", "reset": "reset"}[what]]
    assert init(caller) == (200, "ok")


def body() -> dict[str, Any]:
    """Return a good video/init body."""
    return {"post_info": {"privacy_level": "SELF_ONLY"}, "source_info": one_chunk(1000)}


@pytest.mark.parametrize(("after_effect", "tasks"), [(False, 0), (True, 1)])
def test_a_gateway_answers_in_html(scene: Scene, caller: Caller, after_effect: bool, tasks: int) -> None:
    plant(scene, what="gateway", status=503, after_effect=after_effect)
    reply = scene.http.post("/v2/post/publish/video/init/", headers=caller.headers, json=body())
    assert (reply.status_code, reply.mimetype, made(scene)) == (503, "text/html", tasks)


def test_a_truncated_answer_has_its_effect(scene: Scene, caller: Caller) -> None:
    plant(scene, what="truncate")
    init(caller)
    assert (outcomes(scene), made(scene)) == (["truncated"], 1)


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_slow_call_is_served(scene: Scene, caller: Caller, after_effect: bool) -> None:
    plant(scene, what="slow", seconds=0.01, after_effect=after_effect)
    assert init(caller) == (200, "ok")


def test_a_rule_strikes_from_the_nth_call_so_many_times(scene: Scene, caller: Caller) -> None:
    plant(scene, what="refuse", code="rate_limit_exceeded", endpoint="video/init", nth=2, times=3)
    assert [init(caller)[0] for _ in range(6)] == [200, 429, 429, 429, 200, 200]
    [rule] = control(scene, "GET", "rules")["rules"]
    assert (rule["seen"], rule["hits"]) == (6, 3)


def test_a_pattern_matches_its_endpoints_alone(scene: Scene, caller: Caller) -> None:
    plant(scene, what="refuse", endpoint="*/init", times=None)
    assert init(caller)[1] == "internal_error"
    assert caller.user_info("open_id").status_code == 200


def test_the_first_rule_that_strikes_wins_and_all_count(scene: Scene, caller: Caller) -> None:
    plant(scene, what="refuse", code="internal_error")
    plant(scene, what="refuse", code="rate_limit_exceeded", nth=2)
    assert [init(caller)[0] for _ in range(3)] == [500, 429, 200]


def test_an_outage_lasts_so_long_by_the_sandboxs_clock(scene: Scene, caller: Caller) -> None:
    plant(scene, what="refuse", status=503, times=None, for_s=600.0)
    assert {init(caller)[0] for _ in range(3)} == {503}
    scene.clock.advance(599)
    assert init(caller)[0] == 503
    scene.clock.advance(1)
    assert init(caller)[0] == 200


def test_the_same_script_planted_again_strikes_the_same_calls(scene: Scene, caller: Caller) -> None:
    rules = {"rules": [{"what": "refuse", "endpoint": "status/fetch", "chance": 0.5, "times": None}]}
    runs = []
    for _ in range(2):
        control(scene, "PUT", "rules", rules)
        runs.append([caller.post("status/fetch", {"publish_id": "x"}).status_code for _ in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {400, 500}


def test_chance_is_decided_by_the_seed(tmp_path: Path) -> None:
    runs = []
    for run in range(2):
        scene = Scene(tmp_path / str(run))
        caller = scene.caller(rate_limits=False)
        plant(scene, what="refuse", chance=0.5, times=None)
        runs.append([init(caller)[0] for _ in range(30)])
        scene.world.close()
    assert runs[0] == runs[1]
    assert {200, 500} == set(runs[0])


def test_rules_survive_a_restart_with_their_counts(tmp_path: Path) -> None:
    first = Scene(tmp_path)
    plant(first, what="refuse", nth=2)
    init(first.caller())
    first.world.close()
    second = Scene(tmp_path)
    assert [(rule.seen, rule.hits) for rule in second.world.script.all()] == [(1, 0)]
    assert init(second.caller())[0] == 500
    second.world.close()


def test_the_script_is_replaced_added_to_and_told(scene: Scene) -> None:
    control(scene, "PUT", "rules", {"rules": [{"what": "reset"}, {"what": "lose"}]})
    control(scene, "POST", "rules", {"what": "gateway", "endpoint": "upload"}, 201)
    assert [rule["what"] for rule in control(scene, "GET", "rules")["rules"]] == ["reset", "lose", "gateway"]
    control(scene, "PUT", "rules", {"rules": []})
    assert control(scene, "GET", "rules") == {"rules": []}


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"what": "explode"},
        {"what": "lose", "endpoint": "video/inits"},
        {"what": "lose", "nth": 0},
        {"what": "lose", "chance": 2.0},
        {"what": "refuse", "status": 99},
    ],
)
def test_a_rule_that_cannot_strike_is_refused(rule: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate(rule)


@pytest.mark.parametrize("status", [403, 404, 416, 500, 503])
def test_a_put_can_be_refused_and_then_taken(scene: Scene, caller: Caller, status: int) -> None:
    plant(scene, what="chunk", status=status, endpoint="video/init")
    data = movie()
    source = {**body(), "source_info": one_chunk(len(data))}
    url = code_and_data(caller.post("video/init", source))[1]["upload_url"]
    first = caller.put(url, data, 0, len(data))
    assert first.status_code == status
    assert (first.headers.get("Content-Range") == f"bytes 0-0/{len(data)}") is (status != 404)
    assert caller.put(url, data, 0, len(data)).status_code == 201


@pytest.mark.parametrize("endpoint", ["video/init", "upload"])
def test_an_expired_upload_url_stays_expired(scene: Scene, caller: Caller, endpoint: str) -> None:
    plant(scene, what="expire", endpoint=endpoint)
    url = code_and_data(caller.post("video/init", body()))[1]["upload_url"]
    assert [caller.put(url, bytes(1000), 0, 1000).status_code for _ in range(2)] == [403, 403]


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_put_is_refused_before_or_after_its_bytes_are_stored(
    scene: Scene, caller: Caller, after_effect: bool
) -> None:
    plant(scene, what="gateway", endpoint="upload", after_effect=after_effect)
    data = movie()
    made_ = code_and_data(caller.post("video/init", {**body(), "source_info": one_chunk(len(data))}))[1]
    assert caller.put(made_["upload_url"], data, 0, len(data)).status_code == 502
    received = caller.status(made_["publish_id"])["uploaded_bytes"]
    assert received == (len(data) if after_effect else 0)


def test_a_cut_put_stores_nothing(scene: Scene, caller: Caller) -> None:
    plant(scene, what="cut", endpoint="upload", after_bytes=100)
    data = movie(tail=bytes(1000))
    made_ = code_and_data(caller.post("video/init", {**body(), "source_info": one_chunk(len(data))}))[1]
    caller.put(made_["upload_url"], data, 0, len(data))
    assert scene.world.journal.all()[-1]["outcome"] == "reset"
    assert caller.status(made_["publish_id"])["uploaded_bytes"] == 0
    assert caller.put(made_["upload_url"], data, 0, len(data)).status_code == 201


@pytest.mark.parametrize("reason", FAIL_REASONS)
def test_every_fail_reason_can_be_had_by_rule_and_by_caption(scene: Scene, reason: str) -> None:
    caller = scene.caller()
    plant(scene, what="fail", fail_reason=reason, endpoint="video/init")
    ids = [caller.upload(movie()), caller.upload(movie(), title=f"hi #fault:{reason}")]
    scene.clock.advance(1)
    assert [caller.status(publish_id)["fail_reason"] for publish_id in ids] == [reason, reason]


def test_a_failing_caption_fails_every_time_and_a_counted_one_so_often(scene: Scene) -> None:
    caller = scene.caller()
    for title, fails in (("#fault:internal", [1, 1, 1]), ("#fault:internal:x2", [1, 1, 0])):
        ids = [caller.upload(movie(), title=title) for _ in range(3)]
        scene.clock.advance(60)
        found = [caller.status(publish_id)["status"] == "FAILED" for publish_id in ids]
        assert found == [bool(one) for one in fails]


@pytest.mark.parametrize(
    ("marker", "status", "tasks"),
    [
        ("refuse:spam_risk_too_many_pending_share", 403, 0),
        ("error_before", 500, 0),
        ("error_after", 500, 1),
        ("rate_limit", 429, 0),
        ("429", 429, 0),
        ("503", 503, 0),
        ("400", 400, 0),
    ],
)
def test_a_caption_spoils_its_first_init_alone(
    scene: Scene, caller: Caller, marker: str, status: int, tasks: int
) -> None:
    title = f"hello #fault:{marker}"
    assert init(caller, title)[0] == status
    assert made(scene) == tasks
    assert init(caller, title) == (200, "ok")


@pytest.mark.parametrize(
    ("marker", "outcome"), [("lose_reply", "reply_lost"), ("reset", "reset"), ("truncate", "truncated")]
)
def test_a_caption_spoils_the_connection_of_its_first_init(
    scene: Scene, caller: Caller, marker: str, outcome: str
) -> None:
    sent = {**body(), "post_info": {"privacy_level": "SELF_ONLY", "title": f"#fault:{marker}"}}
    for _ in range(2):
        scene.http.post("/v2/post/publish/video/init/", headers=caller.headers, json=sent)
    assert outcomes(scene) == [outcome, "answered"]


@pytest.mark.parametrize(
    ("caption", "what", "times"),
    [
        ("#fault:chunk:416", "chunk", 1),
        ("a #fault:slow:5 b", "slow", 1),
        ("#fault:slow:5:x3", "slow", 3),
        ("#fault:lose_reply:x2", "lose", 2),
        ("#fault:gateway_after", "gateway", 1),
        ("#fault:never_heard_of", "fail", None),
        ("#fault:expire", "expire", 1),
    ],
)
def test_markers_are_read(caption: str, what: str, times: int | None) -> None:
    marker = read_marker(caption)
    assert marker is not None
    assert (marker.rule.what, marker.times) == (what, times)


@pytest.mark.parametrize("caption", ["", "#fault", "fault:internal", "#fault:", "#fault:200"])
def test_other_captions_are_left_alone(caption: str) -> None:
    assert read_marker(caption) is None


def test_another_creator_with_the_same_caption_is_struck_as_well(scene: Scene) -> None:
    assert [init(scene.caller(), "#fault:error_before")[0] for _ in range(2)] == [500, 500]


@pytest.mark.parametrize(
    ("rule", "error", "status"),
    [
        ({"what": "refuse"}, "server_error", 500),
        ({"what": "refuse", "code": "invalid_client"}, "invalid_client", 200),
        (
            {"what": "refuse", "code": "temporarily_unavailable", "status": 503},
            "temporarily_unavailable",
            503,
        ),
    ],
)
def test_oauth_refusals_are_planted_in_their_own_shape(
    scene: Scene, rule: dict[str, object], error: str, status: int
) -> None:
    plant(scene, endpoint="oauth/*", **rule)
    reply = Developer(scene).refresh("rft.x")
    assert (error_of(reply), reply.status_code) == (error, status)


def test_a_lost_answer_to_a_refresh_has_spent_the_token(scene: Scene) -> None:
    control(scene, "POST", "accounts", {"username": "mia"}, 201)
    developer = Developer(scene)
    token = developer.connect("mia")["refresh_token"]
    plant(scene, what="lose", after_effect=True, endpoint="oauth/token")
    developer.refresh(token)
    assert error_of(developer.refresh(token)) == "invalid_grant"


def test_the_consent_page_can_be_down(scene: Scene) -> None:
    plant(scene, what="gateway", endpoint="auth/authorize")
    developer = Developer(scene)
    assert [developer.ask().status_code for _ in range(2)] == [502, 200]
