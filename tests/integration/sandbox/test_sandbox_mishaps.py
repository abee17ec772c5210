"""The sandbox as a real process: mishaps on the wire, webhooks to a receiver, time moved, careful pulls."""

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.integration.sandbox.sandbox_hook_host import HookHost, hook_host
from tests.integration.sandbox.sandbox_process import (
    PATIENCE,
    MediaHost,
    Sandbox,
    Wire,
    media_host,
    running_sandbox,
    until,
)
from tests.unit.sandbox.sandbox_helpers import movie, one_chunk, picture

HOUR = 3600 * 1000


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Give a running sandbox that works at once."""
    with running_sandbox(tmp_path / "home") as sandbox:
        yield sandbox


@pytest.fixture
def host() -> Iterator[MediaHost]:
    """Give a media host."""
    with media_host() as host:
        yield host


@pytest.fixture
def hook(sandbox: Sandbox) -> Iterator[HookHost]:
    """Give a receiver to which the default app's webhooks go."""
    with hook_host() as host:
        told(sandbox, "PATCH", "apps/sbdefault", {"webhook_url": host.url})
        yield host


def told(sandbox: Sandbox, method: str, path: str, body: object = None) -> Wire:
    """Call the control API."""
    url = f"{sandbox.url}/_sandbox/{path}"
    reply = sandbox.http.request(method, url, json=body, timeout=PATIENCE)
    assert reply.ok, reply.text
    answer: Wire = reply.json() if reply.content else {}
    return answer


def plant(sandbox: Sandbox, **rule: object) -> None:
    """Plant a rule."""
    told(sandbox, "POST", "rules", rule)


def pair(sandbox: Sandbox) -> tuple[Wire, Wire]:
    """Return an app and the tokens of a new creator for it."""
    app = told(sandbox, "POST", "apps", {"name": "x"})
    account = told(sandbox, "POST", "accounts", {"rate_limits": False})
    grant = {"username": account["username"], "client_key": app["client_key"]}
    return app, told(sandbox, "POST", "grants", grant)


def only_webhook(sandbox: Sandbox) -> Wire:
    """Return the one webhook that there is."""
    [item] = sandbox.control("webhooks")["webhooks"]
    found: Wire = item
    return found


def wait_for_tries(sandbox: Sandbox, count: int) -> None:
    """Wait until the one webhook was tried so often."""
    until(lambda: len(only_webhook(sandbox)["tries"]) == count)


def refresh(sandbox: Sandbox, app: Wire, token: str) -> Wire:
    """Call the token endpoint on a connection of its own."""
    form = {"client_key": app["client_key"], "client_secret": app["client_secret"]}
    form |= {"grant_type": "refresh_token", "refresh_token": token}
    with requests.Session() as http:
        http.trust_env = False
        answer: Wire = http.post(f"{sandbox.url}/v2/oauth/token/", data=form, timeout=PATIENCE).json()
    return answer


@pytest.mark.parametrize("what", ["lose", "reset", "truncate"])
@pytest.mark.parametrize("after_effect", [False, True])
def test_a_connection_that_goes_wrong_is_felt_as_such(
    sandbox: Sandbox, what: str, after_effect: bool
) -> None:
    client = sandbox.client()
    plant(sandbox, what=what, after_effect=after_effect, endpoint="video/init")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.one_chunk_init(1000)
    had_effect = after_effect or what == "truncate"
    assert len(sandbox.control("publishes")["publishes"]) == had_effect
    assert "publish_id" in client.one_chunk_init(1000)


def test_a_reset_is_a_reset(sandbox: Sandbox) -> None:
    client = sandbox.client()
    plant(sandbox, what="reset", endpoint="creator_info/query")
    with pytest.raises(requests.ConnectionError, match=r"(?i)reset"):
        client.call("creator_info/query")


def test_an_upload_whose_connection_is_cut_again_and_again_completes(sandbox: Sandbox) -> None:
    client, data = sandbox.client(), movie(tail=os.urandom(30_000_000))
    size, chunk, count = len(data), 5_300_000, 5
    source = {"source": "FILE_UPLOAD", "video_size": size, "chunk_size": chunk, "total_chunk_count": count}
    made = client.video_init(source)
    plant(sandbox, what="cut", endpoint="upload", after_bytes=2_000_000, times=4)
    ends = [chunk * number for number in range(1, count)] + [size]
    at, cuts = 0, 0
    for end in ends:
        while at < end:
            try:
                client.put(made["upload_url"], data[at:end], at, size)
                at = end
            except requests.ConnectionError:
                cuts += 1
                assert client.status(made["publish_id"])["uploaded_bytes"] == at
    assert cuts == 4
    [post] = sandbox.control("posts")["posts"]
    assert post["media"][0]["sha256"] == hashlib.sha256(data).hexdigest()


def test_of_many_refreshes_at_once_one_wins(sandbox: Sandbox) -> None:
    app, tokens = pair(sandbox)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: refresh(sandbox, app, tokens["refresh_token"]), range(8)))
    assert [answer.get("error") for answer in answers].count("invalid_grant") == 7


