"""The sandbox as a real process: uploads, pulls, faults, kill -9 and its own end."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
import requests

from tests.integration.sandbox.sandbox_process import (
    PATIENCE,
    PROGRAM,
    MediaHost,
    Sandbox,
    Wire,
    begin_put,
    media_host,
    put_alone,
    running_sandbox,
    until,
)
from tests.running import part_sizes
from tests.unit.sandbox.sandbox_helpers import movie, picture

PUBLIC = "PUBLIC_TO_EVERYONE"


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


def last_logged(sandbox: Sandbox) -> Wire:
    """Return the newest line of the request log."""
    line: Wire = sandbox.control("log")["log"][-1]
    return line


def test_an_upload_by_chunks_is_published_with_the_very_bytes(sandbox: Sandbox) -> None:
    client, data = sandbox.client(), movie(tail=os.urandom(16_000_000))
    size, chunk = len(data), 5_300_000
    source = {"source": "FILE_UPLOAD", "video_size": size, "chunk_size": chunk, "total_chunk_count": 3}
    made = client.video_init(source, PUBLIC)
    starts = [0, chunk, 2 * chunk]
    ends = [chunk, 2 * chunk, size]
    replies = [
        client.put(made["upload_url"], data[first:end], first, size)
        for first, end in zip(starts, ends, strict=True)
    ]
    assert [reply.status_code for reply in replies] == [206, 206, 201]
    assert [reply.headers["Content-Range"] for reply in replies] == [f"bytes 0-{end}/{size}" for end in ends]
    done = client.status(made["publish_id"])
    [post] = sandbox.control("posts")["posts"]
    assert [str(number) for number in done["publicaly_available_post_id"]] == [post["post_id"]]
    stored = sandbox.http.get(f"{sandbox.url}/_sandbox/media/{post['media'][0]['sha256']}", timeout=PATIENCE)
    assert stored.content == data
    assert "<video" in sandbox.http.get(post["share_url"], timeout=PATIENCE).text


def test_photos_are_pulled_and_published(sandbox: Sandbox, host: MediaHost) -> None:
    client = sandbox.client()
    jpeg, webp = picture("JPEG"), picture("WEBP")
    publish_id = client.photos_init(host.serve("/a", jpeg), host.serve("/b", webp))
    done = client.settled(publish_id)
    [post] = sandbox.control("posts")["posts"]
    assert publish_id.startswith("p_pub_url~v2.")
    assert (done["status"], done["downloaded_bytes"]) == ("PUBLISH_COMPLETE", len(jpeg) + len(webp))
    assert [item["content_type"] for item in post["media"]] == ["image/jpeg", "image/webp"]


def test_a_video_is_pulled_and_published(sandbox: Sandbox, host: MediaHost) -> None:
    client = sandbox.client()
    url = host.serve("/v.mp4", movie())
    made = client.video_init({"source": "PULL_FROM_URL", "video_url": url})
    assert "upload_url" not in made
    assert client.settled(made["publish_id"])["status"] == "PUBLISH_COMPLETE"


def test_one_bad_picture_fails_the_whole_post(sandbox: Sandbox, host: MediaHost) -> None:
    client = sandbox.client()
    publish_id = client.photos_init(host.serve("/a", picture("JPEG")), host.serve("/b", picture("PNG")))
    assert client.settled(publish_id)["fail_reason"] == "file_format_check_failed"
    assert sandbox.control("posts")["posts"] == []


def test_a_media_url_that_answers_503_is_asked_again(sandbox: Sandbox, host: MediaHost) -> None:
    client = sandbox.client()
    wait = (503, {"Retry_After": "0"})
    publish_id = client.photos_init(host.serve("/a", picture("JPEG"), wait, wait))
    assert client.settled(publish_id)["status"] == "PUBLISH_COMPLETE"
    assert host.asked == ["/a"] * 3


@pytest.mark.parametrize(("status", "headers"), [(410, {}), (404, {}), (302, {"Location": "/ok"}), (500, {})])
def test_a_media_url_that_refuses_or_redirects_fails_the_pull(
    sandbox: Sandbox, host: MediaHost, status: int, headers: dict[str, str]
) -> None:
    client = sandbox.client()
    host.serve("/ok", picture("JPEG"))
    publish_id = client.photos_init(host.refuse("/a", status, **headers))
    assert client.settled(publish_id)["fail_reason"] == "photo_pull_failed"
    assert host.asked == ["/a"]


def test_patience_with_503_ends(sandbox: Sandbox, host: MediaHost) -> None:
    client = sandbox.client()
    sandbox.control("dial", {"mode": "immediate", "pull_patience": 1})
    made = client.video_init(
        {"source": "PULL_FROM_URL", "video_url": host.refuse("/v", 503, Retry_After="0")}
    )
    assert client.settled(made["publish_id"])["fail_reason"] == "video_pull_failed"
    assert len(host.asked) > 1


def test_a_pull_can_be_cancelled_while_it_goes_on(sandbox: Sandbox, host: MediaHost) -> None:
    client = sandbox.client()
    publish_id = client.photos_init(host.refuse("/a", 503, Retry_After="1"))
    assert client.call("cancel", {"publish_id": publish_id})["error"]["code"] == "ok"
    assert client.status(publish_id)["fail_reason"] == "publish_cancelled"
    again = client.call("cancel", {"publish_id": publish_id})
    assert again["error"]["code"] == "publish_not_cancellable"


def test_a_pull_that_kill_9_cut_short_begins_anew(sandbox: Sandbox, host: MediaHost) -> None:
    client = sandbox.client()
    publish_id = client.photos_init(host.refuse("/a", 503, Retry_After="1"))
    until(lambda: bool(host.asked))
    sandbox.kill()
    host.serve("/a", picture("JPEG"))
    sandbox.start()
    assert client.settled(publish_id)["status"] == "PUBLISH_COMPLETE"


def test_kill_9_within_a_put_counts_none_of_its_bytes(sandbox: Sandbox) -> None:
    client, data = sandbox.client(), movie(tail=bytes(1_000_000))
    made = client.one_chunk_init(len(data))
    sandbox.control("faults", {"hold_upload_after_bytes": 500_000})
    connection = begin_put(made["upload_url"], data[:600_000], len(data))
    until(lambda: any(part_sizes(sandbox.home)))
    sandbox.kill()
    connection.close()
    sandbox.start()
    sandbox.control("faults", {})
    assert client.status(made["publish_id"])["uploaded_bytes"] == 0
    assert list((sandbox.home / "media").rglob("*.part")) == []
    assert sandbox.control("log")["log"][1]["outcome"] == "broken_off"
    url = sandbox.url + made["upload_url"][made["upload_url"].index("/upload") :]
    assert client.put(url, data, 0, len(data)).status_code == 201
    assert len(sandbox.control("posts")["posts"]) == 1


def test_a_held_put_whose_sender_is_gone_counts_if_all_its_bytes_are_here(sandbox: Sandbox) -> None:
    client, data = sandbox.client(), movie(tail=bytes(100_000))
    made = client.one_chunk_init(len(data))
    sandbox.control("faults", {"hold_upload_after_bytes": 50_000})
    connection = begin_put(made["upload_url"], data, len(data))
    until(lambda: part_sizes(sandbox.home) == [50_000])
    connection.close()
    until(lambda: sandbox.control("log")["log"][1]["outcome"] != "open")
    assert sandbox.control("log")["log"][1]["status"] == 201


def test_a_held_put_goes_on_when_it_is_released(sandbox: Sandbox) -> None:
    client, data = sandbox.client(), movie(tail=bytes(1_000_000))
    made = client.one_chunk_init(len(data))
    sandbox.control("faults", {"hold_upload_after_bytes": 400_000})
    replies: list[requests.Response] = []
    sender = Thread(target=lambda: replies.append(put_alone(made["upload_url"], data)))
    sender.start()
    until(lambda: part_sizes(sandbox.home) == [400_000])
    assert client.status(made["publish_id"])["uploaded_bytes"] == 0
    sandbox.control("faults", {"hold_upload_after_bytes": None})
    sender.join(PATIENCE)
    assert [reply.status_code for reply in replies] == [201]


def test_a_held_put_whose_sender_goes_is_logged_as_broken_off(sandbox: Sandbox) -> None:
    client, data = sandbox.client(), movie(tail=bytes(100_000))
    made = client.one_chunk_init(len(data))
    sandbox.control("faults", {"hold_upload_after_bytes": 0})
    begin_put(made["upload_url"], data[:1000], len(data)).close()
    until(lambda: last_logged(sandbox)["outcome"] == "broken_off")
    line = last_logged(sandbox)
    assert (line["method"], line["status"], line["publish_id"]) == ("PUT", None, made["publish_id"])
    assert client.status(made["publish_id"])["uploaded_bytes"] == 0


def test_a_body_shorter_than_its_length_is_not_counted(sandbox: Sandbox) -> None:
    client, data = sandbox.client(), movie()
    made = client.one_chunk_init(len(data))
    begin_put(made["upload_url"], data[:-1], len(data)).close()
    until(lambda: last_logged(sandbox)["outcome"] == "broken_off")
    assert client.status(made["publish_id"])["uploaded_bytes"] == 0


def test_a_lost_reply_has_its_effect(sandbox: Sandbox) -> None:
    client = sandbox.client()
    sandbox.control("faults", {"lose_reply": {"endpoint": "video/init", "times": 1}})
    with pytest.raises(requests.ConnectionError):
        client.one_chunk_init(1000)
    [task] = sandbox.control("publishes")["publishes"]
    line = last_logged(sandbox)
    assert (line["publish_id"], line["outcome"]) == (task["publish_id"], "reply_lost")
    assert client.one_chunk_init(1000)["publish_id"] != task["publish_id"]


def test_a_lost_reply_to_a_put_has_stored_the_chunk(sandbox: Sandbox) -> None:
    client, data = sandbox.client(), movie()
    made = client.one_chunk_init(len(data))
    sandbox.control("faults", {"lose_reply": {"endpoint": "upload", "times": 1}})
    with pytest.raises(requests.ConnectionError):
        client.put(made["upload_url"], data, 0, len(data))
    assert client.status(made["publish_id"])["uploaded_bytes"] == len(data)


def test_the_seventh_init_within_a_minute_is_429(sandbox: Sandbox) -> None:
    client = sandbox.client()
    for _ in range(6):
        client.one_chunk_init(1000)
    body = {"post_info": {"privacy_level": "SELF_ONLY"}, "source_info": {}}
    assert client.call("video/init", body)["error"]["code"] == "rate_limit_exceeded"
    assert last_logged(sandbox)["status"] == 429


def test_a_refused_put_gets_its_answer_although_it_sent_a_large_body(sandbox: Sandbox) -> None:
    client = sandbox.client()
    made = client.one_chunk_init(30_000_000)
    wrong = made["upload_url"].replace("upload_id=", "upload_id=1")
    assert client.put(wrong, bytes(30_000_000), 0, 30_000_000).status_code == 404


def test_the_world_survives_kill_9(sandbox: Sandbox) -> None:
    client, data = sandbox.client(), movie()
    made = client.one_chunk_init(len(data))
    client.put(made["upload_url"], data, 0, len(data))
    names = ("accounts", "publishes", "log", "dial")
    before = {name: sandbox.control(name) for name in names}
    sandbox.kill()
    sandbox.start()
    assert {name: sandbox.control(name) for name in names} == before
    assert len(sandbox.control("posts")["posts"]) == 1


def test_it_notes_where_it_listens_and_stops_cleanly_on_sigterm(sandbox: Sandbox) -> None:
    assert sandbox.process is not None
    noted = json.loads((sandbox.home / "sandbox.json").read_text())
    assert noted == {"pid": sandbox.process.pid, "url": sandbox.url}
    assert sandbox.stop() == 0


def test_a_sigterm_at_the_instant_of_its_first_word_ends_it_cleanly(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from connector.sandbox.serve import run; "
        "end = lambda url: os.kill(os.getpid(), signal.SIGTERM); "
        "run(Path(sys.argv[1]), '127.0.0.1', 0, announce=end, idle_exit_s=None)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], timeout=PATIENCE, check=False)
    assert done.returncode == 0


def test_it_ends_by_itself_when_nobody_calls(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "home")
    sandbox.start("0.5")
    assert sandbox.wait() == 0
    sandbox.http.close()


def test_two_sandboxes_never_share_a_folder(sandbox: Sandbox) -> None:
    second = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(sandbox.home)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert second.returncode == 1
    assert "Another sandbox already serves" in second.stderr
