"""Every error that TikTok documents, provoked at the sandbox: what the user finally sees of it.

The tables are those of `tests/contract/data/tiktok_errors.json`: sections 4.10 (by endpoint), 4.9 (fail
reasons), 4.6 (chunks) and 2.8 (OAuth). What a user cannot reach yet (cancel, the Display API) is walked
through the client in `tests/contract/test_errors_matrix.py`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from benchmarks.big_video import pad
from connector.demo.host import MediaHost
from connector.demo.media import make_photo, make_video
from tests.running import House, call

pytest_plugins = ("tests.running",)

DATA: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "contract/data/tiktok_errors.json").read_text()
)
ROWS: dict[str, dict[str, Any]] = DATA["matrix"]["rows"]
REASONS: dict[str, str] = next(found for found in DATA["lists"] if found.get("fail_reasons"))["codes"]
OAUTH: dict[str, str] = next(found for found in DATA["lists"] if "2.8" in found["source"])["codes"]
APP_MATTERS = frozenset({"unaudited_client_can_only_post_to_private_accounts", "reached_active_user_cap"})
"""Refusals that teach something about the app, which changes what is sent afterwards."""

PASSING = frozenset({"rate_limit_exceeded", "internal_error"})
HELPED = frozenset({"internal", "video_pull_failed", "photo_pull_failed"})
DENIALS = (
    "access_denied",
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_response_type",
    "server_error",
    "temporarily_unavailable",
)
"""What RFC 6749 lets an authorization page come back with."""

WIDE, MORE_THAN_ONE_CHUNK = "wide.mp4", 65_000_000
Rows = dict[str, object]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One server of this module's own, whose sandbox is told to go wrong."""
    media = tmp_path_factory.mktemp("media")
    make_video(media / "clip.mp4", seconds=3, width=540, height=960)
    make_photo(media / "one.jpg", "JPEG")
    make_photo(media / "two.webp", "WEBP")
    pad(media / "clip.mp4", media / WIDE, MORE_THAN_ONE_CHUNK)
    with MediaHost(media) as host:
        built = House(tmp_path_factory.mktemp("matrix"), host.url, {})
        try:
            built.start()
            yield built
        finally:
            built.close()


@pytest.fixture
def fresh(place: House, tmp_path: Path) -> Iterator[House]:
    """A server to whose account nothing has been sent, so that its list leaves no doubt."""
    built = House(tmp_path, place.media_url, {})
    try:
        built.start()
        yield built
    finally:
        built.close()


@pytest.fixture(autouse=True)
def _no_rules_left(place: House) -> Iterator[None]:
    yield
    plant(place)


def codes_of(endpoint: str) -> list[str]:
    """Return the refusals that TikTok documents for an endpoint."""
    return [code for code, row in ROWS.items() if endpoint in row["endpoints"] and code not in PASSING]


def http_of(code: str, endpoint: str) -> int:
    """Return the HTTP status that TikTok documents for a refusal."""
    row = ROWS[code]
    return 200 if endpoint in row.get("http_200_on", []) else int(row["http"])


def plant(place: House, *rules: Mapping[str, object]) -> None:
    """Have these go wrong at the sandbox, and nothing else."""
    answer = call("PUT", f"{place.witness.url}/_sandbox/rules", json={"rules": list(rules)})
    assert answer.status == 200, answer.content


def refuse(endpoint: str, code: str, **more: object) -> dict[str, object]:
    """Return the rule that refuses one call of an endpoint with a documented error."""
    return {
        "endpoint": endpoint,
        "what": "refuse",
        "code": code,
        "status": http_of(code, endpoint),
        "message": "TikTok's words",
        **more,
    }


def send(place: House, kind: str, rows: Rows) -> str:
    """Accept a post; return its id."""
    answer = place.run(f"post_{kind}", {"allow_repeat": "yes", "post_mode": "direct", **rows})
    assert answer.status == 202, answer.content
    return str(answer.body["post_id"])


def rows_of(place: House, kind: str, title: str) -> Rows:
    """Return the rows of a post."""
    return place.video(title) if kind == "video" else place.photos(title)


def check_told(place: House, told: Mapping[str, Any], code: str) -> None:
    """Hold a failure to the catalogue: code, cause, fix, who must act, whether to try again."""
    entry = place.call("GET", f"/v1/errors/{told['error']}").body
    assert (told["ok"], told["error"]) == (False, code)
    assert told["message"]
    for name in ("fix", "who", "retryable"):
        assert told[name] == entry[name], name
    assert entry["fix"]
    assert entry["cause"]
    assert entry["fix"] != entry["cause"]


def calls_of(place: House, post_id: str, name: str) -> list[tuple[int | None, str | None]]:
    """Return (HTTP status, TikTok's code) of every call of a name in a post's timeline."""
    lines = place.status(post_id)["timeline"]
    return [(line["status"], line["code"]) for line in lines if line["call"] == name]


