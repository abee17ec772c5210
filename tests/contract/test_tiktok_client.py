"""The TikTok client against the sandbox as a real process: what it reads, and what each failure means."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from connector.domain.chunks import CHUNK_SIZE, Chunk, plan_chunks
from connector.domain.lifecycle import State
from connector.domain.net import origin_of
from connector.engine.model import Account, Post
from connector.engine.ports import TikTokError
from connector.kernel.clock import SystemClock
from connector.media.blobs import FileBlob
from connector.net import Egress
from connector.tiktok.client import TikTokClient
from tests.integration.sandbox.sandbox_process import Sandbox

CLOCK = SystemClock()
POST = Post(
    id="post_1",
    workspace_id="w",
    account_id="a",
    operation="post_video",
    kind="video",
    mode="direct",
    transfer="upload",
    state=State.SENDING,
    input={"title": "hi", "privacy": "SELF_ONLY"},
    receipt={},
    created_at=0,
    updated_at=0,
)

DRAFT = replace(POST, mode="inbox")


@dataclass
class Both:
    """A client and the sandbox that it talks to."""

    client: TikTokClient
    sandbox: Sandbox
    account: Account

    def init(self, size: int = 1000) -> str:
        """Open an upload and return its URL."""
        opened = self.client.init_video(self.account, POST, plan=plan_chunks(size), video_url=None)
        assert opened.upload_url is not None
        return opened.upload_url

    def fail(self, **faults: object) -> None:
        """Plant a fault."""
        self.sandbox.control("faults", faults)

    def last(self) -> dict[str, object]:
        """Return the sandbox's last line of its log."""
        line: dict[str, object] = self.sandbox.control("log")["log"][-1]
        return line


def client_of(url: str) -> TikTokClient:
    """Return a client that may reach `url` alone."""
    return TikTokClient(Egress(trusted=frozenset({origin_of(url)}), clock=CLOCK), url, CLOCK)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Run one sandbox for this module."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    sandbox.start()
    yield sandbox
    sandbox.stop()


def account_on(sandbox: Sandbox, **wanted: object) -> Account:
    """Open an account on a sandbox and return it as the ledger holds it."""
    made = sandbox.http.post(f"{sandbox.url}/_sandbox/accounts", json=wanted, timeout=10).json()
    return Account(
        id="a",
        workspace_id="w",
        open_id=made["open_id"],
        username=made["username"],
        access_token=made["access_token"],
    )


