"""Every call of Login Kit and every chunk with every error that TikTok documents for it, over HTTP.

What the client makes of each, and what its user finally sees: code, cause, fix, whether to try again.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.contract import load_contract
from connector.domain.chunks import Chunk
from connector.domain.net import origin_of
from connector.engine.ports import TikTokError
from connector.engine.ports_tiktok import AppKeys, LoginError, TikTokLogin
from connector.kernel.clock import SystemClock
from connector.media.blobs import FileBlob
from connector.net import Egress
from connector.tiktok.client import TikTokClient
from connector.tiktok.login import LoginClient
from tests.contract.tiktok_canned import Canned, canned_server

CLOCK = SystemClock()
DATA: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "tiktok_errors.json").read_bytes())
OAUTH: dict[str, str] = next(found for found in DATA["lists"] if "2.8" in found["source"])["codes"]
CHUNKS: dict[str, str] = next(found for found in DATA["lists"] if "4.6" in found["source"])["codes"]
LOG_ID = "20220829194722CBE87ED59D524E727021"
APP = AppKeys(client_key="aw1", client_secret="s3cret")
PASSING = {"server_error", "temporarily_unavailable"}
ACTS: dict[str, Callable[[TikTokLogin], object]] = {
    "exchange": lambda login: login.exchange(APP, "c*d!e", "https://a.example/cb"),
    "refresh": lambda login: login.refresh(APP, "rft.1"),
    "revoke": lambda login: login.revoke(APP, "act.1"),
    "client_token": lambda login: login.client_token(APP),
}
STATUSES = (200, 400, 401)
"""TikTok does not document the HTTP status of these errors; all three have been seen (reference U1)."""


@pytest.fixture(scope="module")
def canned() -> Iterator[Canned]:
    """Run one canned server for this module."""
    with canned_server() as server:
        yield server


def egress(canned: Canned) -> Egress:
    """Return a way to the canned server alone."""
    return Egress(trusted=frozenset({origin_of(canned.url)}), clock=CLOCK)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("theirs", sorted(OAUTH))
@pytest.mark.parametrize("act", sorted(ACTS))
def test_each_documented_oauth_error_reaches_the_user_with_cause_and_fix(
    canned: Canned, act: str, theirs: str, status: int
) -> None:
    answer = {"error": theirs, "error_description": "TikTok's words", "log_id": LOG_ID}
    canned.lay(status, json.dumps(answer).encode())
    with pytest.raises(LoginError) as caught:
        ACTS[act](LoginClient(egress(canned), canned.url, "https://www.tiktok.com", CLOCK))
    error, entry = caught.value, load_contract().errors[OAUTH[theirs]]
    assert (error.call.code, error.call.status, error.call.log_id) == (theirs, status, LOG_ID)
    assert (error.code, error.message) == (OAUTH[theirs], "TikTok's words")
    assert error.transient is (theirs in PASSING)
    assert entry.retryable is (theirs in PASSING)
    assert entry.cause
    assert entry.fix


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(400, "refused"), (403, "refused"), (404, "refused"), (416, "refused"), (500, "retry"), (503, "retry")],
)
def test_each_documented_status_of_a_chunk_says_what_helps(
    canned: Canned, tmp_path: Path, status: int, outcome: str
) -> None:
    # A 416 that does not say how far TikTok is: that says no more than that this upload cannot go on.
    path = tmp_path / "v.mp4"
    path.write_bytes(b"x" * 10)
    canned.lay(status, b"")
    client = TikTokClient(egress(canned), canned.url, CLOCK)
    with pytest.raises(TikTokError) as caught:
        client.upload_chunk(
            f"{canned.url}/upload", FileBlob(path), Chunk(first=0, last=9, total=10), mime="video/mp4"
        )
    named = CHUNKS["5xx" if status >= 500 else str(status)]
    assert (caught.value.outcome, caught.value.code) == (outcome, named)
    assert load_contract().errors[named].fix