def forget(place: House) -> None:
    """Have the server forget what refusals have taught it of the sandbox's app, as an operator would."""
    key = place.witness.app()["client_key"]
    told = place.command("apps", "audit", key, "audited", "--home", str(place.home))
    assert told.returncode == 0, told.stderr


def expect_refused(place: House, told: Mapping[str, Any], code: str) -> None:
    """Hold the answer about a post that TikTok refused to what its user must see."""
    assert (told["state"], told["status"]) == ("failed", "failed")
    check_told(place, told, code)
    if code in APP_MATTERS:
        forget(place)


@pytest.mark.parametrize(("kind", "endpoint"), [("video", "video/init"), ("photos", "content/init")])
def test_a_refused_init_fails_the_post_with_tiktoks_own_code(place: House, kind: str, endpoint: str) -> None:
    for code in codes_of(endpoint):
        plant(place, refuse(endpoint, code))
        told = place.wait(send(place, kind, rows_of(place, kind, f"{kind} {code}")))
        expect_refused(place, told, code)
        assert calls_of(place, told["post_id"], endpoint)[-1] == (http_of(code, endpoint), code)
        assert (told["message"], bool(told["tiktok_log_id"])) == ("TikTok's words", True)


@pytest.mark.parametrize(("kind", "endpoint"), [("video", "inbox/video/init"), ("photos", "content/init")])
def test_a_refused_draft_fails_with_tiktoks_own_code(place: House, kind: str, endpoint: str) -> None:
    for code in codes_of(endpoint):
        plant(place, refuse(endpoint, code))
        rows = {**rows_of(place, kind, f"draft {kind} {code}"), "post_mode": "inbox"}
        told = place.wait(send(place, kind, rows))
        expect_refused(place, told, code)
        assert calls_of(place, told["post_id"], endpoint)[-1] == (http_of(code, endpoint), code)


@pytest.mark.parametrize("code", sorted(PASSING))
def test_what_passes_by_itself_brings_one_draft_to_the_inbox(place: House, code: str) -> None:
    plant(place, refuse("inbox/video/init", code))
    rows = {**place.video(f"draft {code}"), "post_mode": "inbox"}
    told = place.wait(send(place, "video", rows))
    assert (told["ok"], told["status"]) == (True, "inbox_delivered")
    assert (http_of(code, "inbox/video/init"), code) in calls_of(place, told["post_id"], "inbox/video/init")


def test_a_creator_who_may_not_post_is_told_why_before_any_init(place: House) -> None:
    for code in codes_of("creator_info/query"):
        plant(place, refuse("creator_info/query", code))
        inits = place.witness.inits()
        told = place.wait(send(place, "video", place.video(f"creator {code}")))
        expect_refused(place, told, code)
        assert place.witness.inits() == inits


@pytest.mark.parametrize("endpoint", ["creator_info/query", "video/init", "content/init", "status/fetch"])
@pytest.mark.parametrize("code", sorted(PASSING))
def test_what_passes_by_itself_is_tried_again_and_posts_once(place: House, endpoint: str, code: str) -> None:
    kind = "photos" if endpoint == "content/init" else "video"
    title = f"{endpoint} {code}"
    plant(place, refuse(endpoint, code))
    told = place.wait(send(place, kind, rows_of(place, kind, title)))
    assert (told["ok"], told["status"]) == (True, "published_public")
    assert (http_of(code, endpoint), code) in calls_of(place, told["post_id"], endpoint)
    assert len(place.witness.posts(title)) == 1


@pytest.mark.parametrize("code", codes_of("status/fetch"))
def test_a_status_that_is_refused_is_asked_again(place: House, code: str) -> None:
    plant(place, refuse("status/fetch", code))
    told = place.wait(send(place, "video", place.video(f"status {code}")))
    assert (told["ok"], told["status"]) == (True, "published_public")
    assert (http_of(code, "status/fetch"), code) in calls_of(place, told["post_id"], "status/fetch")


def test_a_status_that_is_always_refused_matters_little_while_webhooks_arrive(place: House) -> None:
    plant(place, refuse("status/fetch", "token_not_authorized_for_specified_publish_id", times=None))
    told = place.wait(send(place, "video", place.video("only webhooks tell")))
    assert (told["ok"], told["status"]) == (True, "published_public")


def test_a_status_that_is_always_refused_and_no_webhook_are_made_up_for_by_the_accounts_list(
    fresh: House,
) -> None:
    plant(fresh, refuse("status/fetch", "token_not_authorized_for_specified_publish_id", times=None))
    fresh.witness.change_app(webhook_url=None)
    told = fresh.wait(send(fresh, "video", fresh.video("only the list tells")))
    assert (told["ok"], told["status"]) == (True, "published_public")
    (post,) = fresh.witness.posts("only the list tells")
    assert told["tiktok_post_ids"] == [str(post["post_id"])]
    assert calls_of(fresh, told["post_id"], "video/list") == [(200, "ok")]