@pytest.fixture
def both(running: Sandbox) -> Iterator[Both]:
    """Give a client with an account of its own; no fault outlives its test."""
    account = account_on(running, rate_limits=False)
    yield Both(client_of(running.url), running, account)
    running.control("faults", {})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a file of seven chunks and a bit."""
    path = tmp_path / "v.mp4"
    with path.open("wb") as made:
        made.truncate(7 * CHUNK_SIZE + 5)
    return path


def failure(caught: pytest.ExceptionInfo[TikTokError]) -> tuple[str, str]:
    """Return what was concluded from a failure, and its code."""
    return caught.value.outcome, caught.value.code


def test_creator_info_is_read_with_its_log_id(both: Both) -> None:
    info = both.client.creator_info(both.account)
    assert info.username == both.account.username
    assert "SELF_ONLY" in info.privacy_level_options
    assert (info.call.code, len(info.call.log_id or "")) == ("ok", 34)


def test_an_upload_goes_through_in_chunks_and_status_tells_how_far(both: Both, file: Path) -> None:
    url, plan = both.init(file.stat().st_size), plan_chunks(file.stat().st_size)
    replies = [
        both.client.upload_chunk(url, FileBlob(file), chunk, mime="video/mp4") for chunk in plan.chunks()
    ]
    assert [reply.call.status for reply in replies] == [206] * 6 + [201]
    assert replies[2].uploaded == 3 * CHUNK_SIZE
    assert (replies[-1].uploaded, replies[-1].complete) == (plan.total, True)


def test_a_chunk_that_is_not_the_next_one_learns_what_tiktok_holds(both: Both, file: Path) -> None:
    url = both.init(file.stat().st_size)
    first, second, third, *_ = plan_chunks(file.stat().st_size).chunks()
    both.client.upload_chunk(url, FileBlob(file), first, mime="video/mp4")
    again = both.client.upload_chunk(url, FileBlob(file), first, mime="video/mp4")
    ahead = both.client.upload_chunk(url, FileBlob(file), third, mime="video/mp4")
    for reply in (again, ahead):
        assert reply.call.status == 416
        chunk = next(plan_chunks(file.stat().st_size).chunks(reply.uploaded))
        assert chunk == second


def test_a_repeated_last_chunk_is_told_as_complete(both: Both, tmp_path: Path) -> None:
    path = tmp_path / "small.mp4"
    path.write_bytes(b"x" * 1000)
    url, (whole,) = both.init(1000), plan_chunks(1000).chunks()
    assert both.client.upload_chunk(url, FileBlob(path), whole, mime="video/mp4").complete
    again = both.client.upload_chunk(url, FileBlob(path), whole, mime="video/mp4")
    assert (again.call.status, again.complete, again.uploaded) == (416, True, 1000)


def test_no_token_is_sent_with_a_chunk(both: Both, tmp_path: Path) -> None:
    path = tmp_path / "small.mp4"
    path.write_bytes(b"x" * 1000)
    (whole,) = plan_chunks(1000).chunks()
    both.client.upload_chunk(both.init(), FileBlob(path), whole, mime="video/mp4")
    assert "upload_token" in str(both.last()["path"])
    assert both.account.access_token not in str(both.last())


@pytest.mark.parametrize(
    ("times", "status", "outcome"), [(1, 500, "retry"), (1, 403, "refused"), (1, 404, "refused")]
)
def test_a_refused_chunk_says_whether_it_helps_to_send_it_again(
    both: Both, file: Path, times: int, status: int, outcome: str
) -> None:
    url = both.init(file.stat().st_size)
    both.fail(refuse={"endpoint": "upload", "status": status, "times": times})
    with pytest.raises(TikTokError) as caught:
        both.client.upload_chunk(
            url,
            FileBlob(file),
            Chunk(first=0, last=CHUNK_SIZE - 1, total=file.stat().st_size),
            mime="video/mp4",
        )
    assert failure(caught) == (outcome, "tiktok_upload_failed")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/upload",
        "https://eviltiktokapis.com/upload",
        "https://open-upload.tiktokapis.com.evil.example/upload",
        "https://open-upload.tiktokapis.com:8443/upload",
        "http://open-upload.tiktokapis.com/upload",
        "https://open-upload.tiktokapis.com:x/upload",
        "file:///etc/passwd",
        "",
    ],
)
def test_an_upload_url_on_a_strange_host_gets_no_byte(both: Both, file: Path, url: str) -> None:
    with pytest.raises(TikTokError) as caught:
        both.client.upload_chunk(url, FileBlob(file), Chunk(first=0, last=9, total=10), mime="video/mp4")
    assert failure(caught) == ("refused", "tiktok_upload_failed")


def test_a_refusal_of_an_init_had_no_effect(both: Both) -> None:
    both.fail(refuse={"endpoint": "video/init", "code": "spam_risk_too_many_posts"})
    with pytest.raises(TikTokError) as caught:
        both.init()
    assert failure(caught) == ("refused", "spam_risk_too_many_posts")
    assert caught.value.call.log_id


def test_a_lost_reply_of_an_init_is_unknown_and_never_sent_twice_by_itself(both: Both) -> None:
    before = len(both.sandbox.control("publishes")["publishes"])
    both.fail(lose_reply={"endpoint": "video/init"})
    with pytest.raises(TikTokError) as caught:
        both.init()
    assert failure(caught) == ("unknown", "tiktok_unreachable")
    assert len(both.sandbox.control("publishes")["publishes"]) == before + 1


@pytest.mark.parametrize(
    ("endpoint", "outcome"), [("video/init", "unknown"), ("creator_info/query", "retry")]
)
def test_a_server_error_is_unknown_for_an_init_and_asks_a_read_to_come_again(
    both: Both, endpoint: str, outcome: str
) -> None:
    both.fail(refuse={"endpoint": endpoint, "code": "internal_error", "status": 500})
    with pytest.raises(TikTokError) as caught:
        both.client.creator_info(both.account) if endpoint.startswith("creator") else both.init()
    assert failure(caught) == (outcome, "tiktok_internal_error")
    assert caught.value.call.code == "internal_error"


def test_a_full_minute_asks_to_come_again(both: Both) -> None:
    both.fail(refuse={"endpoint": "video/init", "code": "rate_limit_exceeded", "status": 429})
    with pytest.raises(TikTokError) as caught:
        both.init()
    assert failure(caught) == ("retry", "rate_limit_exceeded")


def test_an_error_code_under_http_200_is_no_success(both: Both) -> None:
    both.fail(refuse={"endpoint": "creator_info/query", "code": "reached_active_user_cap", "status": 200})
    with pytest.raises(TikTokError) as caught:
        both.client.creator_info(both.account)
    assert failure(caught) == ("refused", "reached_active_user_cap")


@pytest.mark.parametrize("ask", ["status", "cancel"])
def test_an_unknown_publish_id_is_told_as_one(both: Both, ask: str) -> None:
    with pytest.raises(TikTokError) as caught:
        getattr(both.client, ask)(both.account, "v_pub_file~v2-1.7600000000000000001")
    assert failure(caught) == ("refused", "invalid_publish_id")
    assert caught.value.call.code == "invalid_params"


def test_a_video_draft_goes_to_the_inbox(both: Both, tmp_path: Path) -> None:
    path = tmp_path / "small.mp4"
    path.write_bytes(b"x" * 1000)
    opened = both.client.init_video(both.account, DRAFT, plan=plan_chunks(1000), video_url=None)
    assert (opened.call.name, opened.publish_id[:15]) == ("inbox/video/init", "v_inbox_file~v2")
    assert opened.upload_url is not None
    (whole,) = plan_chunks(1000).chunks()
    assert both.client.upload_chunk(opened.upload_url, FileBlob(path), whole, mime="video/mp4").complete


def test_a_photo_draft_goes_to_the_inbox(both: Both) -> None:
    urls = [f"{both.sandbox.url}/a.jpg"]
    opened = both.client.init_photo(both.account, replace(DRAFT, kind="photo"), photo_urls=urls)
    assert opened.publish_id.startswith("p_inbox_url~v2.")
    assert opened.upload_url is None


def test_a_profile_is_read_as_far_as_the_scopes_go(both: Both) -> None:
    everything = frozenset({"user.info.basic", "user.info.profile", "user.info.stats"})
    info = both.client.user_info(both.account, everything)
    assert (info.open_id, info.username) == (both.account.open_id, both.account.username)
    assert info.follower_count is not None
    little = both.client.user_info(both.account, frozenset())
    assert (little.open_id, little.username, little.follower_count) == (both.account.open_id, None, None)


def test_an_account_without_posts_lists_no_videos(both: Both) -> None:
    page = both.client.video_list(both.account, before=1_790_000_000_000, limit=20)
    assert (page.videos, page.next_before, page.call.code) == ((), None, "ok")


def test_videos_of_others_are_left_out(both: Both) -> None:
    page = both.client.video_query(both.account, ["7600000000000000011"])
    assert (page.videos, page.call.code) == ((), "ok")


def test_a_post_that_has_ended_is_not_cancellable(both: Both) -> None:
    opened = both.client.init_video(
        both.account, POST, plan=None, video_url=f"{both.sandbox.url}/there-is-no-such.mp4"
    )
    seen = (both.client.status(both.account, opened.publish_id).status for _ in range(500))
    assert next(status for status in seen if status != "PROCESSING_DOWNLOAD") == "FAILED"
    with pytest.raises(TikTokError) as caught:
        both.client.cancel(both.account, opened.publish_id)
    assert failure(caught) == ("refused", "publish_not_cancellable")


def test_a_closed_port_means_that_nothing_was_sent(both: Both) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = client_of(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(TikTokError) as caught:
            client.creator_info(both.account)
    assert failure(caught) == ("unsent", "tiktok_unreachable")
