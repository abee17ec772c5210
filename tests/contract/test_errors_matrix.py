"""Every endpoint of the Content Posting API with every error that TikTok documents for it, over HTTP.

What the client makes of each, and what its user finally sees: code, cause, fix, whether to try again.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.contract import load_contract
from connector.domain.chunks import plan_chunks
from connector.domain.lifecycle import State
from connector.domain.net import origin_of
from connector.engine.model import Account, Failure, Mode, Post
from connector.engine.outputs import failure_members
from connector.engine.ports import TikTokError
from connector.engine.ports_tiktok import FullTikTok
from connector.kernel.clock import SystemClock
from connector.net import Egress
from connector.tiktok.client import TikTokClient
from connector.tiktok.wire import our_code
from tests.contract.tiktok_canned import Canned, canned_server

CLOCK = SystemClock()
DATA: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "tiktok_errors.json").read_bytes())
LOG_ID = "20220829194722CBE87ED59D524E727021"
ACCOUNT = Account(id="a", workspace_id="w", open_id="-000a", username="mia", access_token="act.x")
INITS = {"video/init", "inbox/video/init", "content/init"}


def post(mode: Mode) -> Post:
    """A post as the ledger holds it."""
    return Post(
        id="post_1",
        workspace_id="w",
        account_id="a",
        operation="post_video",
        kind="video",
        mode=mode,
        transfer="upload",
        state=State.SENDING,
        input={"title": "hi", "privacy": "SELF_ONLY"},
        receipt={},
        created_at=0,
        updated_at=0,
    )


PLAN = plan_chunks(1000)
URLS = ["https://p.example/a.jpg"]
ACTS: dict[str, Callable[[FullTikTok], object]] = {
    "creator_info/query": lambda tiktok: tiktok.creator_info(ACCOUNT),
    "video/init": lambda tiktok: tiktok.init_video(ACCOUNT, post("direct"), plan=PLAN, video_url=None),
    "inbox/video/init": lambda tiktok: tiktok.init_video(ACCOUNT, post("inbox"), plan=PLAN, video_url=None),
    "content/init": lambda tiktok: tiktok.init_photo(ACCOUNT, post("direct"), photo_urls=URLS),
    "status/fetch": lambda tiktok: tiktok.status(ACCOUNT, "v_pub_file~v2-1.76"),
    "cancel": lambda tiktok: tiktok.cancel(ACCOUNT, "v_pub_url~v2.76"),
    "user/info": lambda tiktok: tiktok.user_info(ACCOUNT, frozenset()),
    "video/list": lambda tiktok: tiktok.video_list(ACCOUNT),
    "video/query": lambda tiktok: tiktok.video_query(ACCOUNT, ["7600000000000000011"]),
}


def cells() -> Iterator[tuple[str, str, int]]:
    """Every endpoint, code and HTTP status of TikTok's table."""
    for code, row in DATA["matrix"]["rows"].items():
        for endpoint in row["endpoints"]:
            yield endpoint, code, 200 if endpoint in row.get("http_200_on", []) else row["http"]
    for endpoint in ("user/info", "video/list", "video/query"):
        yield from ((endpoint, code, http) for code, http in DATA["global_statuses"].items())


@pytest.fixture(scope="module")
def canned() -> Iterator[Canned]:
    """Run one canned server for this module."""
    with canned_server() as server:
        yield server


def fail(canned: Canned, endpoint: str) -> TikTokError:
    """Return what a call of `endpoint` fails with."""
    egress = Egress(trusted=frozenset({origin_of(canned.url)}), clock=CLOCK)
    with pytest.raises(TikTokError) as caught:
        ACTS[endpoint](TikTokClient(egress, canned.url, CLOCK))
    return caught.value


@pytest.mark.parametrize(("endpoint", "code", "status"), list(cells()))
def test_each_documented_error_reaches_the_user_with_cause_and_fix(
    canned: Canned, endpoint: str, code: str, status: int
) -> None:
    answer = {"data": {}, "error": {"code": code, "message": "TikTok's words", "log_id": LOG_ID}}
    canned.lay(status, json.dumps(answer).encode())
    error = fail(canned, endpoint)
    assert (error.call.name, error.call.code, error.call.status) == (endpoint, code, status)
    assert (error.code, error.message, error.call.log_id) == (our_code(code), "TikTok's words", LOG_ID)
    failure = Failure(code=error.code, message=error.message, tiktok_log_id=error.call.log_id)
    told = failure_members(load_contract(), failure)
    entry = load_contract().errors[error.code]
    assert (told["fix"], told["retryable"]) == (entry.fix, entry.retryable)
    assert entry.cause
    if status == 429:
        assert error.outcome == "retry"
    elif status >= 500:
        assert error.outcome == ("unknown" if endpoint in INITS else "retry")
    else:
        assert error.outcome == "refused"


@pytest.mark.parametrize("endpoint", sorted(ACTS))
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"data":{}}'])
def test_an_unreadable_answer_is_never_taken_for_success(canned: Canned, endpoint: str, body: bytes) -> None:
    canned.lay(200, body)
    error = fail(canned, endpoint)
    assert error.code == "tiktok_error"
    assert error.outcome == ("unknown" if endpoint in INITS else "retry")


@pytest.mark.parametrize("endpoint", sorted(INITS))
def test_an_init_without_a_publish_id_may_have_had_its_effect(canned: Canned, endpoint: str) -> None:
    canned.lay(200, b'{"data":{},"error":{"code":"ok","message":"","log_id":""}}')
    assert fail(canned, endpoint).outcome == "unknown"


@pytest.mark.parametrize("endpoint", sorted(ACTS))
def test_every_call_carries_the_accounts_token_and_goes_where_tiktok_has_it(
    canned: Canned, endpoint: str
) -> None:
    canned.asked.clear()
    canned.lay(403, json.dumps({"error": {"code": "scope_not_authorized"}}).encode())
    fail(canned, endpoint)
    (asked,) = canned.asked
    assert asked.headers["authorization"] == "Bearer act.x"
    assert asked.method == ("GET" if endpoint == "user/info" else "POST")
    assert f"/{endpoint}/" in asked.path.partition("?")[0]
    assert ("?fields=" in asked.path) == (endpoint in {"user/info", "video/list", "video/query"})