def test_a_refresh_whose_answer_is_lost_is_given_again_within_the_grace(sandbox: Sandbox) -> None:
    sandbox.control("behaviour", {"refresh_grace_s": 60})
    app, tokens = pair(sandbox)
    plant(sandbox, what="lose", after_effect=True, endpoint="oauth/token")
    with pytest.raises(requests.ConnectionError):
        refresh(sandbox, app, tokens["refresh_token"])
    again = refresh(sandbox, app, tokens["refresh_token"])
    assert again["refresh_token"] != tokens["refresh_token"]
    told(sandbox, "POST", "clock/advance", {"ms": 60_000})
    assert refresh(sandbox, app, tokens["refresh_token"])["error"] == "invalid_grant"


def test_a_day_passes_in_a_moment(sandbox: Sandbox) -> None:
    _, tokens = pair(sandbox)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    url = f"{sandbox.url}/v2/user/info/?fields=open_id"
    before = sandbox.http.get(url, headers=headers, timeout=PATIENCE).status_code
    told(sandbox, "POST", "clock/advance", {"ms": 24 * HOUR})
    after = sandbox.http.get(url, headers=headers, timeout=PATIENCE).status_code
    assert (before, after) == (200, 401)


def test_a_webhook_comes_by_itself_and_its_signature_holds(sandbox: Sandbox, hook: HookHost) -> None:
    sandbox.control("dial", {"mode": "seconds", "processing": 0.2, "moderation": 0.2})
    client, data = sandbox.client(), movie()
    made = client.video_init(one_chunk(len(data)), "PUBLIC_TO_EVERYONE")
    client.put(made["upload_url"], data, 0, len(data))
    hook.wait_for(2, PATIENCE)
    events = [json.loads(body)["event"] for body, _ in hook.got]
    assert events == ["post.publish.complete", "post.publish.publicly_available"]
    body, header = hook.got[0]
    t, _, s = header.removeprefix("t=").partition(",s=")
    assert s == hmac.new(b"sbdefault-secret", t.encode() + b"." + body, hashlib.sha256).hexdigest()


def test_72_hours_of_retries_pass_in_seconds(sandbox: Sandbox, hook: HookHost) -> None:
    hook.statuses = [500]
    sandbox.control("clock", {"frozen": True})
    body = {"client_key": "sbdefault", "event": "post.publish.complete"}
    told(sandbox, "POST", "webhooks", body)
    for count in range(1, 8):
        wait_for_tries(sandbox, count)
        told(sandbox, "POST", "clock/advance", {"ms": 12 * HOUR})
    assert only_webhook(sandbox)["state"] == "dropped"
    assert len(hook.got) == 7


def test_webhooks_survive_kill_9(sandbox: Sandbox, hook: HookHost) -> None:
    hook.statuses = [503, 200]
    sandbox.control("behaviour", {"webhook_retry_s": 3600})
    told(sandbox, "POST", "webhooks", {"event": "post.publish.complete"})
    hook.wait_for(1, PATIENCE)
    sandbox.kill()
    sandbox.start()
    told(sandbox, "POST", "clock/advance", {"ms": 2 * HOUR})
    hook.wait_for(2, PATIENCE)
    assert hook.got[0][0] == hook.got[1][0]


def test_a_pull_by_ranges_brings_the_very_bytes(sandbox: Sandbox, host: MediaHost) -> None:
    sandbox.control("behaviour", {"pull_range_bytes": 1000, "pull_head_first": True})
    client, data = sandbox.client(), picture("JPEG", 600, 600)
    url = host.serve_ranges("/a", data)
    publish_id = client.photos_init(url)
    assert client.settled(publish_id)["status"] == "PUBLISH_COMPLETE"
    [post] = sandbox.control("posts")["posts"]
    assert post["media"][0]["sha256"] == hashlib.sha256(data).hexdigest()
    assert host.methods == ["HEAD"] + ["GET"] * -(-len(data) // 1000)


def test_a_server_that_knows_no_ranges_is_pulled_whole(sandbox: Sandbox, host: MediaHost) -> None:
    sandbox.control("behaviour", {"pull_range_bytes": 100})
    client = sandbox.client()
    publish_id = client.photos_init(host.serve("/a", picture("JPEG")))
    assert client.settled(publish_id)["status"] == "PUBLISH_COMPLETE"
    assert host.asked == ["/a"]


def test_a_pull_from_a_verified_property_is_taken(sandbox: Sandbox, host: MediaHost) -> None:
    sandbox.control("behaviour", {"demand_ownership": True})
    told(sandbox, "PATCH", "apps/sbdefault", {"properties": [f"{host.url}/own/"]})
    client = sandbox.client()
    publish_id = client.photos_init(host.serve("/own/a", picture("JPEG")))
    assert client.settled(publish_id)["status"] == "PUBLISH_COMPLETE"


def test_a_pull_that_takes_longer_than_an_hour_fails(sandbox: Sandbox, host: MediaHost) -> None:
    client = sandbox.client()
    publish_id = client.photos_init(host.refuse("/a", 503, Retry_After="1"))
    told(sandbox, "POST", "clock/advance", {"ms": HOUR})
    assert client.settled(publish_id)["fail_reason"] == "photo_pull_failed"


def test_removing_the_app_ends_a_pull_and_its_token(sandbox: Sandbox, host: MediaHost) -> None:
    client = sandbox.client(username="mia")
    client.photos_init(host.refuse("/a", 503, Retry_After="1"))
    told(sandbox, "DELETE", "grants/sbdefault/mia")
    [task] = sandbox.control("publishes")["publishes"]
    assert (task["status"], task["fail_reason"]) == ("FAILED", "auth_removed")
    assert client.call("creator_info/query")["error"]["code"] == "access_token_invalid"