def test_a_status_that_is_always_refused_and_no_webhook_leave_it_to_a_person(place: House) -> None:
    code = "token_not_authorized_for_specified_publish_id"
    unlisted = refuse("video/list", "scope_not_authorized", times=None)
    plant(place, refuse("status/fetch", code, times=None), unlisted)
    app = place.witness.app()
    place.witness.change_app(webhook_url=None)
    try:
        told = place.wait(send(place, "video", place.video("nobody tells")))
    finally:
        place.witness.change_app(webhook_url=app["webhook_url"])
    assert (told["state"], told["status"], told["error"]) == ("pending", "unconfirmed", "unconfirmed")
    assert code in told["message"]
    assert told["fix"] == place.call("GET", "/v1/errors/unconfirmed").body["fix"]


@pytest.mark.parametrize("kind", ["video", "photos"])
def test_every_fail_reason_ends_the_post_with_its_cause(place: House, kind: str) -> None:
    final = {reason: code for reason, code in REASONS.items() if reason not in HELPED}
    sent = {reason: send(place, kind, rows_of(place, kind, f"{kind} #fault:{reason}")) for reason in final}
    for reason, code in final.items():
        told = place.wait(sent[reason])
        expect_refused(place, told, code)
        assert told["fail_reason"] == reason


@pytest.mark.parametrize("kind", ["video", "photos"])
def test_a_fail_reason_that_may_pass_is_cured_by_a_new_attempt(place: House, kind: str) -> None:
    titles = {reason: f"{kind} #fault:{reason}:x1" for reason in HELPED}
    sent = {reason: send(place, kind, rows_of(place, kind, title)) for reason, title in titles.items()}
    for reason, title in titles.items():
        told = place.wait(sent[reason])
        assert (told["ok"], told["status"]) == (True, "published_public")
        assert len(place.witness.posts(title)) == 1
        assert any(reason in line["decision"] for line in place.status(sent[reason])["timeline"])


@pytest.mark.parametrize("status", [403, 404, 416, 500, 503])
def test_a_refused_chunk_costs_an_attempt_at_most(place: House, status: int) -> None:
    title = f"wide #fault:chunk:{status}"
    rows = place.video(title, source_url=f"{place.media_url}/{WIDE}")
    told = place.wait(send(place, "video", rows))
    assert (told["ok"], told["status"]) == (True, "published_public")
    assert status in [line[0] for line in calls_of(place, told["post_id"], "PUT upload")]
    assert len(place.witness.posts(title)) == 1


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_last_chunk_that_is_refused_opens_no_second_task(place: House, status: int) -> None:
    title = f"narrow #fault:chunk:{status}"
    post_id = send(place, "video", place.video(title))
    told = place.wait(post_id, seconds=2)
    assert (told["ok"], told["state"], told["status"]) == (True, "pending", "processing")
    assert len(place.witness.publishes(title)) == 1


def begin_login(place: House) -> str:
    """Begin to connect an account as a program does; return the state that TikTok would give back."""
    answer = place.call("POST", "/v1/accounts/connect", json={"port": 8765})
    assert answer.status == 200, answer.content
    return str(parse_qs(urlsplit(answer.body["authorize_url"]).query)["state"][0])


def come_back(place: House, **query: str) -> tuple[int, dict[str, Any]]:
    """Come back from TikTok's consent page with a query."""
    answer = place.call("POST", "/v1/accounts/connect/finish", json={"query": urlencode(query)})
    return answer.status, answer.body


@pytest.mark.parametrize(("theirs", "ours"), sorted(OAUTH.items()))
def test_a_login_that_tiktok_does_not_exchange_says_why(place: House, theirs: str, ours: str) -> None:
    rule = {"endpoint": "oauth/token", "what": "refuse", "code": theirs, "message": "TikTok's words"}
    plant(place, rule)
    status, told = come_back(place, code="a-code", state=begin_login(place), scopes="user.info.basic")
    passing = theirs in {"server_error", "temporarily_unavailable"}
    check_told(place, told, "tiktok_unreachable" if passing else ours)
    assert status == place.call("GET", f"/v1/errors/{told['error']}").body["http"]
    assert told["message"] == "TikTok's words"


@pytest.mark.parametrize("theirs", DENIALS)
def test_a_login_that_is_denied_says_why(place: House, theirs: str) -> None:
    query = {"error": theirs, "error_description": "TikTok's words", "state": begin_login(place)}
    status, told = come_back(place, **query)
    check_told(place, told, OAUTH[theirs])
    assert status == place.call("GET", f"/v1/errors/{told['error']}").body["http"]
    assert told["message"] == "TikTok's words"
