"""The life of a server: start, health, drain, restart, its keys, its sandbox, and what it never tells."""

import json
import os
import re
import signal
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from connector.demo.processes import server_program
from connector.settings import bare_environment
from tests.running import CLOCK, BuildHouse, House, call, eventually, pause, postrail

pytest_plugins = ("tests.databases", "tests.running")


@pytest.fixture
def busy_port() -> Iterator[int]:
    """Give a port on which somebody else listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        yield int(other.getsockname()[1])


def test_the_first_key_goes_to_a_file_for_its_owner_alone(house: House) -> None:
    path = house.home / "first-key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert str(path) in house.log()
    assert house.key not in house.log()


def test_health_and_readiness_answer_without_a_key(house: House) -> None:
    for path in ("/healthz", "/readyz"):
        answer = house.call("GET", path, key="")
        assert (answer.status, answer.body["ok"]) == (200, True)


def test_a_drain_answers_who_waits_and_a_restart_goes_on(build_house: BuildHouse) -> None:
    house = build_house()
    house.witness.set_dial(mode="polls", processing=10_000)
    post_id = house.run("post_video", house.video("drained")).body["post_id"]
    with ThreadPoolExecutor(1) as pool:
        rows = {"post_id": post_id, "wait_seconds": "50"}
        waiting = pool.submit(house.run, "wait_until_published", rows)
        eventually(lambda: house.witness.log("status/fetch"), what="a post in processing")
        assert house.stop() == 0
        answer = waiting.result(10)
    assert (answer.status, answer.body["state"], answer.body["ok"]) == (202, "pending", True)
    house.witness.set_dial(mode="immediate")
    house.start()
    assert house.wait(post_id)["status"] == "published_public"
    assert len(house.witness.posts()) == house.witness.inits() == 1


def test_a_drain_in_the_middle_of_an_upload_loses_nothing(build_house: BuildHouse) -> None:
    house = build_house()
    house.witness.set_faults(hold_upload_after_bytes=65_536)
    rows = house.video("drained upload", source_url=f"{house.media_url}/big.mp4")
    post_id = house.run("post_video", rows).body["post_id"]
    eventually(lambda: house.witness.bytes_in_flight() >= 65_536, what="half a video at the sandbox")
    assert house.stop() == 0
    house.witness.set_faults()
    house.start()
    assert house.wait(post_id)["status"] == "published_public"
    assert len(house.witness.posts()) == 1


def test_a_second_server_on_the_same_folder_is_refused_by_name(house: House) -> None:
    told = postrail(
        "serve", "--home", str(house.home), "--port", "0", environment=house.environment, folder=house.folder
    )
    assert told.returncode != 0
    assert str(house.home) in told.stderr
    assert "Traceback" not in told.stderr
    assert house.call("GET", "/healthz").status == 200


def test_a_port_in_use_is_told_in_one_sentence(house: House, tmp_path: Path, busy_port: int) -> None:
    told = postrail(
        "serve", "--home", str(tmp_path / "home"), "--port", str(busy_port),
        environment=house.environment, folder=tmp_path,
    )  # fmt: skip
    assert told.returncode != 0
    assert str(busy_port) in told.stderr
    assert "Traceback" not in told.stderr + told.stdout


NOWHERE = "postgresql://me:hunter2@127.0.0.1:9/none"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("PORT", {"PORT": "many"}),
        ("LEASE_S", {"LEASE_S": "-1"}),
        ("TRUSTED_ORIGINS", {"TRUSTED_ORIGINS": "not an origin"}),
        ("TIKTOK_BASE_URL", {"TIKTOK_BASE_URL": "http://127.0.0.1:9"}),
        ("TIKTOK_BASE_URL", {"TIKTOK_BASE_URL": "the sandbox"}),
        ("PUBLIC_URL", {"PUBLIC_URL": "posts.example.com"}),
        ("HOME", {"HOME": "/proc/none"}),
        ("SECRET_KEY", {"SECRET_KEY": "short"}),
        ("SECRET_KEY", {"DATABASE_URL": NOWHERE, "SECRET_KEY": ""}),
        ("DATABASE_URL", {"DATABASE_URL": NOWHERE}),
        ("DATABASE_URL", {"DATABASE_URL": "sqlite:////proc/none/ledger.db"}),
        ("DATABASE_URL", {"DATABASE_URL": "no url at all"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value.values()),
)
def test_a_setting_that_cannot_be_used_is_named(
    house: House, tmp_path: Path, name: str, settings: dict[str, str]
) -> None:
    given = {f"POSTRAIL_{key}": value for key, value in {"HOME": str(tmp_path / "home"), **settings}.items()}
    told = postrail(
        "serve", "--port", "0", environment={**house.environment, **given}, folder=tmp_path, timeout_s=30
    )
    assert told.returncode == 2
    assert f"POSTRAIL_{name}" in told.stderr
    assert "Traceback" not in told.stderr
    assert "hunter2" not in told.stderr


def test_a_data_folder_is_made_for_its_owner_alone(house: House, tmp_path: Path) -> None:
    home = tmp_path / "new"
    assert house.command("keys", "issue", "--home", str(home)).returncode == 0
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_new_data_folder_may_use_a_sandbox_that_another_one_used(house: House, tmp_path: Path) -> None:
    other = server_program(tmp_path / "other", house.environment, CLOCK, pause)
    try:
        assert call("GET", f"{other.start()}/readyz").status == 200
    finally:
        other.stop()


def test_the_sandbox_outlives_a_killed_server_and_serves_the_next_one(tmp_path: Path) -> None:
    home = tmp_path / "home"
    server = server_program(home, bare_environment(), CLOCK, pause)
    try:
        server.start()
        noted = json.loads((home / "sandbox" / "sandbox.json").read_text())
        server.kill()
        assert call("GET", f"{noted['url']}/_sandbox/health").body == {"ok": True}
        server.start()
        assert json.loads((home / "sandbox" / "sandbox.json").read_text()) == noted
        assert len(call("GET", f"{noted['url']}/_sandbox/accounts").body["accounts"]) == 1
    finally:
        server.stop()
        with suppress(ProcessLookupError):
            os.kill(noted["pid"], signal.SIGTERM)


def test_keys_are_issued_listed_and_revoked_beside_the_running_server(house: House) -> None:
    secret = house.command("keys", "issue", "--home", str(house.home), "--name", "n8n").stdout.strip()
    assert re.fullmatch(r"\S+", secret)
    assert house.run("post_video/check", house.video("new key"), key=secret).status == 200
    listed = house.command("keys", "list", "--home", str(house.home)).stdout
    line = next(line for line in listed.splitlines() if line.endswith("n8n"))
    assert "active" in line
    assert secret not in listed
    assert house.command("keys", "revoke", "--home", str(house.home), line.split()[0]).returncode == 0
    refused = house.run("post_video/check", house.video("new key"), key=secret)
    assert (refused.status, refused.body["error"]) == (401, "invalid_api_key")


def test_a_key_works_as_x_api_key_and_in_no_url(house: House) -> None:
    path, rows = "/v1/operations/post_video/check", house.video("x-api-key")
    assert house.call("POST", path, key="", headers={"x-api-key": house.key}, json=rows).status == 200
    assert house.call("POST", f"{path}?api_key={house.key}", key="", json=rows).status == 401


def test_no_secret_stands_in_the_log_or_in_an_answer(build_house: BuildHouse) -> None:
    house = build_house(LOG_FORMAT="json")
    house.witness.set_faults(server_error_chunks=1)
    told = house.run("post_video", house.video("secrets", wait_seconds="30"))
    assert told.body["status"] == "published_public"
    house.run("post_video", {"source_url": f"http://user:hunter2@{house.key}/"})
    answers = told.content + json.dumps(house.status(told.body["post_id"])).encode()
    accounts = call("GET", f"{house.witness.url}/_sandbox/accounts").body["accounts"]
    for text in (house.log(), answers.decode()):
        assert house.key not in text
        assert accounts[0]["access_token"] not in text
        assert "hunter2" not in text
        assert not re.search(r"upload_token=[^\[]", text)


def test_forwarded_headers_of_a_stranger_are_not_believed(house: House) -> None:
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "1.2.3.4"}
    plain, tried = house.call("GET", "/v1/operations"), house.call("GET", "/v1/operations", headers=forged)
    assert (tried.status, tried.content) == (200, plain.content)
    assert "evil.example" not in tried.content.decode() + str(tried.headers)
